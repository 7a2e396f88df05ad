#pragma once

#include <string>

#include "image/bitmap.h"

namespace image {

Bitmap read_ppm(const std::string& path);
void write_ppm(const Bitmap& bitmap, const std::string& path);

}  // namespace image
