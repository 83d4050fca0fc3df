#include "Norm.h"
