// Hyper-connections: how a block reads from and writes to the residual streams. The formulas are
// those of engine/backend.h, in f64.
//
// Source: mHC, arXiv:2512.24880; DeepSeek-V4's inference/model.py.

#include <algorithm>
#include <cmath>

#include "engine/base/assert.h"
#include "engine/reference/host_weight.h"
#include "engine/reference/reference_backend.h"

namespace fathom::engine {
namespace {

double sigmoid(double x) { return 1.0 / (1.0 + std::exp(-x)); }

/// A square matrix, row by row.
struct Square {
  std::span<double> numbers;
  int n = 0;

  double& at(int row, int col) { return numbers[row * n + col]; }

  void softmax_rows(double eps) {
    for (int row = 0; row < n; ++row) {
      const auto begin = numbers.begin() + row * n;
      const double largest = *std::max_element(begin, begin + n);
      double sum = 0.0;
      for (int col = 0; col < n; ++col) sum += at(row, col) = std::exp(at(row, col) - largest);
      for (int col = 0; col < n; ++col) at(row, col) = at(row, col) / sum + eps;
    }
  }
  void normalise_rows(double eps) {
    for (int row = 0; row < n; ++row) {
      double sum = 0.0;
      for (int col = 0; col < n; ++col) sum += at(row, col);
      for (int col = 0; col < n; ++col) at(row, col) /= sum + eps;
    }
  }
  void normalise_columns(double eps) {
    for (int col = 0; col < n; ++col) {
      double sum = 0.0;
      for (int row = 0; row < n; ++row) sum += at(row, col);
      for (int row = 0; row < n; ++row) at(row, col) /= sum + eps;
    }
  }
};

}  // namespace

void ReferenceBackend::hyper_weights(Tensor m, const HyperConnection& connection) {
  const int n = connection.n_streams;
  const bool only_reads = m.cols == n;
  FATHOM_ASSERT(only_reads || m.cols == 2 * n + n * n);
  FATHOM_ASSERT(connection.base->cols() == m.cols);
  FATHOM_ASSERT(connection.scale->cols() == (only_reads ? 1 : 3) && connection.n_iterations >= 1);
  scale_.resize(connection.scale->cols());
  base_.resize(m.cols);
  host_weight(*connection.scale).read_row(0, 0, scale_);
  host_weight(*connection.base).read_row(0, 0, base_);

  const double eps = connection.eps;
  std::vector<double>& keep = thread_scratch_[0].numbers;
  for (int row = 0; row < m.rows; ++row) {
    float* numbers = m.row(row);
    const auto affine = [&](int i, int part) {
      return double{numbers[i]} * scale_[part] + base_[i];
    };
    for (int i = 0; i < n; ++i) numbers[i] = static_cast<float>(sigmoid(affine(i, 0)) + eps);
    if (only_reads) continue;
    for (int i = n; i < 2 * n; ++i) numbers[i] = static_cast<float>(2.0 * sigmoid(affine(i, 1)));

    keep.resize(n * n);
    for (int i = 0; i < n * n; ++i) keep[i] = affine(2 * n + i, 2);
    Square square = {keep, n};
    square.softmax_rows(eps);
    square.normalise_columns(eps);
    for (int iteration = 1; iteration < connection.n_iterations; ++iteration) {
      square.normalise_rows(eps);
      square.normalise_columns(eps);
    }
    for (int i = 0; i < n * n; ++i) numbers[2 * n + i] = static_cast<float>(keep[i]);
  }
}

void ReferenceBackend::read_streams(Tensor out, Tensor streams, Tensor m) {
  const int n = streams.cols / out.cols;
  FATHOM_ASSERT(streams.cols == n * out.cols && m.cols >= n);
  FATHOM_ASSERT(streams.rows == out.rows && m.rows == out.rows);
  for (int row = 0; row < out.rows; ++row) {
    for (int c = 0; c < out.cols; ++c) {
      double sum = 0.0;
      for (int i = 0; i < n; ++i)
        sum += double{m.row(row)[i]} * streams.row(row)[int64_t{i} * out.cols + c];
      out.row(row)[c] = static_cast<float>(sum);
    }
  }
}

void ReferenceBackend::write_streams(Tensor streams, Tensor x, Tensor m) {
  const int n = streams.cols / x.cols;
  FATHOM_ASSERT(streams.cols == n * x.cols && m.cols == 2 * n + n * n);
  FATHOM_ASSERT(streams.rows == x.rows && m.rows == x.rows);
  std::vector<double>& sums = thread_scratch_[0].sums;
  sums.resize(n);
  for (int row = 0; row < x.rows; ++row) {
    const float* write = m.row(row) + n;
    const float* keep = m.row(row) + 2 * n;
    for (int c = 0; c < x.cols; ++c) {
      float* stream = streams.row(row) + c;
      for (int j = 0; j < n; ++j) {
        sums[j] = double{write[j]} * x.row(row)[c];
        for (int i = 0; i < n; ++i)
          sums[j] += double{keep[i * n + j]} * stream[int64_t{i} * x.cols];
      }
      for (int j = 0; j < n; ++j) stream[int64_t{j} * x.cols] = static_cast<float>(sums[j]);
    }
  }
}

}  // namespace fathom::engine
