// Models that are split into several GGUF files.

#include <filesystem>
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "engine/checkpoint/checkpoint.h"
#include "tests/engine/gguf_bytes.h"

namespace fathom::engine {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

class GgufPartsTest : public ::testing::Test {
 protected:
  GgufPartsTest() : folder_(fs::temp_directory_path() / fmt::format("fathom-parts-{}", getpid())) {
    fs::create_directories(folder_);
    for (int i = 0; i < 3; ++i) write(i, part({.index = i}));
  }
  ~GgufPartsTest() override { fs::remove_all(folder_); }

  struct Part {
    int index = 0;
    int count = 3;
    int n_tensors = 3;        // of all parts
    std::string tensor = {};  // "": "t0", "t1", ...
  };
  /// One tensor a part; only the first says what model it is.
  static GgufBytes part(const Part& p) {
    GgufBytes bytes(1, p.index == 0 ? 4 : 3);
    if (p.index == 0) bytes.architecture();
    bytes.key("split.no", kGgufU16).number<uint16_t>(p.index);
    bytes.key("split.count", kGgufU16).number<uint16_t>(p.count);
    bytes.key("split.tensors.count", kGgufI32).number<int32_t>(p.n_tensors);
    bytes.tensor(p.tensor.empty() ? fmt::format("t{}", p.index) : p.tensor, {8}, 0, 0).data(32);
    return bytes;
  }
  fs::path file(int index) const {
    return folder_ / fmt::format("m-{:05}-of-00003.gguf", index + 1);
  }
  void write(int index, const GgufBytes& bytes) const {
    std::ofstream(file(index), std::ios::binary)
        .write(reinterpret_cast<const char*>(bytes.bytes().data()),
               static_cast<std::streamsize>(bytes.bytes().size()));
  }
  static std::string error_of(const fs::path& path) {
    const auto opened = Checkpoint::open(path);
    return opened ? "(opened)" : opened.error().message;
  }

  const fs::path folder_;
};

TEST_F(GgufPartsTest, AnyPartOpensAllOfThem) {
  for (int i = 0; i < 3; ++i) {
    const auto opened = Checkpoint::open(file(i));
    ASSERT_TRUE(opened) << opened.error().message;
    EXPECT_EQ((*opened)->architecture(), "llama");
    ASSERT_EQ((*opened)->tensors().size(), 3u);
    EXPECT_NE((*opened)->find("t2"), nullptr);
  }
}

TEST_F(GgufPartsTest, AMissingPartIsNamed) {
  fs::remove(file(1));
  EXPECT_THAT(error_of(file(2)), HasSubstr("part 2 of 3 is missing: " + file(1).string()));
}

TEST_F(GgufPartsTest, APartUnderAnotherNameIsRefused) {
  fs::copy(file(0), folder_ / "model.gguf");
  EXPECT_THAT(error_of(folder_ / "model.gguf"), HasSubstr("must end in -00001-of-00003.gguf"));
}

TEST_F(GgufPartsTest, PartsThatContradictEachOtherAreRefused) {
  write(1, part({.index = 1, .count = 4}));
  EXPECT_THAT(error_of(file(0)), HasSubstr("is named part 2 of 3, but says otherwise"));
  write(1, part({.index = 2}));
  EXPECT_THAT(error_of(file(0)), HasSubstr("is named part 2 of 3, but says otherwise"));
  write(1, part({.index = 1, .tensor = "t0"}));
  EXPECT_THAT(error_of(file(0)), HasSubstr("'t0' is there twice"));
  write(1, part({.index = 1}));
  write(0, part({.index = 0, .n_tensors = 4}));
  EXPECT_THAT(error_of(file(0)), HasSubstr("have 3 tensors, but 'split.tensors.count' is 4"));
}

TEST_F(GgufPartsTest, AbsurdCountsAreRefusedBeforeAnythingIsOpened) {
  write(0, part({.index = 0, .count = 65535}));
  EXPECT_THAT(error_of(file(0)), HasSubstr("is not a part"));
  write(0, part({.index = 9, .count = 3}));
  EXPECT_THAT(error_of(file(0)), HasSubstr("is not a part"));
}

}  // namespace
}  // namespace fathom::engine
