// A grid of cells in row-major order.

#include <cstddef>
#include <vector>

class Grid {
 public:
  Grid(size_t width, size_t height) : width_(width), height_(height), cells_(width * height) {}

  size_t width() const { $0
  size_t height() const { return height_; }

  int& at(size_t x, size_t y) { return cells_[y * width_ + x]; }

  void fill(int value) {
    for (int& cell : cells_) cell = value;
  }

 private:
  size_t width_;
  size_t height_;
  std::vector<int> cells_;
};
