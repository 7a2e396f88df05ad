// out = sum over the streams i of m[i] * stream i.
//
// f32; no aliasing. Bound by memory. Sums in f32, streams in order. Source: mHC, arXiv:2512.24880.

#include "cuda/elementwise.h"
#include "cuda/ops.h"

namespace fathom::cuda {
namespace {

struct WeightedStreams {
  Tensor streams, m;
  int n_streams, dim;
  __device__ float operator()(int64_t row, int column) const {
    const float* weights = m.data + row * m.stride;
    const float* stream = streams.data + row * streams.stride + column;
    float sum = 0.0f;
    for (int i = 0; i < n_streams; ++i) sum = fmaf(weights[i], stream[i * dim], sum);
    return sum;
  }
};

}  // namespace

void launch_read_streams(Queue& queue, Tensor out, Tensor streams, Tensor m) {
  launch_elementwise(queue, out, WeightedStreams{streams, m, streams.cols / out.cols, out.cols});
}

}  // namespace fathom::cuda
