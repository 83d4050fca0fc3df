#include "Native.h"

_Thread_local int espalier_native_is_allowed = 1;

void espalier_allow_native(int allowed) { espalier_native_is_allowed = allowed; }
