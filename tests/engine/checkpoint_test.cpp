// Opening whole checkpoints from disk.

#include "engine/checkpoint/checkpoint.h"

#include <filesystem>
#include <fstream>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

namespace fathom::engine {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

/// An empty folder of its own for each test.
class CheckpointFolder : public ::testing::Test {
 protected:
  CheckpointFolder()
      : folder_(fs::temp_directory_path() /
                ("fathom-checkpoint-test-" + std::to_string(::getpid()))) {
    fs::remove_all(folder_);
    fs::create_directories(folder_);
  }
  ~CheckpointFolder() override { fs::remove_all(folder_); }

  void write(const std::string& name, const std::string& bytes) const {
    std::ofstream(folder_ / name, std::ios::binary) << bytes;
  }
  void write_shard(const std::string& name, const std::string& header, size_t n_data) const {
    const uint64_t length = header.size();
    write(name, std::string(reinterpret_cast<const char*>(&length), 8) + header +
                    std::string(n_data, '\0'));
  }
  /// A folder with two shards of a tensor each.
  void write_two_shards(const std::string& second_name) const {
    write("config.json", R"({"architectures": ["LlamaForCausalLM"]})");
    write_shard("1.safetensors", R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}})", 4);
    write_shard("2.safetensors",
                R"({")" + second_name + R"(":{"dtype":"F16","shape":[2],"data_offsets":[0,4]}})",
                4);
    write("model.safetensors.index.json",
          R"({"weight_map":{"a":"1.safetensors","b":"2.safetensors"}})");
  }

  void check_refused(const fs::path& path, ErrorCode code, const std::string& what) const {
    const auto checkpoint = Checkpoint::open(path);
    ASSERT_FALSE(checkpoint) << "should say: " << what;
    EXPECT_EQ(checkpoint.error().code, code) << checkpoint.error().message;
    EXPECT_THAT(checkpoint.error().message, HasSubstr(what));
    EXPECT_THAT(checkpoint.error().message, HasSubstr(folder_.string()));
  }

  const fs::path folder_;
};

TEST(Checkpoint, ReadsAHuggingFaceFolder) {
  const auto opened = Checkpoint::open("tests/data/golden/llama-deepseek-coder");
  ASSERT_TRUE(opened) << opened.error().message;
  const Checkpoint& checkpoint = **opened;
  EXPECT_EQ(checkpoint.format(), Checkpoint::Format::hugging_face);
  EXPECT_EQ(checkpoint.architecture(), "LlamaForCausalLM");
  EXPECT_EQ(checkpoint.folder(), fs::path("tests/data/golden/llama-deepseek-coder"));
  EXPECT_EQ(checkpoint.metadata().integer("num_hidden_layers"), 3);
  EXPECT_EQ(checkpoint.metadata().number("rope_scaling.factor"), 4.0);
  EXPECT_EQ(*checkpoint.metadata().string("rope_scaling.type"), "linear");
  EXPECT_EQ(checkpoint.metadata().boolean("tie_word_embeddings"), false);
  EXPECT_EQ(checkpoint.metadata().number("rms_norm_eps"), 1e-6);
  const TensorInfo* q = checkpoint.find("model.layers.2.self_attn.q_proj.weight");
  ASSERT_TRUE(q);
  EXPECT_EQ(q->dtype, DType::bf16);
  EXPECT_THAT(q->shape, ElementsAre(64, 64));
}

TEST(Checkpoint, ReadsAGgufFile) {
  const auto opened = Checkpoint::open("tests/data/golden/gguf/qwen2-tied-F16.gguf");
  ASSERT_TRUE(opened) << opened.error().message;
  const Checkpoint& checkpoint = **opened;
  EXPECT_EQ(checkpoint.format(), Checkpoint::Format::gguf);
  EXPECT_EQ(checkpoint.architecture(), "qwen2");
  EXPECT_EQ(checkpoint.folder(), std::nullopt);
  EXPECT_EQ(checkpoint.metadata().integer("qwen2.block_count"), 2);
  EXPECT_EQ(checkpoint.tensors().size(), 26u);
  EXPECT_THAT(checkpoint.find("blk.0.attn_v.weight")->shape, ElementsAre(16, 64));
}

TEST_F(CheckpointFolder, MayHaveAVocabularyAlone) {
  write("config.json", R"({"architectures": ["X"]})");
  EXPECT_EQ(Checkpoint::open(folder_).error().code, ErrorCode::not_found);
  write("tokenizer.json", "{}");
  const auto checkpoint = Checkpoint::open(folder_);
  ASSERT_TRUE(checkpoint) << checkpoint.error().message;
  EXPECT_TRUE((*checkpoint)->tensors().empty());
  write("model.safetensors.index.json", R"({"weight_map": {"a": "b.safetensors"}})");
  EXPECT_FALSE(Checkpoint::open(folder_)) << "weights are meant to be here";
}

TEST_F(CheckpointFolder, FlattensTheConfiguration) {
  write("config.json", R"({"architectures": ["X"], "a": {"b": {"c": 1}}, "none": null,
      "ids": [1, 2], "mixed": [1, 0.5], "names": ["x"], "flags": [true, false],
      "odd": [1, "x"], "objects": [{}], "empty": []})");
  write_shard("model.safetensors", "{}", 0);
  const auto checkpoint = Checkpoint::open(folder_);
  ASSERT_TRUE(checkpoint) << checkpoint.error().message;
  const Metadata& metadata = (*checkpoint)->metadata();
  EXPECT_EQ(metadata.integer("a.b.c"), 1);
  EXPECT_FALSE(metadata.has("none"));
  EXPECT_THAT(metadata.integers("ids"), ElementsAre(1, 2));
  EXPECT_THAT(metadata.numbers("mixed"), ElementsAre(1.0, 0.5));
  EXPECT_THAT(metadata.strings("names"), ElementsAre("x"));
  EXPECT_THAT(metadata.integers("flags"), ElementsAre(1, 0));
  EXPECT_FALSE(metadata.has("odd"));
  EXPECT_FALSE(metadata.has("objects"));
  EXPECT_TRUE(metadata.has("empty"));
}

TEST_F(CheckpointFolder, ReadsShards) {
  write_two_shards("b");
  const auto checkpoint = Checkpoint::open(folder_);
  ASSERT_TRUE(checkpoint) << checkpoint.error().message;
  ASSERT_TRUE((*checkpoint)->find("a"));
  EXPECT_EQ((*checkpoint)->find("b")->dtype, DType::f16);
  EXPECT_EQ((*checkpoint)->size_bytes(), 8u);
}

TEST_F(CheckpointFolder, RefusesShardsThatLackATensorOrHaveItTwice) {
  write_two_shards("c");
  check_refused(folder_, ErrorCode::corrupt, "tensor 'b': is in model.safetensors.index.json");
  write_two_shards("b");
  write_shard("2.safetensors",
              R"({"a":{"dtype":"F16","shape":[2],"data_offsets":[0,4]},)"
              R"("b":{"dtype":"F16","shape":[0],"data_offsets":[4,4]}})",
              4);
  check_refused(folder_, ErrorCode::corrupt, "tensor 'a' is there twice");
}

TEST_F(CheckpointFolder, RefusesAMissingShard) {
  write_two_shards("b");
  fs::remove(folder_ / "2.safetensors");
  check_refused(folder_, ErrorCode::not_found, "2.safetensors");
}

TEST_F(CheckpointFolder, RefusesShardsOutsideTheFolder) {
  for (const char* name : {"../1.safetensors", "/etc/passwd", "..", "", "sub/1.safetensors"}) {
    write_two_shards("b");
    write("model.safetensors.index.json", std::string(R"({"weight_map":{"a":")") + name + R"("}})");
    check_refused(folder_, ErrorCode::corrupt, "'weight_map'");
  }
}

TEST_F(CheckpointFolder, SaysWhatAFolderLacks) {
  check_refused(folder_, ErrorCode::not_found, "without config.json");
  write("config.json", R"({"architectures": ["X"]})");
  check_refused(folder_, ErrorCode::not_found, "model.safetensors.index.json");
  write("config.json", "{");
  check_refused(folder_, ErrorCode::corrupt, "config.json: is not JSON");
  write("config.json", "{}");
  check_refused(folder_, ErrorCode::corrupt, "config.json: 'architectures' is missing");
  write("config.json", R"({"architectures": ["X"], "n": 18446744073709551615})");
  check_refused(folder_, ErrorCode::corrupt, "'n': a number is above 2^63 - 1");
}

TEST_F(CheckpointFolder, SaysWhatAFileIsNot) {
  check_refused(folder_ / "absent.gguf", ErrorCode::not_found, "absent.gguf");
  write("empty.gguf", "");
  check_refused(folder_ / "empty.gguf", ErrorCode::corrupt, "the file is empty");
  write("notes.txt", "Dear model,");
  check_refused(folder_ / "notes.txt", ErrorCode::unsupported, "is not a model");
}

}  // namespace
}  // namespace fathom::engine
