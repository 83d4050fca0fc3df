// OpenBLAS: dense algebra. Only TensorCore imports it.
#pragma once
#include <cblas.h>
