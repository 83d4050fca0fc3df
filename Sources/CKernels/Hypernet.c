#include "Hypernet.h"
