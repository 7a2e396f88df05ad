// Operations of the GPU backend on rows by themselves, and the KV cache, against the reference.

#include <cmath>

#include <gtest/gtest.h>

#include "tests/cuda/on_device.h"

namespace fathom::engine::test {
namespace {

/// f32 arithmetic with exp and square roots of a few units in the last place, sums in a tree.
constexpr Tolerance kElementwise = {.relative = 3e-6, .absolute = 2e-7};

struct Shape {
  int n, cols;
};
constexpr Shape kShapes[] = {{1, 1}, {1, 7}, {3, 33}, {2, 256}, {5, 257}, {40, 64}, {1, 2048}};

class Rows : public OnDevice {
 protected:
  static std::unique_ptr<Weight> vector(Backend& backend, DType dtype, int cols, uint32_t seed) {
    return upload(backend, random_weight(dtype, 1, 1, cols, seed));
  }
  /// `compute(backend, y, x)`, also in place: the same bits.
  void check(const Shape& s, Tolerance tolerance,
             const std::function<void(Backend&, Tensor, Tensor)>& compute) {
    const auto numbers = random_numbers(size_t(s.n) * s.cols, 2);
    const Results y = on_both([&](Backend& backend) {
      const DeviceTensor in(backend, s.n, s.cols, numbers), out(backend, s.n, s.cols);
      compute(backend, out, in);
      EXPECT_TRUE(out.gaps_are_untouched());
      compute(backend, in, in);
      expect_same_bits(in.numbers(), out.numbers(), s.cols, "in place");
      return out.numbers();
    });
    expect_close(y.device, y.reference, s.cols, tolerance, fmt::format("[{}, {}]", s.n, s.cols));
  }
};

TEST_F(Rows, NormsMatchTheReferenceAlsoInPlace) {
  for (const Shape& s : kShapes) {
    for (const DType dtype : {DType::f32, DType::f16, DType::bf16}) {
      check(s, kElementwise, [&](Backend& backend, Tensor y, Tensor x) {
        const auto weight = vector(backend, dtype, s.cols, 1);
        backend.rms_norm(y, x, *weight, 1e-6f);
        EXPECT_TRUE(backend.sync());
      });
    }
    if (s.cols == 1) continue;  // its variance is 0
    check(s, {.relative = 1e-5, .absolute = 2e-6}, [&](Backend& backend, Tensor y, Tensor x) {
      const auto weight = vector(backend, DType::f32, s.cols, 1);
      const auto bias = vector(backend, DType::f32, s.cols, 2);
      backend.layer_norm(y, x, *weight, *bias, 1e-6f);
      EXPECT_TRUE(backend.sync());
    });
  }
}

TEST_F(Rows, UnitNormsTreatEachHeadByItself) {
  for (const Shape& s : {Shape{1, 16}, {3, 4 * 33}, {2, 4 * 200}})
    check(s, kElementwise, [&](Backend& backend, Tensor y, Tensor x) {
      backend.unit_rms_norm(y.heads(4), x.heads(4), 1e-6f);
    });
}

TEST_F(Rows, SumsAndGatesMatchTheReferenceAlsoInPlace) {
  for (const Shape& s : kShapes) {
    auto other = random_numbers(size_t(s.n) * s.cols, 5);
    other.front() = -200.0f;  // exp(200) is beyond f32
    check(s, {}, [&](Backend& backend, Tensor y, Tensor x) {
      const DeviceTensor b(backend, s.n, s.cols, other);
      const auto bias = vector(backend, DType::f32, s.cols, 3);
      backend.add(y, x, b);
      backend.add_bias(y, *bias);
      EXPECT_TRUE(backend.sync());
    });
    for (const float limit : {kNoLimit, 0.75f})
      check(s, kElementwise, [&](Backend& backend, Tensor y, Tensor x) {
        const DeviceTensor b(backend, s.n, s.cols, other);
        backend.silu_mul(y, b, x, limit);
        EXPECT_TRUE(backend.sync());
      });
  }
}

TEST_F(Rows, RopeMatchesTheReferenceInBothLayouts) {
  for (const RopeLayout layout : {RopeLayout::interleaved, RopeLayout::half_split}) {
    for (const int dim : {2, 64, 192}) {
      Rope rope{.layout = layout, .inverse_frequencies = {}, .magnitude = 1.25f};
      for (int i = 0; i < dim / 2; ++i)
        rope.inverse_frequencies.push_back(std::pow(1e-4f, 2.0f * i / dim));
      const std::vector<int32_t> positions = {5, 0, 3, 100000, 163839};
      const auto numbers = random_numbers(size_t(5) * 3 * (dim + 5), 1);
      const Results x = on_both([&](Backend& backend) {
        const DeviceTensor in(backend, 5, 3 * (dim + 5), numbers);
        backend.rope(in.view().heads(3, 5, dim), positions, rope);
        return in.numbers();
      });
      expect_close(x.device, x.reference, 3 * (dim + 5), {.relative = 0.0, .absolute = 6e-7},
                   "rope");
    }
  }
}

TEST_F(Rows, AreGatheredWhereTheyBelong) {
  const auto numbers = random_numbers(4 * 300, 1);
  const Results out = on_both([&](Backend& backend) {
    const DeviceTensor x(backend, 4, 300, numbers), gathered(backend, 3, 300);
    backend.gather_rows(gathered, x, std::vector<int32_t>{3, 0, 3});
    return gathered.numbers();
  });
  expect_same_bits(out.device, out.reference, 300, "gather_rows");
}

TEST_F(Rows, AreKeptInTheCacheWithTheBitsOfTheReference) {
  auto numbers = random_numbers(3 * 96, 1);
  std::fill_n(numbers.begin() + 96, 32, 0.0f);
  numbers[100] = 1e-40f;
  for (const DType dtype : {DType::f32, DType::bf16, DType::q8_0}) {
    const Results bytes = on_both([&](Backend& backend) {
      const DeviceTensor x(backend, 3, 96, numbers);
      const int row_bytes = static_cast<int>(*engine::row_bytes(dtype, 192));
      const auto memory = backend.allocate(10 * row_bytes).value();
      backend.write_cache({memory->data(), dtype, 10, 192}, std::vector<SlotId>{7, 2, 9}, x, 64);
      // Bytes as numbers: whole floats, so that what is compared is bits.
      std::vector<float> all(10 * row_bytes / sizeof(float));
      const int n = static_cast<int>(all.size());
      EXPECT_TRUE(backend.download(all, {static_cast<float*>(memory->data()), 1, n, n}));
      return all;
    });
    expect_same_bits(bytes.device, bytes.reference, 192, std::string(info(dtype).name));
  }
}

// Choosing experts.

struct Routing {
  std::vector<int32_t> experts;
  std::vector<float> weights;
};

class Route : public OnDevice {
 protected:
  static Routing route(Backend& backend, int n, std::span<const float> logits,
                       std::span<const float> bias, const RouterConfig& config,
                       std::span<const int32_t> given = {}) {
    const DeviceTensor scores(backend, n, config.n_experts, logits);
    const auto bias_weight = bias.empty() ? nullptr
                                          : upload(backend, {.name = "bias",
                                                             .dtype = DType::f32,
                                                             .cols = config.n_experts,
                                                             .bytes = std::as_bytes(bias)});
    const int n_items = n * config.n_active;
    const auto memory = backend.allocate(size_t(n_items) * 8).value();
    auto* ids = static_cast<int32_t*>(memory->data());
    const Routes routes = {ids, reinterpret_cast<float*>(ids + n_items), config.n_active};
    if (given.empty())
      backend.route(routes, scores, bias_weight.get(), config);
    else
      backend.route_to(routes, scores, given, config);
    Routing routing{download_ints(backend, ids, n, config.n_active), std::vector<float>(n_items)};
    EXPECT_TRUE(
        backend.download(routing.weights, {routes.weights, n, config.n_active, config.n_active}));
    return routing;
  }
  void check(int n, std::span<const float> logits, std::span<const float> bias,
             const RouterConfig& config, std::span<const int32_t> given = {}) {
    const Routing actual = route(device(), n, logits, bias, config, given);
    const Routing expected = route(reference(), n, logits, bias, config, given);
    EXPECT_EQ(actual.experts, expected.experts);
    expect_close(actual.weights, expected.weights, config.n_active,
                 {.relative = 2e-6, .absolute = 1e-7}, "weights");
  }
};

TEST_F(Route, ChoosesAndWeighsAsTheReference) {
  for (const RouterScore score :
       {RouterScore::softmax, RouterScore::sigmoid, RouterScore::sqrt_softplus}) {
    for (const GroupScore group_score : {GroupScore::max, GroupScore::top2_sum}) {
      for (const auto& [n_experts, n_active, n_groups, n_active_groups] :
           {std::array{4, 1, 1, 1}, {64, 6, 1, 1}, {160, 6, 8, 3}, {256, 8, 8, 4}}) {
        const RouterConfig config = {.score = score,
                                     .n_experts = n_experts,
                                     .n_active = n_active,
                                     .n_groups = n_groups,
                                     .n_active_groups = n_active_groups,
                                     .group_score = group_score,
                                     .normalise = n_experts > 100,
                                     .scale = 2.5f};
        const auto logits = random_numbers(size_t(5) * n_experts, 1);
        check(5, logits, {}, config);
        check(5, logits, random_numbers(n_experts, 2), config);
      }
    }
  }
}

TEST_F(Route, PrefersTheLowerOfEqualsAndTakesWhatIsNoNumberLast) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const std::vector<float> logits = {1, 2, 2, 1, 2, 2, 0, 0};
  check(1, logits, {}, {.n_experts = 8, .n_active = 7});
  const std::vector<float> broken = {nan, 2, nan, 1, 2, 2, 0, 0};
  const Routing actual = route(device(), 1, broken, {},
                               {.score = RouterScore::sigmoid, .n_experts = 8, .n_active = 8});
  EXPECT_EQ(actual.experts, (std::vector<int32_t>{1, 4, 5, 3, 6, 7, 0, 2}));
}

TEST_F(Route, WeighsGivenExperts) {
  const std::vector<int32_t> given = {3, 1, 0, 2};
  check(2, random_numbers(2 * 4, 1), {},
        {.score = RouterScore::sqrt_softplus, .n_experts = 4, .n_active = 2, .normalise = true},
        given);
}

}  // namespace
}  // namespace fathom::engine::test
