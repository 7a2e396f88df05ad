#include "image/resize.h"

namespace image {

Bitmap resize(const Bitmap& source, int width, int height) {
  Bitmap result(width, height);
  const float step_x = static_cast<float>(source.width()) / width;
  const float step_y = static_cast<float>(source.height()) / height;
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      result.at(x, y) = source.$0
    }
  }
  return result;
}

}  // namespace image
