#include "image/codec.h"

#include <fstream>

namespace image {

void write_ppm(const Bitmap& bitmap, const std::string& path) {
  std::ofstream file(path, std::ios::binary);
  file << "P6 " << bitmap.width() << ' ' << bitmap.height() << " 255\n";
}

}  // namespace image
