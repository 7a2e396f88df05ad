#pragma once

#include "image/bitmap.h"

namespace image {

Bitmap resize(const Bitmap& source, int width, int height);

}  // namespace image
