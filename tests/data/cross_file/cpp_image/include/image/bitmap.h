#pragma once

#include <cstdint>
#include <vector>

namespace image {

struct Pixel {
  uint8_t r = 0, g = 0, b = 0, a = 255;
};

class Bitmap {
 public:
  Bitmap(int width, int height) : width_(width), height_(height), pixels_(width * height) {}

  int width() const { return width_; }
  int height() const { return height_; }
  Pixel& at(int x, int y) { return pixels_[y * width_ + x]; }
  const Pixel& at(int x, int y) const { return pixels_[y * width_ + x]; }
  /// Bilinear; coordinates outside are moved to the rim.
  Pixel sample(float x, float y) const;

 private:
  int width_;
  int height_;
  std::vector<Pixel> pixels_;
};

}  // namespace image
