#include "engine/kv_runs_in_files.h"

#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <numeric>
#include <random>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "engine/base/mapped_file.h"
#include "tests/support/temp_dir.h"

namespace fathom::engine {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class KvRunsInFilesTest : public testing::Test {
 protected:
  static constexpr size_t kWords = 5;  // of a token

  /// Rows of tokens 2 to n of a text that begins with `begin`.
  static KvRun run(TokenId begin, int n = 6) {
    KvRun run = {.text = std::vector<TokenId>(n, 7),
                 .first = 2,
                 .rows = std::vector<float>((n - 2) * kWords),
                 .file = {}};
    run.text[0] = begin;
    std::iota(run.rows.begin(), run.rows.end(), static_cast<float>(begin));
    return run;
  }
  KvRunsInFiles open(uint64_t limit_bytes = 1 << 20, char identity = 'a') {
    return KvRunsInFiles({path_, limit_bytes, std::string(64, identity), &log_}, kWords);
  }
  /// With which tokens the texts begin; used last comes first.
  static std::vector<TokenId> texts(const KvRuns& runs) {
    std::vector<TokenId> begins;
    for (const KvRun& each : runs.all()) begins.push_back(each.text[0]);
    return begins;
  }
  std::vector<fs::path> files() const {
    std::vector<fs::path> found;
    for (const auto& entry : fs::directory_iterator(path_)) found.push_back(entry.path());
    return found;
  }
  static std::string content(const fs::path& file) { return *read_text_file(file, 1 << 20); }
  static void write(const fs::path& file, std::string_view bytes) {
    std::ofstream(file, std::ios::binary) << bytes;
  }
  /// Makes a use as old as if it had been some seconds ago.
  static void age(const fs::path& file, int seconds) {
    fs::last_write_time(file, fs::last_write_time(file) - std::chrono::seconds(seconds));
  }

  const test::TempDir around_;
  const fs::path path_ = around_.path() / "prompts";
  std::vector<std::string> lines_;
  Log log_{LogLevel::debug, [this](LogLevel, std::string_view line) { lines_.emplace_back(line); }};
};

TEST_F(KvRunsInFilesTest, GiveBackWhatAnEarlierProcessAdded) {
  {
    KvRunsInFiles runs = open();
    EXPECT_THAT(runs.all(), IsEmpty());
    runs.add(run(1));
    runs.add(run(2, 9));
    ASSERT_THAT(texts(runs), ElementsAre(2, 1));
    const auto rows = runs.rows_of(runs.all().begin());
    EXPECT_EQ(std::vector(rows.begin(), rows.end()), run(2, 9).rows);
  }
  for (const fs::path& file : files())
    EXPECT_EQ(fs::status(file).permissions(), fs::perms::owner_read | fs::perms::owner_write);
  EXPECT_EQ(fs::status(path_).permissions(), fs::perms::owner_all);

  KvRunsInFiles runs = open();
  ASSERT_THAT(runs.all(), SizeIs(2));
  for (auto it = runs.all().begin(); it != runs.all().end(); ++it) {
    const KvRun original = it->text[0] == 1 ? run(1) : run(2, 9);
    EXPECT_EQ(it->text, original.text);
    EXPECT_EQ(it->first, 2);
    EXPECT_THAT(it->rows, IsEmpty());
    const auto rows = runs.rows_of(it);
    EXPECT_EQ(std::vector(rows.begin(), rows.end()), original.rows);
  }
  runs.clear();
  EXPECT_THAT(runs.all(), IsEmpty());
  EXPECT_THAT(files(), IsEmpty());
  EXPECT_THAT(lines_, IsEmpty());
}

TEST_F(KvRunsInFilesTest, AreIgnoredAndRemovedIfAnyByteIsDamagedOrMissing) {
  open().add(run(1));
  const fs::path file = files()[0];
  const std::string good = content(file);
  const auto is_taken = [&](std::string_view bytes) {
    write(file, bytes);
    lines_.clear();
    KvRunsInFiles runs = open();
    const bool given = !runs.all().empty() && !runs.rows_of(runs.all().begin()).empty();
    EXPECT_EQ(given, fs::exists(file));
    EXPECT_EQ(lines_.size(), given ? 0u : 1u);
    return given;
  };
  ASSERT_TRUE(is_taken(good));
  for (size_t i = 0; i < good.size(); ++i) {
    std::string bad = good;
    bad[i] ^= 0x10;
    EXPECT_FALSE(is_taken(bad)) << "byte " << i;
    EXPECT_FALSE(is_taken(good.substr(0, i))) << "cut to " << i;
  }
  EXPECT_FALSE(is_taken(good + "x"));
  ASSERT_TRUE(is_taken(good));
  std::string name = file.filename();
  name[40] = name[40] == '0' ? '1' : '0';
  fs::rename(file, path_ / name);
  EXPECT_THAT(open(1 << 20, 'a').all(), IsEmpty());
}

TEST_F(KvRunsInFilesTest, AreNeverMoreThanAFileThatClaimsMuch) {
  open().add(run(1));
  const fs::path file = files()[0];
  const std::string good = content(file);
  std::mt19937 random(1);
  for (int round = 0; round < 2000; ++round) {
    std::string bytes = good;
    for (size_t i = 0; i < 12; ++i)  // the counts and the tokens
      bytes[72 + random() % 32] = static_cast<char>(random());
    if (round % 3 == 0) bytes.resize(random() % (2 * bytes.size()), '\xff');
    if (round % 3 == 1) std::ranges::generate(bytes, [&] { return static_cast<char>(random()); });
    if (bytes == good) continue;
    write(file, bytes);
    EXPECT_THAT(open().all(), IsEmpty());
  }
  write(file, good);
  fs::resize_file(file, uint64_t{1} << 40);
  EXPECT_THAT(open(uint64_t{1} << 41).all(), IsEmpty());
}

TEST_F(KvRunsInFilesTest, MayLieBesideOtherThings) {
  open().add(run(1));
  const std::string name = files()[0].filename();
  const fs::path stranger = path_ / "notes.txt",
                 folder = path_ / fmt::format("{}.rows", name.substr(0, 20));
  write(stranger, std::string(3000, 'x'));
  fs::create_directory(folder);
  const fs::path fifo = path_ / fmt::format("{}.rows", name.substr(0, 21));
  ASSERT_EQ(::mkfifo(fifo.c_str(), 0600), 0);
  EXPECT_THAT(texts(open(2000)), ElementsAre(1));
  EXPECT_TRUE(fs::exists(stranger) && fs::exists(folder) && fs::exists(fifo));
}

TEST_F(KvRunsInFilesTest, OfOtherModelsAreLeftAloneAndCountOnceTheLimitIsReached) {
  open().add(run(1));
  const uint64_t size = fs::file_size(files()[0]);
  EXPECT_THAT(open(1 << 20, 'b').all(), IsEmpty());
  EXPECT_THAT(texts(open()), ElementsAre(1));
  KvRunsInFiles others = open(size * 5 / 2, 'b');
  others.add(run(2));
  EXPECT_THAT(texts(open()), ElementsAre(1));
  others.add(run(3));
  EXPECT_THAT(texts(open()), IsEmpty());
  EXPECT_THAT(texts(others), ElementsAre(3, 2));
}

TEST_F(KvRunsInFilesTest, GoInTheOrderOfTheirUseAlsoAfterAStart) {
  uint64_t size = 0;
  {
    KvRunsInFiles runs = open();
    for (const TokenId begin : {1, 2, 3}) {
      runs.add(run(begin));
      for (const fs::path& file : files()) age(file, 10);
    }
    size = fs::file_size(files()[0]);
    EXPECT_TRUE(runs.use(std::prev(runs.all().end())));
    EXPECT_THAT(texts(runs), ElementsAre(1, 3, 2));
  }
  EXPECT_THAT(texts(open()), ElementsAre(1, 3, 2));
  KvRunsInFiles runs = open(size * 7 / 2);
  runs.add(run(4));
  EXPECT_THAT(texts(runs), ElementsAre(4, 1, 3));
  EXPECT_THAT(files(), SizeIs(3));
  EXPECT_THAT(texts(open(size * 3 / 2)), ElementsAre(4));
  EXPECT_THAT(files(), SizeIs(1));
}

TEST_F(KvRunsInFilesTest, MayVanishAtAnyTime) {
  KvRunsInFiles runs = open();
  runs.add(run(1));
  runs.add(run(2));
  runs.add(run(3));
  for (const fs::path& file : files()) fs::remove(file);
  EXPECT_FALSE(runs.use(runs.all().begin()));
  EXPECT_THAT(texts(runs), ElementsAre(2, 1));
  EXPECT_THAT(runs.rows_of(runs.all().begin()), IsEmpty());
  EXPECT_THAT(texts(runs), ElementsAre(1));
  runs.add(run(4));
  EXPECT_THAT(texts(open()), ElementsAre(4));
  fs::remove_all(path_);
  EXPECT_THAT(runs.rows_of(runs.all().begin()), IsEmpty());
  runs.add(run(5));
  EXPECT_THAT(texts(open()), ElementsAre(5));
  EXPECT_THAT(lines_, IsEmpty());
}

TEST_F(KvRunsInFilesTest, MayBeAddedByTwoProcessesAtOnce) {
  KvRunsInFiles a = open(), b = open();
  a.add(run(1));
  b.add(run(1));
  b.add(run(2));
  EXPECT_THAT(texts(a), ElementsAre(1));
  EXPECT_THAT(a.rows_of(a.all().begin()), SizeIs(run(1).rows.size()));
  EXPECT_THAT(open().all(), SizeIs(2));
  EXPECT_THAT(files(), SizeIs(2));
}

// A limit on the size of files refuses what is written behind it, as a full disk does.
TEST_F(KvRunsInFilesTest, AFullDiskIsOneWarningAndLeavesNothingHalf) {
  KvRunsInFiles runs = open();
  runs.add(run(1));
  rlimit before{};
  ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &before), 0);
  const rlimit small = {.rlim_cur = 100, .rlim_max = before.rlim_max};
  const auto old_handler = std::signal(SIGXFSZ, SIG_IGN);
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &small), 0);
  runs.add(run(2));
  runs.add(run(3));
  setrlimit(RLIMIT_FSIZE, &before);
  std::signal(SIGXFSZ, old_handler);
  EXPECT_THAT(lines_, ElementsAre(HasSubstr("prompts are not kept for later: ")));
  EXPECT_THAT(texts(runs), ElementsAre(1));
  EXPECT_THAT(files(), SizeIs(1));
  EXPECT_THAT(runs.rows_of(runs.all().begin()), SizeIs(run(1).rows.size()));
}

}  // namespace
}  // namespace fathom::engine
