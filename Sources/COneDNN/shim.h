// oneDNN: convolution and pooling. Only TensorCore imports it.
#pragma once
#include <oneapi/dnnl/dnnl.h>
#include <oneapi/dnnl/dnnl_debug.h>
#include <oneapi/dnnl/dnnl_version.h>

// From the OpenMP runtime that oneDNN is linked with: bounds the threads of the calling thread's own regions.
void omp_set_num_threads(int threads);
