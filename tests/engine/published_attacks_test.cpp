// Vulnerabilities that were published in other readers of model files, each as the file that
// triggers it: fathom must say what is wrong with it. Where the name is from a pull request, it is
// one of llama.cpp.

#include <filesystem>
#include <fstream>
#include <functional>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "engine/checkpoint/checkpoint.h"
#include "engine/checkpoint/safetensors.h"
#include "engine/model.h"
#include "engine/tokenizer/tokenizer.h"
#include "tests/engine/gguf_bytes.h"

namespace fathom::engine {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

constexpr uint32_t kF32 = 0;

struct Attack {
  const char* name;
  GgufBytes file;
  const char* error;
};
void PrintTo(const Attack& attack, std::ostream* out) { *out << attack.name; }

GgufBytes header(uint64_t n_tensors, uint64_t n_values) {
  return GgufBytes(n_tensors, n_values + 1).architecture();
}
GgufBytes with_tensor(const std::vector<uint64_t>& dims, uint64_t offset) {
  return header(1, 0).tensor("t", dims, kF32, offset).data(64);
}
GgufBytes with_tokens(uint64_t n_values, const char* model) {
  return header(0, n_values + 2)
      .value("tokenizer.ggml.model", model)
      .value("tokenizer.ggml.pre", "deepseek-v3");
}
GgufBytes with_count(const char* key, uint32_t value) {
  return header(0, 1).key(key, kGgufU32).number<uint32_t>(value).data(0);
}

std::vector<Attack> attacks() {
  return {
      // Lengths and counts that wrap an allocation.
      {"CVE_2024_21802_dimensions_beyond_the_array",
       header(1, 0).string("t").number<uint32_t>(0xffffffff).data(64), "has 4294967295 dimensions"},
      {"CVE_2024_21825_array_length_times_element_size_wraps",
       header(0, 1).array("a", kGgufU32, uint64_t{1} << 62).data(64), "beyond the end of the file"},
      {"CVE_2024_21836_number_of_tensors_wraps", GgufBytes(UINT64_MAX / 32, 0).data(64),
       "claims 576460752303423487 tensors"},
      {"CVE_2024_23496_string_length_plus_one_wraps",
       GgufBytes(0, 1).number<uint64_t>(UINT64_MAX).data(64), "beyond the end of the file"},
      {"CVE_2024_23605_number_of_values_wraps", GgufBytes(0, UINT64_MAX / 16).data(64),
       "metadata values; the limit is"},
      {"CVE_2025_53630_sum_of_tensor_sizes_wraps",
       header(2, 0)
           .tensor("a", {uint64_t{1} << 60}, kF32, 0)
           .tensor("b", {uint64_t{1} << 60}, kF32, uint64_t{1} << 62)
           .data(64),
       "'a': ends at byte"},
      {"CVE_2026_33298_bytes_of_a_tensor_wrap",
       with_tensor({uint64_t{1} << 40, uint64_t{1} << 40}, 0), "product of its dimensions"},
      {"PR_24759_PR_26318_padding_of_an_offset_wraps", with_tensor({8}, UINT64_MAX - 31),
       "its offset 18446744073709551584 overflows"},
      {"PR_24997_alignment_without_limit",
       header(0, 1).key("general.alignment", kGgufU32).number<uint32_t>(1u << 31).data(64),
       "'general.alignment': must be a power of two"},
      {"PR_24997_alignment_of_zero",
       header(0, 1).key("general.alignment", kGgufU32).number<uint32_t>(0).data(64),
       "'general.alignment': must be a power of two"},
      {"PR_19856_keys_that_are_there_twice", header(0, 2).value("k", "1").value("k", "2").data(64),
       "metadata 'k': is there twice"},
      {"PR_19856_arrays_that_take_a_thousand_times_their_claim",
       header(0, 1).array("a", kGgufString, 1 << 21).data(32 << 20), "of memory"},
      // Sizes that are trusted instead of the file's length: memory that is not the file's is read.
      {"CVE_2026_7482_tensor_beyond_the_end_of_the_file", with_tensor({1 << 20}, 0),
       "the file is truncated"},
      {"tensors_that_overlap",
       header(2, 0).tensor("a", {16}, kF32, 0).tensor("b", {16}, kF32, 32).data(128),
       "overlaps tensor"},
      // Vocabularies.
      {"CVE_2025_49847_token_longer_than_the_file",
       with_tokens(1, "gpt2")
           .array("tokenizer.ggml.tokens", kGgufString, 1)
           .number<uint64_t>(1 << 30)
           .data(64),
       "beyond the end of the file"},
      {"PR_25969_byte_token_with_a_negative_number",
       with_tokens(1, "plamo2")
           .array("tokenizer.ggml.tokens", kGgufString, 1)
           .string("<0x-1>")
           .data(0),
       "'tokenizer.ggml.model' is 'plamo2'"},
      {"token_types_of_another_number",
       with_tokens(2, "gpt2")
           .array("tokenizer.ggml.tokens", kGgufString, 2)
           .string("a")
           .string("b")
           .array("tokenizer.ggml.token_type", kGgufI32, 1)
           .number<int32_t>(1)
           .data(0),
       "has 1 entries for 2 tokens"},
      {"special_token_outside_the_vocabulary",
       with_tokens(2, "gpt2")
           .array("tokenizer.ggml.tokens", kGgufString, 1)
           .string("a")
           .key("tokenizer.ggml.bos_token_id", kGgufU32)
           .number<uint32_t>(7)
           .data(0),
       "'tokenizer.ggml.bos_token_id' is 7, but there are 1 tokens"},
      // Hyperparameters.
      {"PR_25821_more_layers_than_any_array_has", with_count("llama.block_count", 1u << 30),
       "llama.block_count has an impossible value"},
  };
}

/// The first thing that goes wrong on the way to a model.
std::string error_of(const GgufBytes& file) {
  const auto checkpoint = Checkpoint::open_memory(file.bytes(), "x.gguf");
  if (!checkpoint) return checkpoint.error().message;
  if ((*checkpoint)->metadata().has("tokenizer.ggml.model")) {
    const auto tokenizer = Tokenizer::load(**checkpoint);
    return tokenizer ? "(a tokenizer)" : tokenizer.error().message;
  }
  const auto known = check_architecture(**checkpoint);
  return known ? "(a model)" : known.error().message;
}

class PublishedAttack : public ::testing::TestWithParam<Attack> {};

TEST_P(PublishedAttack, IsAnErrorThatSaysWhatIsWrong) {
  EXPECT_THAT(error_of(GetParam().file), HasSubstr("x.gguf: "));
  EXPECT_THAT(error_of(GetParam().file), HasSubstr(GetParam().error));
}

INSTANTIATE_TEST_SUITE_P(Gguf, PublishedAttack, ::testing::ValuesIn(attacks()),
                         [](const auto& param) { return std::string(param.param.name); });

std::string safetensors_error(const std::string& header, size_t n_data = 0) {
  const uint64_t length = header.size();
  std::string file(reinterpret_cast<const char*>(&length), sizeof(length));
  file += header + std::string(n_data, '\0');
  const auto tensors = read_safetensors(std::as_bytes(std::span(file)), "x.safetensors");
  return tensors ? "(tensors)" : tensors.error().message;
}

TEST(PublishedAttackOnSafetensors, AHeaderOfManyEntriesIsRefusedBeforeItTakesMemory) {
  std::string header = "{";
  for (int i = 0; i < 100000; ++i)
    header += fmt::format("{}\"t{}\":{{\"dtype\":\"U8\",\"shape\":[0],\"data_offsets\":[0,0]}}",
                          i ? "," : "", i);
  EXPECT_THAT(safetensors_error(header + "}"), HasSubstr("more than 400000 values"));
  EXPECT_THAT(safetensors_error(std::string(17 << 20, ' ')), HasSubstr("limit"));
}

TEST(PublishedAttackOnSafetensors, APolyglotWithBytesBehindTheLastTensorIsRefused) {
  const char* header = R"({"t":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}})";
  EXPECT_EQ(safetensors_error(header, 1), "(tensors)");
  EXPECT_THAT(safetensors_error(header, 100), HasSubstr("99 bytes belong to no tensor"));
}

// CVE-2024-37032: a name from the outside becomes a path.
TEST(PublishedAttackOnFolders, ShardsCannotBeOutsideTheFolder) {
  const fs::path folder = fs::temp_directory_path() / fmt::format("fathom-attack-{}", getpid());
  fs::create_directories(folder);
  std::ofstream(folder / "config.json") << R"({"architectures": ["X"]})";
  for (const char* shard : {"../../../etc/passwd", "/etc/passwd", "..", ""}) {
    std::ofstream(folder / "model.safetensors.index.json")
        << fmt::format(R"({{"weight_map": {{"t": "{}"}}}})", shard);
    const auto checkpoint = Checkpoint::open(folder);
    ASSERT_FALSE(checkpoint);
    EXPECT_THAT(checkpoint.error().message, HasSubstr("is not the name of a file in the folder"));
  }
  fs::remove_all(folder);
}

}  // namespace
}  // namespace fathom::engine
