// What a step of so many rows costs on this machine with this model.
//
// Learned from the steps themselves, as a line: a step reads the weights once, whatever its rows,
// and each row adds its arithmetic and the experts that only it needs. Steps of long ago count less
// and less, because other programs move the line.
//
// Engine thread only.

#pragma once

namespace fathom::engine {

class StepCosts final {
 public:
  static constexpr int kMaxRows = 16;

  /// `row_share`: what a row beside the first is known to cost at least, of a step of one row.
  explicit StepCosts(double row_share = 0) : row_share_(row_share) {}

  /// A step of `n_rows` rows took so long. More than kMaxRows only tell what a row costs at least.
  void note(int n_rows, double seconds);

  /// Expected seconds of a step of 1 to kMaxRows rows; 0 as long as no step of so few was seen.
  double seconds(int n_rows) const;

 private:
  double slope() const;

  double row_share_;
  // Sums over the steps, newer ones weighted more, of 1, x, x^2, y, xy: x rows beside the first, y
  // seconds.
  double n_ = 0, x_ = 0, xx_ = 0, y_ = 0, xy_ = 0;
  double row_seconds_ = 0;  // of a row among many, lately; 0: not known
};

}  // namespace fathom::engine
