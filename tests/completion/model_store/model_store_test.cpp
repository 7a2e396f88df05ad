// The parts of the model store that need no server; tests/e2e/pull_test.py has the rest.

#include <filesystem>
#include <fstream>
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "completion/model_store/catalogue.h"
#include "completion/model_store/store.h"

namespace fathom::completion {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

TEST(Catalogue, NamesAreUniqueAndPlainAndEntriesSayWhatTheyAre) {
  std::set<std::string_view> names;
  for (const CatalogueEntry& entry : catalogue()) {
    EXPECT_TRUE(names.insert(entry.name).second) << entry.name;
    EXPECT_TRUE(is_plain_name(entry.name)) << entry.name;
    EXPECT_EQ(std::ranges::count(entry.repository, '/'), 1) << entry.name;
    EXPECT_TRUE(entry.file.empty() || entry.file.ends_with(".gguf")) << entry.name;
    EXPECT_GT(entry.size_gb, 0) << entry.name;
    EXPECT_FALSE(entry.licence.empty() || entry.purpose.empty()) << entry.name;
    EXPECT_TRUE(entry.sha256.empty() || entry.sha256.size() == 64) << entry.name;
  }
}

std::string resolved(std::string_view what) {
  const auto source = resolve_source(what);
  if (!source) return source.error().message;
  return fmt::format("{} = {} {} {}", source->name, source->repository, source->revision,
                     source->file);
}

TEST(Catalogue, ResolvesNamesAndAddresses) {
  EXPECT_EQ(resolved("qwen2.5-coder-0.5b"), "qwen2.5-coder-0.5b = Qwen/Qwen2.5-Coder-0.5B main ");
  EXPECT_EQ(resolved("a/b"), "b = a/b main ");
  EXPECT_EQ(resolved("a/b-GGUF:b-Q4_K_M.gguf"), "b-Q4_K_M = a/b-GGUF main b-Q4_K_M.gguf");
  EXPECT_THAT(resolved("qwen-coder"), HasSubstr("did you mean r1-distill-qwen-1.5b, "));
  EXPECT_THAT(resolved("nothing-like-it"), HasSubstr("no model 'nothing-like-it'"));
  for (const char* wrong :
       {"a/b/c", "../b", "a/..", "a/b:", "a/b:x.bin", "a/b:../x.gguf", "/b", "a/"})
    EXPECT_THAT(resolved(wrong), HasSubstr("is neither")) << wrong;
}

class StoreTest : public ::testing::Test {
 protected:
  StoreTest() : store_(fs::temp_directory_path() / fmt::format("fathom-store-{}", getpid())) {
    fs::create_directories(store_);
  }
  ~StoreTest() override { fs::remove_all(store_); }
  void write(const fs::path& file, const std::string& text = "12345") const {
    fs::create_directories((store_ / file).parent_path());
    std::ofstream(store_ / file) << text;
  }
  const fs::path store_;
};

TEST_F(StoreTest, ListsCompleteModelsOnly) {
  write("b.gguf");
  write("a/config.json");
  write("a/model.safetensors");
  write("c.gguf.part");
  write("d.unfinished/config.json");
  write(".e.lock");
  write("notes.txt");
  const auto models = list_models(store_);
  ASSERT_TRUE(models);
  ASSERT_EQ(models->size(), 2u);
  EXPECT_EQ((*models)[0].name, "a");
  EXPECT_EQ((*models)[0].size_bytes, 10u);
  EXPECT_EQ((*models)[1].name, "b");
  EXPECT_EQ(list_models(store_ / "nowhere")->size(), 0u);
}

TEST_F(StoreTest, FindsAndRemovesByName) {
  write("b.gguf");
  write("b.gguf.part");
  EXPECT_EQ(find_model(store_, "b"), store_ / "b.gguf");
  EXPECT_EQ(find_model(store_, "../b"), std::nullopt);
  ASSERT_TRUE(remove_model(store_, "b"));
  EXPECT_FALSE(fs::exists(store_ / "b.gguf") || fs::exists(store_ / "b.gguf.part"));
  EXPECT_THAT(remove_model(store_, "b").error().message, HasSubstr("no pulled model 'b'"));
  EXPECT_FALSE(remove_model(store_, ".."));
}

TEST_F(StoreTest, AModelIsPulledByOneAtATime) {
  const auto first = ModelLock::take(store_, "m");
  ASSERT_TRUE(first);
  EXPECT_THAT(ModelLock::take(store_, "m").error().message, HasSubstr("another fathom"));
  EXPECT_TRUE(ModelLock::take(store_, "other"));
}

}  // namespace
}  // namespace fathom::completion
