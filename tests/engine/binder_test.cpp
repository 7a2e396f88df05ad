#include "engine/models/binder.h"

#include <array>
#include <deque>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/checkpoint/builder.h"
#include "engine/models/mla.h"
#include "engine/quant/dequantize.h"
#include "engine/quant/half.h"
#include "engine/reference/host_weight.h"
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

TEST_F(BinderTest, TakesGroupsOfRowsAsMatrices) {
  add("w", {4, 1}, {1, 2, 3, 4});
  ASSERT_NE(binder().top().row_groups({"", "w"}, 2, 2, 1), nullptr);
  EXPECT_EQ(backend_.uploads[0].count, 2);
  EXPECT_EQ(backend_.uploads[0].rows, 2);
  EXPECT_THAT(backend_.numbers(0), ElementsAre(1, 2, 3, 4));
}

TEST_F(BinderTest, ReadsTablesOfIndicesAndRefusesThoseBeyondTheirLimit) {
  const std::array<int64_t, 4> wide = {0, 3, 2, 1};
  const std::array<int32_t, 4> narrow = {0, 3, -1, 1};
  const auto add_table = [&](const char* name, const char* type, const auto& numbers) {
    add(name, DType::f32, {2, 2}, std::as_bytes(std::span(numbers)));
    tensors_.back().dtype.reset();
    tensors_.back().type_name = type;
  };
  add_table("wide", "I64", wide);
  add_table("narrow", "I32", narrow);
  add("floats", {2, 2}, {0, 1, 2, 3});
  EXPECT_THAT(binder().top().indices({"", "wide"}, 2, 2, 4), ElementsAre(0, 3, 2, 1));

  Binder low = binder();
  EXPECT_TRUE(low.top().indices({"", "wide"}, 2, 2, 3).empty());
  expect_error(low, ErrorCode::corrupt, "model.gguf: tensor wide has 3; expected 0 to 2");
  Binder negative = binder();
  EXPECT_TRUE(negative.top().indices({"", "narrow"}, 2, 2, 4).empty());
  expect_error(negative, ErrorCode::corrupt, "model.gguf: tensor narrow has -1; expected 0 to 3");
  Binder shape = binder();
  EXPECT_TRUE(shape.top().indices({"", "wide"}, 4, 1, 4).empty());
  expect_error(shape, ErrorCode::corrupt,
               "model.gguf: tensor wide has shape [2, 2]; expected [4, 1]");
  Binder type = binder();
  EXPECT_TRUE(type.top().indices({"", "floats"}, 2, 2, 4).empty());
  expect_error(type, ErrorCode::unsupported,
               "model.gguf: tensor floats has type f32; fathom takes I32 and I64 there");
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

TEST_F(BinderTest, PartsATensorOfGatesAndUps) {
  add("blk.0.ffn_gate_up_exps.weight", {2, 4, 1}, {1, 2, 3, 4, 5, 6, 7, 8});
  Binder b = binder();
  const auto [gate, up] = b.layer(0).expert_pairs({"", "ffn_gate_up_exps.weight"}, 2, 2, 1);
  ASSERT_TRUE(gate && up) << b.status().error().message;
  EXPECT_EQ(gate->count(), 2);
  EXPECT_THAT(backend_.numbers(0), ElementsAre(1, 2, 5, 6));
  EXPECT_THAT(backend_.numbers(1), ElementsAre(3, 4, 7, 8));
  EXPECT_TRUE(backend_.uploads[0].is_experts && backend_.uploads[1].is_experts);
}

TEST_F(BinderTest, TakesPartsOfMatricesAndVectors) {
  add("w", {3, 4}, {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12});
  add("bias", {4}, {1, 2, 3, 4});
  Binder b = binder();
  const Weight* rows = b.top().matrix({"", "w"}, 3, 4, {.rows = {1, 3}});
  const Weight* cols = b.top().matrix({"", "w"}, 3, 4, {.cols = {1, 3}});
  ASSERT_TRUE(rows && cols && b.top().vector({"", "bias"}, 4, {2, 4}));
  EXPECT_EQ(rows->rows(), 2);
  EXPECT_EQ(cols->cols(), 2);
  EXPECT_THAT(backend_.numbers(0), ElementsAre(5, 6, 7, 8, 9, 10, 11, 12));
  EXPECT_THAT(backend_.numbers(1), ElementsAre(2, 3, 6, 7, 10, 11));
  EXPECT_THAT(backend_.numbers(2), ElementsAre(3, 4));
  EXPECT_EQ(b.n_parameters(), 2 * 12 + 4) << "whole tensors";
}

TEST_F(BinderTest, CutsColumnsBetweenBlocks) {
  std::vector<std::byte> bytes(2 * 3 * 34);  // two rows of three blocks of q8_0
  for (size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<std::byte>(i / 34);
  add("w", DType::q8_0, {2, 96}, bytes);
  Binder b = binder();
  EXPECT_EQ(b.top().column_unit({"", "w"}), 32);
  ASSERT_NE(b.top().matrix({"", "w"}, 2, 96, {.cols = {32, 96}}), nullptr);
  const WeightData& data = backend_.uploads[0];
  EXPECT_EQ(data.cols, 64);
  ASSERT_EQ(data.bytes.size(), 4u * 34);
  for (const auto& [block, expected] : {std::pair{0, 1}, {1, 2}, {2, 4}, {3, 5}})
    EXPECT_EQ(int(data.bytes[block * 34]), expected);
}

TEST_F(BinderTest, TakesSomeExpertsOfEachLayout) {
  for (const char* name : {"experts.0.w", "experts.1.w", "experts.2.w"})
    add(name, {1, 1}, {float(name[8] - '0')});
  add("stacked", {3, 1, 1}, {0, 1, 2});
  add("pairs", {3, 2, 1}, {0, 10, 1, 11, 2, 12});
  Binder folder = binder(Checkpoint::Format::hugging_face), gguf = binder();
  ASSERT_NE(folder.top().experts({"experts.*.w", ""}, 3, 1, 1, {1, 3}), nullptr);
  ASSERT_NE(gguf.top().experts({"", "stacked"}, 3, 1, 1, {1, 3}), nullptr);
  ASSERT_NE(gguf.top().expert_pairs({"", "pairs"}, 3, 1, 1, {1, 3}).second, nullptr);
  for (const size_t upload : {0, 1, 2})
    EXPECT_THAT(backend_.numbers(upload), ElementsAre(1, 2)) << upload;
  EXPECT_THAT(backend_.numbers(3), ElementsAre(11, 12));
  EXPECT_EQ(folder.n_parameters(), 3);
  EXPECT_EQ(gguf.n_parameters(), 3 + 6);
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
  const Binder::TokenBytes bytes =
      b.token_bytes({.lookup_only = table, .n_experts = 4, .n_active = 1});
  EXPECT_EQ(bytes.all, sizeof(float) * (16 + 8));
  EXPECT_EQ(bytes.experts, sizeof(float) * 8);
}

TEST_F(BinderTest, SaysWhichStacksAreExperts) {
  add("heads", {2, 1, 2}, {1, 2, 3, 4});
  add("experts", {2, 1, 2}, {1, 2, 3, 4});
  Binder b = binder();
  b.top().heads({"", "heads"}, 2, 1, 2);
  b.top().experts({"", "experts"}, 2, 1, 2);
  b.top().heads({"", "heads"}, 2, 1, 2);
  ASSERT_EQ(backend_.uploads.size(), 3u);
  EXPECT_FALSE(backend_.uploads[0].is_experts);
  EXPECT_TRUE(backend_.uploads[1].is_experts);
  EXPECT_FALSE(backend_.uploads[2].is_experts);
}

/// Tensors that read from a Hugging Face folder with a scale for each block.
class ScaledBinderTest : public BinderTest {
 protected:
  void add_bytes(std::string name, std::string type, std::vector<int64_t> shape,
                 const std::vector<uint8_t>& bytes) {
    add(std::move(name), DType::f32, std::move(shape), std::as_bytes(std::span(bytes)));
    tensors_.back().type_name = std::move(type);
    tensors_.back().dtype.reset();
  }
  void add_fp8(std::string name, std::vector<int64_t> shape, const std::vector<uint8_t>& bytes) {
    add(std::move(name), DType::f8_e4m3, std::move(shape), std::as_bytes(std::span(bytes)));
  }
  Binder open(int64_t block_rows, int64_t block_cols) {
    CheckpointParts parts;
    parts.format = Checkpoint::Format::hugging_face;
    parts.source = "model";
    parts.tensors = tensors_;
    parts.metadata.set("quantization_config.weight_block_size",
                       std::vector<int64_t>{block_rows, block_cols});
    return {*CheckpointBuilder::build(std::move(parts)), backend_};
  }
  static std::vector<float> row(const Weight& weight, int matrix, int row) {
    std::vector<float> numbers(weight.cols());
    host_weight(weight).read_row(matrix, row, numbers);
    return numbers;
  }

  static constexpr uint8_t kOne = 0x38, kTwo = 0x40;  // in FP8
};

TEST_F(ScaledBinderTest, MultipliesFp8ByTheScalesBesideIt) {
  add_fp8("q.weight", {3, 5}, std::vector<uint8_t>(15, kTwo));
  add("q.weight_scale_inv", {2, 2}, {1, 2, 3, 4});
  Binder b = open(2, 4);
  const Weight* q = b.top().matrix({"q.weight", ""}, 3, 5);
  ASSERT_NE(q, nullptr) << b.status().error().message;
  EXPECT_EQ(q->dtype(), DType::f8_e4m3);
  EXPECT_THAT(row(*q, 0, 1), ElementsAre(2, 2, 2, 2, 4));
  EXPECT_THAT(row(*q, 0, 2), ElementsAre(6, 6, 6, 6, 8));
}

TEST_F(ScaledBinderTest, ReadsScalesThatArePowersOfTwo) {
  add_fp8("wq.weight", {1, 4}, std::vector<uint8_t>(4, kOne));
  add_bytes("wq.scale", "F8_E8M0", {1, 1}, {125});
  Binder b = open(128, 128);
  const Weight* wq = b.top().matrix({"wq.weight", ""}, 1, 4);
  ASSERT_NE(wq, nullptr) << b.status().error().message;
  EXPECT_THAT(row(*wq, 0, 0), ElementsAre(0.25f, 0.25f, 0.25f, 0.25f));
}

TEST_F(ScaledBinderTest, StacksExpertsWithTheirScales) {
  for (const int expert : {0, 1}) {
    const std::string name = fmt::format("experts.{}.up.weight", expert);
    add_fp8(name, {1, 8}, std::vector<uint8_t>(8, kOne));
    add(name + "_scale_inv", {1, 2}, {float(2 * expert + 1), float(2 * expert + 2)});
  }
  Binder b = open(128, 4);
  const Weight* up = b.top().experts({"experts.*.up.weight", ""}, 2, 1, 8);
  ASSERT_NE(up, nullptr) << b.status().error().message;
  EXPECT_THAT(row(*up, 0, 0), ElementsAre(1, 1, 1, 1, 2, 2, 2, 2));
  EXPECT_THAT(row(*up, 1, 0), ElementsAre(3, 3, 3, 3, 4, 4, 4, 4));
}

TEST_F(ScaledBinderTest, CutsBlocksThatRunAcrossGroupsOfRows) {
  add_fp8("wo.weight", {6, 4}, std::vector<uint8_t>(24, kOne));
  add("wo.weight_scale_inv", {2, 1}, {1, 2});
  Binder b = open(4, 4);
  const Weight* wo = b.top().row_groups({"wo.weight", ""}, 3, 2, 4);
  ASSERT_NE(wo, nullptr) << b.status().error().message;
  EXPECT_EQ(row(*wo, 1, 1)[0], 1);
  EXPECT_EQ(row(*wo, 2, 0)[0], 2);
}

TEST_F(ScaledBinderTest, CutsScalesWithTheirMatrix) {
  add_fp8("w.weight", {6, 16}, std::vector<uint8_t>(96, kOne));
  add("w.weight_scale_inv", {2, 2}, {1, 2, 3, 4});
  Binder b = open(4, 8);
  // Along blocks, and through them.
  const Weight* along = b.top().matrix({"w.weight", ""}, 6, 16, {.rows = {4, 6}, .cols = {8, 16}});
  const Weight* through =
      b.top().matrix({"w.weight", ""}, 6, 16, {.rows = {2, 6}, .cols = {4, 16}});
  ASSERT_TRUE(along && through) << b.status().error().message;
  EXPECT_EQ(row(*along, 0, 0), std::vector<float>(8, 4));
  EXPECT_THAT(row(*through, 0, 1), ElementsAre(1, 1, 1, 1, 2, 2, 2, 2, 2, 2, 2, 2));
  EXPECT_THAT(row(*through, 0, 2), ElementsAre(3, 3, 3, 3, 4, 4, 4, 4, 4, 4, 4, 4));
}

TEST_F(ScaledBinderTest, TurnsFp4IntoBlocksOfMxfp4WithTheSameNumbers) {
  // Two numbers a byte, the first in the low bits: 0, 0.5, 1, ... 6, 0, -0.5, ..., again.
  std::vector<uint8_t> bytes;
  for (int i = 0; i < 16; ++i) bytes.push_back(uint8_t(2 * i % 16 | (2 * i + 1) % 16 << 4));
  add_bytes("w1.weight", "I8", {1, 16}, bytes);
  add_bytes("w1.scale", "F8_E8M0", {1, 1}, {128});
  Binder b = open(128, 128);
  const Weight* w1 = b.top().matrix({"w1.weight", ""}, 1, 32);
  ASSERT_NE(w1, nullptr) << b.status().error().message;
  EXPECT_EQ(w1->dtype(), DType::mxfp4);
  const std::vector<float> once = {0, 1, 2, 3, 4, 6, 8, 12, 0, -1, -2, -3, -4, -6, -8, -12};
  std::vector<float> twice = once;
  twice.insert(twice.end(), once.begin(), once.end());
  EXPECT_EQ(row(*w1, 0, 0), twice);
}

TEST_F(ScaledBinderTest, NamesScalesThatAreMissingOrOfAnotherShape) {
  add_fp8("a.weight", {1, 4}, std::vector<uint8_t>(4, kOne));
  Binder without = open(128, 128);
  EXPECT_EQ(without.top().matrix({"a.weight", ""}, 1, 4), nullptr);
  expect_error(without, ErrorCode::corrupt,
               "model: tensor a.weight has type f8_e4m3 and no scales beside it "
               "(a.weight_scale_inv)");
  add("a.weight_scale_inv", {2, 1}, {1, 1});
  Binder wrong = open(128, 128);
  EXPECT_EQ(wrong.top().matrix({"a.weight", ""}, 1, 4), nullptr);
  expect_error(wrong, ErrorCode::corrupt,
               "model: tensor a.weight_scale_inv has shape [2, 1]; expected [1, 1]");
  Binder zero = open(0, 128);
  EXPECT_EQ(zero.top().matrix({"a.weight", ""}, 1, 4), nullptr);
  EXPECT_THAT(zero.status().error().message, HasSubstr("weight_block_size"));
}

TEST_F(ScaledBinderTest, SplitsAnFp8MatrixOfKeysAndValuesWhereBlocksRunAcrossHeads) {
  constexpr int kHeads = 3, kNope = 4, kV = 4, kLatent = 8;  // blocks of 16 rows: two heads
  const MlaConfig config = {.dim = 4,
                            .n_heads = kHeads,
                            .kv_lora = kLatent,
                            .nope_dim = kNope,
                            .rope_dim = 2,
                            .v_dim = kV};
  const std::string p = "model.layers.0.self_attn.";
  add(p + "q_proj.weight", {18, 4}, std::vector<float>(72));
  add(p + "kv_a_proj_with_mqa.weight", {10, 4}, std::vector<float>(40));
  add(p + "kv_a_layernorm.weight", {8}, std::vector<float>(8));
  add(p + "o_proj.weight", {4, 12}, std::vector<float>(48));
  std::vector<uint8_t> bytes;
  for (int i = 0; i < 24 * kLatent; ++i) bytes.push_back(uint8_t(i % 120));
  add_fp8(p + "kv_b_proj.weight", {24, kLatent}, bytes);
  add(p + "kv_b_proj.weight_scale_inv", {2, 2}, {1, 2, 3, 5});
  Binder b = open(16, 4);
  const MlaWeights w = bind_mla(b.layer(0), config);
  ASSERT_TRUE(b.status()) << b.status().error().message;
  const auto number = [&](int r, int c) {
    constexpr float kScales[2][2] = {{1, 2}, {3, 5}};
    return f8_e4m3_to_f32(bytes[r * kLatent + c]) * kScales[r / 16][c / 4];
  };
  for (int head = 0; head < kHeads; ++head)
    for (int i = 0; i < 4; ++i)
      for (int c = 0; c < kLatent; ++c) {
        EXPECT_EQ(row(*w.k_b, head, c)[i], number(8 * head + i, c));
        EXPECT_EQ(row(*w.v_b, head, i)[c], number(8 * head + kNope + i, c));
      }
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
