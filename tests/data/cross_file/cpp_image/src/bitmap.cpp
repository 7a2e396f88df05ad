#include "image/bitmap.h"

#include <algorithm>

namespace image {

Pixel Bitmap::sample(float x, float y) const {
  const int column = std::clamp(static_cast<int>(x), 0, width_ - 1);
  const int row = std::clamp(static_cast<int>(y), 0, height_ - 1);
  return at(column, row);
}

}  // namespace image
