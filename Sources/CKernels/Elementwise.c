#include "Elementwise.h"
