// Plain C loops that the compiler vectorises for several instruction levels. No state, no allocation.
// Every function is elementwise or sums in a fixed order, and is built without contraction of multiply-adds,
// so its bits do not depend on the instruction level.
#pragma once

#include "Amx.h"
#include "BitShuffle.h"
#include "Channels.h"
#include "Checksum.h"
#include "ConvolutionShape.h"
#include "Depthwise.h"
#include "Elementwise.h"
#include "FixedPoint.h"
#include "GatheredWeights.h"
#include "Hypernet.h"
#include "Norm.h"
#include "Optimizer.h"
#include "Packing.h"
#include "Pointwise.h"
#include "PointwiseWeights.h"
#include "Roofline.h"
