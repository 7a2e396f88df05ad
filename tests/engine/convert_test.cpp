// Converted models against what they were converted from.

#include "engine/convert/convert.h"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <functional>
#include <numeric>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "engine/convert/quant_mix.h"
#include "engine/convert/shapes.h"
#include "engine/convert/synth.h"
#include "engine/convert/tensor_source.h"
#include "engine/model.h"
#include "engine/reference/reference_backend.h"
#include "engine/tokenizer/tokenizer.h"
#include "tests/support/golden.h"
#include "tests/support/model_runner.h"

namespace fathom::engine {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr int kMaxBatch = 64;

/// A folder that is gone after the test.
class ConvertTest : public ::testing::Test {
 protected:
  ConvertTest() : folder_(fs::temp_directory_path() / fmt::format("fathom-convert-{}", getpid())) {
    fs::create_directories(folder_);
  }
  ~ConvertTest() override { fs::remove_all(folder_); }

  /// A checkpoint of the golden data with a tokenizer: the project keeps one copy of it.
  fs::path complete(const fs::path& golden) {
    const fs::path copy = folder_ / golden.filename();
    fs::create_directories(copy);
    for (const auto& file : fs::directory_iterator(golden))
      fs::copy(file, copy, fs::copy_options::skip_existing);
    for (const char* file : {"tokenizer.json", "tokenizer_config.json"})
      fs::copy(fs::path("tests/data/tokenizer-tiny") / file, copy, fs::copy_options::skip_existing);
    return copy;
  }

  Result<ConvertReport> convert_file(const fs::path& in, const std::string& mix,
                                     int n_threads = 2) {
    auto checkpoint = Checkpoint::open(in);
    if (!checkpoint) return tl::unexpected(checkpoint.error());
    return convert(**checkpoint, out(), {.mix = mix, .n_threads = n_threads, .progress = {}});
  }
  fs::path out() const { return folder_ / "out.gguf"; }

  static std::vector<float> logits(const fs::path& model, bool draft = false) {
    auto loaded = load(model, std::make_unique<ReferenceBackend>(1), kMaxBatch);
    EXPECT_TRUE(loaded) << loaded.error().message;
    if (!loaded) return {};
    // Beyond index_topk, the sliding windows and the original context of the golden models.
    std::vector<TokenId> tokens(48);
    for (size_t i = 0; i < tokens.size(); ++i)
      tokens[i] = static_cast<TokenId>((i * 37 + 11) % 500);
    std::vector<int32_t> wanted(tokens.size());
    std::iota(wanted.begin(), wanted.end(), 0);
    ModelRunner runner(*loaded, kMaxBatch);
    std::vector<float> result = runner.step(tokens, wanted);
    if (!draft) return result;
    EXPECT_TRUE(loaded->model->can_draft());
    std::vector<TokenId> next(tokens.begin() + 1, tokens.end());
    next.push_back(7);
    return runner.draft(next);
  }

  const fs::path folder_;
};

class ConvertModel : public ConvertTest, public ::testing::WithParamInterface<const char*> {
 protected:
  void SetUp() override {
    for (const fs::path& root : {fs::path("tests/data/golden"), shared_folder() / "golden"})
      if (model_.empty() && fs::exists(root / GetParam())) model_ = complete(root / GetParam());
    if (model_.empty())
      GTEST_SKIP() << GetParam() << " is not here; set FATHOM_SHARED to where it is";
  }
  fs::path model_;
};

// The same numbers in another arrangement; sums may be taken in another order.
TEST_P(ConvertModel, LogitsStayThoseOfTheFolder) {
  const auto report = convert_file(model_, "f32");
  ASSERT_TRUE(report) << report.error().message;
  EXPECT_THAT(report->fallbacks, ElementsAre());
  EXPECT_EQ(report->size_bytes, fs::file_size(out()));
  EXPECT_LT(distance(logits(model_), logits(out())).largest, 2e-4);
}

// f16 has the 8 bits of a bf16 mantissa and more; what is below 2^-14 loses some.
TEST_P(ConvertModel, HalfPrecisionStaysClose) {
  const auto report = convert_file(model_, "f16");
  ASSERT_TRUE(report) << report.error().message;
  EXPECT_LT(distance(logits(model_), logits(out())).mean, 5e-3);
}

TEST_P(ConvertModel, KeepsTheTokenizer) {
  const auto report = convert_file(model_, "q8_0");
  ASSERT_TRUE(report) << report.error().message;
  const auto before = Checkpoint::open(model_), after = Checkpoint::open(out());
  ASSERT_TRUE(before && after);
  const auto a = Tokenizer::load(**before), b = Tokenizer::load(**after);
  ASSERT_TRUE(a && b);
  for (int role = 0; role <= static_cast<int>(SpecialRole::think_end); ++role)
    EXPECT_EQ((*a)->special(SpecialRole(role)), (*b)->special(SpecialRole(role))) << role;
  EXPECT_EQ((*a)->adds_bos(), (*b)->adds_bos());
  EXPECT_EQ((*a)->chat_template(), (*b)->chat_template());
  const std::string text = "int main() { return 12345; }\n\tdef f(x): # \xc3\xa9\xe6\xbc\xa2\xff";
  EXPECT_EQ((*a)->encode(text), (*b)->encode(text));
}

INSTANTIATE_TEST_SUITE_P(All, ConvertModel,
                         ::testing::Values("deepseek-v3", "llama-deepseek-coder", "llama3-rope",
                                           "qwen2-tied", "llama-gqa", "llama-gqa-linear",
                                           "qwen2-untied", "deepseek-moe", "deepseek-v2-lite",
                                           "deepseek-v2", "deepseek-v3-fp8", "deepseek-v32"),
                         [](const auto& param) {
                           std::string name = param.param;
                           std::ranges::replace(name, '-', '_');
                           return name;
                         });

TEST_F(ConvertTest, KeepsTheDraftLayer) {
  const fs::path model = complete("tests/data/golden/deepseek-v3");
  ASSERT_TRUE(convert_file(model, "f32"));
  EXPECT_LT(distance(logits(model, /*draft=*/true), logits(out(), true)).largest, 2e-4);
}

TEST_F(ConvertTest, CopiesTensorsThatHaveTheirTypeAlready) {
  const fs::path in = "tests/data/golden/gguf/deepseek-v3-Q8_0.gguf";
  ASSERT_TRUE(convert_file(in, "q8_0"));
  const auto before = Checkpoint::open(in), after = Checkpoint::open(out());
  ASSERT_TRUE(before && after);
  ASSERT_EQ((*before)->tensors().size(), (*after)->tensors().size());
  for (const TensorInfo& tensor : (*before)->tensors())
    EXPECT_TRUE(std::ranges::equal(tensor.bytes, (*after)->find(tensor.name)->bytes))
        << tensor.name;
  for (const auto& [key, value] : (*before)->metadata().all()) {
    if (key == "general.file_type") continue;
    EXPECT_EQ((*after)->metadata().all().at(key), value) << key;
  }
}

TEST_F(ConvertTest, TheBytesDoNotDependOnTheNumberOfThreads) {
  const fs::path in = "tests/data/golden/gguf/qwen2-tied-F16.gguf";
  const auto bytes = [&] {
    std::ifstream file(out(), std::ios::binary);
    return std::string(std::istreambuf_iterator<char>(file), {});
  };
  ASSERT_TRUE(convert_file(in, "q8_0", 1));
  const std::string one = bytes();
  ASSERT_TRUE(convert_file(in, "q8_0", 3));
  EXPECT_EQ(one, bytes());
}

TEST_F(ConvertTest, SaysWhatCannotBeConverted) {
  const auto message = [&](const fs::path& in, const std::string& mix) {
    const auto report = convert_file(in, mix);
    return report ? std::string("(converted)") : report.error().message;
  };
  const fs::path model = complete("tests/data/golden/qwen2-tied");
  EXPECT_THAT(message(model, "q9"), HasSubstr("no quantisation 'q9'; there are f32, f16"));

  std::ofstream(model / "config.json") << R"({"architectures": ["Mamba"]})";
  EXPECT_THAT(message(model, "f16"), HasSubstr("architecture \"Mamba\" cannot be converted"));
  EXPECT_FALSE(fs::exists(out()));
}

class SynthTest : public ConvertTest {
 protected:
  Result<ConvertReport> synthesise_file(const char* shape, uint64_t seed = 0) {
    const auto tokenizer = Checkpoint::open("models/nano/fathom-nano.gguf");
    EXPECT_TRUE(tokenizer);
    return synthesise(**tokenizer, out(),
                      {.shape = shape, .seed = seed, .convert = {.mix = "q4_k_m", .progress = {}}});
  }
};

TEST_F(SynthTest, MakesAModelThatRunsWithFiniteVariedNumbers) {
  const auto report = synthesise_file("nano");
  ASSERT_TRUE(report) << report.error().message;
  EXPECT_EQ(report->size_bytes, fs::file_size(out()));
  std::vector<float> numbers = logits(out());
  ASSERT_FALSE(numbers.empty());
  EXPECT_TRUE(std::ranges::all_of(numbers, [](float x) { return std::isfinite(x); }));
  EXPECT_GT(*std::ranges::max_element(numbers) - *std::ranges::min_element(numbers), 0.5f);
}

TEST_F(SynthTest, TheSameSeedGivesTheSameBytes) {
  const auto bytes = [&](uint64_t seed) {
    EXPECT_TRUE(synthesise_file("nano", seed));
    std::ifstream file(out(), std::ios::binary);
    return std::string(std::istreambuf_iterator<char>(file), {});
  };
  const std::string first = bytes(1);
  EXPECT_TRUE(first == bytes(1));
  EXPECT_FALSE(first == bytes(2));
}

// Parameters as the models' makers state them: 1.3, 6.7, 16.4, 15.7 and 671 billion.
TEST(Shapes, AreThoseOfTheModelsAndFathomRunsThem) {
  const std::pair<const char*, double> shapes[] = {{"1.3b", 1.35e9},
                                                   {"6.7b", 6.74e9},
                                                   {"moe-16b", 16.38e9},
                                                   {"v2-lite", 15.71e9},
                                                   {"v3", 671.03e9}};
  for (const auto& [name, expected] : shapes) {
    const auto shape = make_shape(name);
    ASSERT_TRUE(shape) << shape.error().message;
    double n = 0;
    for (const TensorInfo& tensor : (*shape)->tensors())
      n += static_cast<double>(std::accumulate(tensor.shape.begin(), tensor.shape.end(), int64_t{1},
                                               std::multiplies<>()));
    EXPECT_NEAR(n, expected, 0.01 * expected) << name;
    const auto known = check_architecture(**shape);
    EXPECT_TRUE(known) << known.error().message;
  }
  EXPECT_THAT(make_shape("70b").error().message, HasSubstr("there are nano, 1.3b"));
}

/// A source of `rows` x `cols` that counts upwards.
TensorSource counting(int64_t rows, int64_t cols) {
  return {.rows = rows, .cols = cols, .read = [cols](int64_t first, std::span<float> out) {
            std::iota(out.begin(), out.end(), static_cast<float>(first * cols));
          }};
}

std::vector<float> all_of(const TensorSource& source) {
  std::vector<float> out(static_cast<size_t>(source.rows * source.cols));
  source.read(0, out);
  return out;
}

TEST(TensorSource, InterleavesTheRotatedPairsOfEachHead) {
  const auto source = interleave_heads(counting(8, 1), /*n_heads=*/2);
  ASSERT_TRUE(source);
  EXPECT_THAT(all_of(*source), ElementsAre(0, 2, 1, 3, 4, 6, 5, 7));
  const auto bias = interleave_heads(counting(1, 8), /*n_heads=*/2);
  ASSERT_TRUE(bias);
  EXPECT_THAT(all_of(*bias), ElementsAre(0, 2, 1, 3, 4, 6, 5, 7));
  EXPECT_FALSE(interleave_heads(counting(6, 1), 2));
}

TEST(TensorSource, PicksAndTransposesTheRowsOfHeads) {
  // Two heads of three rows: the first one row, the second two.
  EXPECT_THAT(all_of(pick_rows(counting(6, 2), {2, 3, 1, 2})),
              ElementsAre(2, 3, 4, 5, 8, 9, 10, 11));
  const TensorSource keys = pick_transposed(counting(6, 2), {2, 3, 1, 2});
  EXPECT_EQ(keys.unit, 2);
  EXPECT_THAT(all_of(keys), ElementsAre(2, 4, 3, 5, 8, 10, 9, 11));
}

TEST(TensorSource, StacksMatrices) {
  const TensorSource both = stack({counting(2, 2), counting(2, 2)});
  EXPECT_THAT(all_of(both), ElementsAre(0, 1, 2, 3, 0, 1, 2, 3));
  std::vector<float> middle(4);
  both.read(1, middle);
  EXPECT_THAT(middle, ElementsAre(2, 3, 0, 1));
}

// Real widths, so that rows are whole blocks.
TEST(QuantMix, KeepsWhatIsSmallAndSensitiveInHigherPrecision) {
  const ModelShape model = {.n_layers = 16};
  const auto type = [&](const char* mix, const char* name, std::vector<int64_t> shape) {
    return choose_dtype(*find_quant_mix(mix), model, name, shape);
  };
  EXPECT_EQ(type("q4_k_m", "blk.0.attn_norm.weight", {2048}), DType::f32);
  EXPECT_EQ(type("q4_k_m", "blk.0.ffn_gate_inp.weight", {64, 2048}), DType::f32);
  EXPECT_EQ(type("q4_k_m", "blk.5.attn_q.weight", {2048, 2048}), DType::q4_k);
  EXPECT_EQ(type("q4_k_m", "token_embd.weight", {102400, 2048}), DType::q6_k);
  EXPECT_EQ(type("q8_0", "output.weight", {102400, 2048}), DType::q8_0);
  EXPECT_EQ(type("f16", "output.weight", {102400, 2048}), DType::f16);
  EXPECT_EQ(type("q4_k_m", "blk.5.attn_v_b.weight", {16, 128, 512}), DType::q8_0);

  EXPECT_EQ(type("q4_k_m", "blk.0.attn_v.weight", {2048, 2048}), DType::q6_k) << "first eighth";
  EXPECT_EQ(type("q4_k_m", "blk.3.attn_v.weight", {2048, 2048}), DType::q4_k);
  EXPECT_EQ(type("q4_k_m", "blk.4.ffn_down.weight", {2048, 2048}), DType::q6_k) << "every third";
  EXPECT_EQ(type("q4_k", "blk.0.attn_v.weight", {2048, 2048}), DType::q4_k);
  EXPECT_EQ(type("q2_k", "blk.3.ffn_down_exps.weight", {64, 2048, 2048}), DType::q3_k);
}

TEST(QuantMix, FallsBackWhereRowsAreNotWholeBlocks) {
  const QuantMix& mix = *find_quant_mix("q4_k");
  EXPECT_EQ(choose_dtype(mix, {}, "blk.0.ffn_down.weight", {2048, 1408}), DType::q8_0);
  EXPECT_EQ(choose_dtype(mix, {}, "blk.0.ffn_down.weight", {64, 24}), DType::f16);
  EXPECT_EQ(wanted_dtype(mix, {}, "blk.0.ffn_down.weight", {64, 24}), DType::q4_k);
}

// Every mix writes a file that loads; how well each type keeps numbers is tested with quantize().
TEST_F(ConvertTest, EveryMixMakesAModelThatRuns) {
  const fs::path in = "tests/data/golden/gguf/llama-Q4_0.gguf";
  const std::vector<float> exact = logits(in);
  for (const char* mix : {"q4_0", "q4_1", "q5_0", "q5_1", "q2_k", "q3_k", "q3_k_m", "q4_k",
                          "q4_k_m", "q5_k", "q5_k_m", "q6_k", "iq4_nl", "iq4_xs", "mxfp4"}) {
    const auto report = convert_file(in, mix);
    ASSERT_TRUE(report) << mix << ": " << report.error().message;
    // The logits have a deviation of 3; of two bits little is left, which is what they are for.
    EXPECT_LT(distance(logits(out()), exact).mean, std::string(mix).starts_with("q2") ? 2.5 : 1.0)
        << mix;
  }
}

}  // namespace
}  // namespace fathom::engine
