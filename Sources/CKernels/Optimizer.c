#include "Optimizer.h"
