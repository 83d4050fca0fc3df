#include "FixedPoint.h"
