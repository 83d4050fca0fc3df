// libjpeg-turbo: JPEG decoding. Only ImageData imports it.
#pragma once
#include <turbojpeg.h>
