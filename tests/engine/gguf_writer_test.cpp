#include "engine/checkpoint/gguf_writer.h"

#include <filesystem>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "engine/checkpoint/checkpoint.h"

namespace fathom::engine {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class GgufWriterTest : public ::testing::Test {
 protected:
  GgufWriterTest() : path_(fs::temp_directory_path() / fmt::format("fathom-{}.gguf", getpid())) {
    writer_.set("general.architecture", std::string("llama"));
  }
  ~GgufWriterTest() override { fs::remove(path_); }

  /// Every byte of tensor i is 'a' + i, given in pieces of 7 bytes.
  Status write(int64_t missing = 0) {
    return writer_.write(path_, [&](size_t i, const GgufWriter::Sink& sink) -> Status {
      const auto& tensor = writer_.tensors()[i];
      int64_t n = *row_bytes(tensor.dtype, tensor.shape.back()) - missing;
      for (size_t d = 0; d + 1 < tensor.shape.size(); ++d) n *= tensor.shape[d];
      const std::string bytes(static_cast<size_t>(n), static_cast<char>('a' + i));
      for (size_t at = 0; at < bytes.size(); at += 7)
        FATHOM_CHECK(sink(
            std::as_bytes(std::span(bytes)).subspan(at, std::min<size_t>(7, bytes.size() - at))));
      return {};
    });
  }

  const fs::path path_;
  GgufWriter writer_;
};

TEST_F(GgufWriterTest, WritesWhatTheReaderReads) {
  writer_.set("a.bool", true);
  writer_.set("a.count", int64_t{7});
  writer_.set("a.negative", int64_t{-7});
  writer_.set("a.large", int64_t{1} << 40);
  writer_.set("a.number", 0.5);
  writer_.set("a.text", std::string("t\xc3\xa9xt"));
  writer_.set("a.integers", std::vector<int64_t>{1, -2, 3});
  writer_.set("a.numbers", std::vector<double>{0.25, 4});
  writer_.set("a.texts", std::vector<std::string>{"x", "", "yz"});
  ASSERT_TRUE(writer_.add_tensor({"odd", DType::f16, {3}}));
  ASSERT_TRUE(writer_.add_tensor({"blocks", DType::q8_0, {2, 3, 64}}));
  ASSERT_TRUE(writer_.add_tensor({"matrix", DType::f32, {2, 5}}));
  ASSERT_TRUE(write());

  const auto file = Checkpoint::open(path_);
  ASSERT_TRUE(file) << file.error().message;
  const Metadata& m = (*file)->metadata();
  EXPECT_EQ((*file)->architecture(), "llama");
  EXPECT_EQ(m.boolean("a.bool"), true);
  EXPECT_EQ(m.integer("a.count"), 7);
  EXPECT_EQ(m.integer("a.negative"), -7);
  EXPECT_EQ(m.integer("a.large"), int64_t{1} << 40);
  EXPECT_EQ(m.number("a.number"), 0.5);
  EXPECT_EQ(*m.string("a.text"), "t\xc3\xa9xt");
  EXPECT_THAT(m.integers("a.integers"), ElementsAre(1, -2, 3));
  EXPECT_THAT(m.numbers("a.numbers"), ElementsAre(0.25, 4));
  EXPECT_THAT(m.strings("a.texts"), ElementsAre("x", "", "yz"));

  ASSERT_EQ((*file)->tensors().size(), 3u);
  const TensorInfo* blocks = (*file)->find("blocks");
  ASSERT_NE(blocks, nullptr);
  EXPECT_THAT(blocks->shape, ElementsAre(2, 3, 64));
  EXPECT_EQ(blocks->dtype, DType::q8_0);
  EXPECT_EQ(blocks->bytes.size(), 2u * 3 * 68);
  EXPECT_EQ(blocks->bytes.back(), std::byte{'b'});
  EXPECT_EQ((*file)->find("odd")->bytes.front(), std::byte{'a'});
  EXPECT_EQ((*file)->find("matrix")->bytes.back(), std::byte{'c'});
  EXPECT_EQ(fs::file_size(path_), writer_.size_bytes());
}

TEST_F(GgufWriterTest, RefusesTensorsThatTheFormatCannotHold) {
  const auto message = [&](GgufWriter::Tensor tensor) {
    const Status status = writer_.add_tensor(std::move(tensor));
    return status ? std::string("(accepted)") : status.error().message;
  };
  ASSERT_TRUE(writer_.add_tensor({"x", DType::f32, {1}}));
  EXPECT_THAT(message({"x", DType::f32, {1}}), HasSubstr("'x': is there twice"));
  EXPECT_THAT(message({"y", DType::q8_0, {4, 33}}), HasSubstr("'y': rows of 33 numbers are not"));
  EXPECT_THAT(message({"y", DType::f32, {}}), HasSubstr("shape"));
  EXPECT_THAT(message({"y", DType::f32, {0, 1}}), HasSubstr("shape"));
  EXPECT_THAT(message({"y", DType::f32, {1, 1, 1, 1, 1}}), HasSubstr("shape"));
  EXPECT_THAT(message({std::string(64, 'n'), DType::f32, {1}}), HasSubstr("not a name"));
}

TEST_F(GgufWriterTest, ATensorOfTheWrongSizeLeavesNoFile) {
  ASSERT_TRUE(writer_.add_tensor({"x", DType::f32, {8}}));
  const Status status = write(/*missing=*/1);
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().code, ErrorCode::internal);
  EXPECT_FALSE(fs::exists(path_));
}

}  // namespace
}  // namespace fathom::engine
