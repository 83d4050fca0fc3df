#include "Dispatch.h"

int espalier_native_is_allowed = 1;
