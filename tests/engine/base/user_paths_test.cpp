#include "engine/base/user_paths.h"

#include <cstdlib>
#include <optional>
#include <string>

#include <gtest/gtest.h>

#include "tests/support/temp_dir.h"

namespace fathom {
namespace {

/// A variable of the environment, put back at the end.
class Variable final {
 public:
  Variable(const char* name, const char* value) : name_(name) {
    if (const char* old = std::getenv(name)) old_ = old;
    value ? ::setenv(name, value, 1) : ::unsetenv(name);
  }
  ~Variable() { old_ ? ::setenv(name_, old_->c_str(), 1) : ::unsetenv(name_); }

 private:
  const char* name_;
  std::optional<std::string> old_;
};

TEST(UserPaths, AreBelowTheFoldersThatTheUserNames) {
  const Variable config("XDG_CONFIG_HOME", "/c");
  const Variable data("XDG_DATA_HOME", "/d");
  const Variable state("XDG_STATE_HOME", "/s");
  const Variable cache("XDG_CACHE_HOME", "/k");
  EXPECT_EQ(user_cache_path("a"), "/k/fathom/a");
  EXPECT_EQ(user_config_path("a"), "/c/fathom/a");
  EXPECT_EQ(user_data_path("a"), "/d/fathom/a");
  EXPECT_EQ(user_state_path("a"), "/s/fathom/a");
}

TEST(UserPaths, AreBelowTheHomeOtherwise) {
  const Variable config("XDG_CONFIG_HOME", nullptr);
  const Variable data("XDG_DATA_HOME", "");
  const Variable state("XDG_STATE_HOME", nullptr);
  const Variable home("HOME", "/h");
  const Variable cache("XDG_CACHE_HOME", "relative");
  EXPECT_EQ(user_cache_path("a"), "/h/.cache/fathom/a");
  EXPECT_EQ(user_config_path("a"), "/h/.config/fathom/a");
  EXPECT_EQ(user_data_path("a"), "/h/.local/share/fathom/a");
  EXPECT_EQ(user_state_path("a"), "/h/.local/state/fathom/a");
}

TEST(UserPaths, AreEmptyWithoutAHome) {
  const Variable state("XDG_STATE_HOME", nullptr);
  const Variable home("HOME", nullptr);
  EXPECT_EQ(user_state_path("a"), "");
}

TEST(UserPaths, ArePrivateOnceMade) {
  const test::TempDir around;
  const std::filesystem::path folder = around.path() / "a/b";
  make_private_folder(folder);
  using std::filesystem::perms;
  EXPECT_EQ(std::filesystem::status(folder).permissions(), perms::owner_all);
  make_private_folder(folder);
  EXPECT_TRUE(std::filesystem::is_directory(folder));
}

}  // namespace
}  // namespace fathom
