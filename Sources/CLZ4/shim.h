// LZ4: compression of gradient messages. Only Collective imports it.
#pragma once
#include <lz4.h>
