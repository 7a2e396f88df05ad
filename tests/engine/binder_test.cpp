#include "engine/models/binder.h"

#include <array>
#include <deque>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/checkpoint/builder.h"
#include "engine/models/mla.h"
#include "engine/quant/dequantize.h"
#include "engine/quant/half.h"
#include "engine/reference/reference_backend.h"

namespace fathom::engine {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

/// Remembers what it was given.
class UploadRecorder final : public ReferenceBackend {
 public:
  UploadRecorder() : ReferenceBackend(/*n_threads=*/1) {}
  Result<std::unique_ptr<Weight>> upload(WeightData data) override {
    uploads.push_back(data);
    return ReferenceBackend::upload(std::move(data));
  }
  std::vector<float> numbers(size_t upload) const {
    const WeightData& data = uploads.at(upload);
    std::vector<float> out(size_t(data.count) * data.rows * data.cols);
    dequantize(data.dtype, data.bytes, out);
    return out;
  }
  std::vector<WeightData> uploads;
};

class BinderTest : public ::testing::Test {
 protected:
  void add(std::string name, DType dtype, std::vector<int64_t> shape,
           std::span<const std::byte> bytes) {
    auto& kept = storage_.emplace_back(bytes.begin(), bytes.end());
    tensors_.push_back({.name = std::move(name),
                        .type_name = std::string(info(dtype).name),
                        .dtype = dtype,
                        .shape = std::move(shape),
                        .bytes = kept});
  }
  void add(std::string name, std::vector<int64_t> shape, const std::vector<float>& numbers) {
    add(std::move(name), DType::f32, std::move(shape), std::as_bytes(std::span(numbers)));
  }
  Binder binder(Checkpoint::Format format = Checkpoint::Format::gguf) {
    CheckpointParts parts;
    parts.format = format;
    parts.source = "model.gguf";
    parts.tensors = tensors_;
    return {*CheckpointBuilder::build(std::move(parts)), backend_};
  }
  static void expect_error(const Binder& binder, ErrorCode code, const std::string& message) {
    ASSERT_FALSE(binder.status());
    EXPECT_EQ(binder.status().error().code, code);
    EXPECT_EQ(binder.status().error().message, message);
  }

  std::deque<std::vector<std::byte>> storage_;
  std::vector<TensorInfo> tensors_;
  UploadRecorder backend_;
};

TEST_F(BinderTest, FindsTensorsUnderTheNamesOfEachFormat) {
  add("blk.3.attn_q.weight", {1, 2}, {1, 2});
  add("model.layers.3.self_attn.q_proj.weight", {1, 2}, {3, 4});
  constexpr TensorName kName = {"self_attn.q_proj.weight", "attn_q.weight"};
  EXPECT_NE(binder(Checkpoint::Format::gguf).layer(3).matrix(kName, 1, 2), nullptr);
  EXPECT_NE(binder(Checkpoint::Format::hugging_face).layer(3).matrix(kName, 1, 2), nullptr);
  EXPECT_THAT(backend_.numbers(0), ElementsAre(1, 2));
  EXPECT_THAT(backend_.numbers(1), ElementsAre(3, 4));
}

TEST_F(BinderTest, NamesATensorThatIsMissing) {
  Binder b = binder();
  EXPECT_EQ(b.layer(0).matrix({"", "attn_q.weight"}, 1, 2), nullptr);
  expect_error(b, ErrorCode::corrupt, "model.gguf: tensor blk.0.attn_q.weight is missing");
}

TEST_F(BinderTest, SaysWhichShapeItFoundAndWhichItExpected) {
  add("w", {2, 3}, {1, 2, 3, 4, 5, 6});
  Binder b = binder();
  EXPECT_EQ(b.top().matrix({"", "w"}, 3, 2), nullptr);
  expect_error(b, ErrorCode::corrupt, "model.gguf: tensor w has shape [2, 3]; expected [3, 2]");
}

TEST_F(BinderTest, NamesATypeThatItCannotComputeWith) {
  add("w", {1, 1}, {1});
  tensors_.back().dtype.reset();
  tensors_.back().type_name = "IQ2_XS";
  Binder b = binder();
  EXPECT_EQ(b.top().matrix({"", "w"}, 1, 1), nullptr);
  ASSERT_FALSE(b.status());
  EXPECT_EQ(b.status().error().code, ErrorCode::unsupported);
  EXPECT_THAT(b.status().error().message, HasSubstr("tensor w has type IQ2_XS"));
}

TEST_F(BinderTest, KeepsTheFirstErrorAndUploadsNothingMore) {
  add("w", {1, 1}, {1});
  Binder b = binder();
  b.top().matrix({"", "first"}, 1, 1);
  b.top().matrix({"", "second"}, 1, 1);
  EXPECT_EQ(b.top().matrix({"", "w"}, 1, 1), nullptr);
  expect_error(b, ErrorCode::corrupt, "model.gguf: tensor first is missing");
  EXPECT_TRUE(backend_.uploads.empty());
}

TEST_F(BinderTest, BindsVectorsAsF32) {
  const std::array<uint16_t, 3> halves = {f32_to_f16(0.5f), f32_to_f16(-2), f32_to_f16(3)};
  add("norm", DType::f16, {3}, std::as_bytes(std::span(halves)));
  ASSERT_NE(binder().top().vector({"", "norm"}, 3), nullptr);
  EXPECT_EQ(backend_.uploads[0].dtype, DType::f32);
  EXPECT_THAT(backend_.numbers(0), ElementsAre(0.5f, -2, 3));
}

TEST_F(BinderTest, StacksTheExpertsOfAHuggingFaceFolderByIndex) {
  for (const int expert : {10, 2, 0, 1, 9, 3, 4, 5, 6, 7, 8})
    add(fmt::format("model.layers.0.mlp.experts.{}.up_proj.weight", expert), {1, 2},
        {float(expert), -float(expert)});
  const Weight* up = binder(Checkpoint::Format::hugging_face)
                         .layer(0)
                         .experts({"mlp.experts.*.up_proj.weight", "ffn_up_exps.weight"}, 11, 1, 2);
  ASSERT_NE(up, nullptr);
  const std::vector<float> numbers = backend_.numbers(0);
  for (int expert = 0; expert < 11; ++expert) {
    EXPECT_EQ(numbers[2 * expert], expert);
    EXPECT_EQ(numbers[2 * expert + 1], -expert);
  }
}

TEST_F(BinderTest, CountsWhatOneTokenReads) {
  add("table", {8, 4}, std::vector<float>(32));
  add("w", {4, 4}, std::vector<float>(16));
  add("experts", {4, 2, 4}, std::vector<float>(32));
  Binder b = binder();
  const Weight* table = b.top().matrix({"", "table"}, 8, 4);
  b.top().matrix({"", "w"}, 4, 4);
  b.top().experts({"", "experts"}, 4, 2, 4);
  EXPECT_EQ(b.n_parameters(), 80);
  EXPECT_EQ(b.bytes_per_token({.lookup_only = table, .n_experts = 4, .n_active = 1}),
            sizeof(float) * (16 + 8));
}

/// A latent attention of two heads, small enough to write down.
class KvBTest : public BinderTest {
 protected:
  static constexpr int kDim = 4, kHeads = 2, kNope = 3, kRope = 2, kV = 1, kLatent = 32;

  void SetUp() override {
    add("blk.0.attn_q_a.weight", {1, kDim}, std::vector<float>(kDim));
    add("blk.0.attn_q_a_norm.weight", {1}, {1});
    add("blk.0.attn_q_b.weight", {kHeads * (kNope + kRope), 1}, std::vector<float>(10));
    add("blk.0.attn_kv_a_mqa.weight", {kLatent + kRope, kDim},
        std::vector<float>((kLatent + kRope) * kDim));
    add("blk.0.attn_kv_a_norm.weight", {kLatent}, std::vector<float>(kLatent));
    add("blk.0.attn_output.weight", {kDim, kHeads * kV}, std::vector<float>(kDim * kHeads * kV));
  }

  MlaWeights bind() {
    Binder b = binder();
    const MlaWeights w = bind_mla(b.layer(0), {.dim = kDim,
                                               .n_heads = kHeads,
                                               .q_lora = 1,
                                               .kv_lora = kLatent,
                                               .nope_dim = kNope,
                                               .rope_dim = kRope,
                                               .v_dim = kV});
    EXPECT_TRUE(b.status()) << b.status().error().message;
    weights_ = b.take_weights();
    return w;
  }

  std::vector<std::unique_ptr<Weight>> weights_;

  /// Number (row, column) of kv_b; both formats hold it exactly.
  static float number(int row, int column) { return float(row * 8 + column % 8); }

  /// Checks k_b and v_b, the last two uploads, against number().
  void expect_split() const {
    const std::vector<float> k_b = backend_.numbers(backend_.uploads.size() - 2);
    const std::vector<float> v_b = backend_.numbers(backend_.uploads.size() - 1);
    ASSERT_EQ(k_b.size(), size_t(kHeads * kLatent * kNope));
    ASSERT_EQ(v_b.size(), size_t(kHeads * kV * kLatent));
    for (int head = 0; head < kHeads; ++head)
      for (int c = 0; c < kLatent; ++c) {
        const int first_row = head * (kNope + kV);
        for (int d = 0; d < kNope; ++d)
          EXPECT_EQ(k_b[(head * kLatent + c) * kNope + d], number(first_row + d, c));
        EXPECT_EQ(v_b[head * kLatent + c], number(first_row + kNope, c));
      }
  }
};

TEST_F(KvBTest, IsSplitIntoTransposedKeysAndValuesOfEachHead) {
  std::vector<float> numbers;
  for (int row = 0; row < kHeads * (kNope + kV); ++row)
    for (int c = 0; c < kLatent; ++c) numbers.push_back(number(row, c));
  add("blk.0.attn_kv_b.weight", {kHeads * (kNope + kV), kLatent}, numbers);
  bind();
  expect_split();
}

TEST_F(KvBTest, ThatIsQuantisedGivesF16KeysAndValuesAsStored) {
  std::vector<std::byte> blocks;
  for (int row = 0; row < kHeads * (kNope + kV); ++row) {
    const uint16_t scale = f32_to_f16(1.0f);
    std::array<int8_t, kLatent> quants = {};
    for (int c = 0; c < kLatent; ++c) quants[c] = static_cast<int8_t>(number(row, c));
    const auto* scale_bytes = reinterpret_cast<const std::byte*>(&scale);
    const auto* quant_bytes = reinterpret_cast<const std::byte*>(quants.data());
    blocks.insert(blocks.end(), scale_bytes, scale_bytes + sizeof(scale));
    blocks.insert(blocks.end(), quant_bytes, quant_bytes + quants.size());
  }
  add("blk.0.attn_kv_b.weight", DType::q8_0, {kHeads * (kNope + kV), kLatent}, blocks);
  const MlaWeights w = bind();
  EXPECT_EQ(w.k_b->dtype(), DType::f16);
  EXPECT_EQ(w.v_b->dtype(), DType::q8_0);
  expect_split();
}

TEST_F(KvBTest, IsNotNeededWhereItsPartsAreThere) {
  add("blk.0.attn_k_b.weight", {kHeads, kLatent, kNope}, std::vector<float>(192, 1));
  add("blk.0.attn_v_b.weight", {kHeads, kV, kLatent}, std::vector<float>(64, 2));
  const MlaWeights w = bind();
  EXPECT_EQ(w.k_b->rows(), kLatent);
  EXPECT_EQ(w.v_b->rows(), kV);
}

}  // namespace
}  // namespace fathom::engine
