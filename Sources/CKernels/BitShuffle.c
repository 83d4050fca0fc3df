#include "BitShuffle.h"
