#include "engine/base/user_paths.h"

#include <cstdlib>
#include <system_error>

#include <sys/stat.h>

namespace fathom {
namespace {

namespace fs = std::filesystem;

fs::path own_path(const char* variable, const char* below_home, std::string_view name) {
  if (const char* folder = std::getenv(variable); folder && *folder == '/')
    return fs::path(folder) / "fathom" / name;
  if (const char* home = std::getenv("HOME"); home && *home)
    return fs::path(home) / below_home / "fathom" / name;
  return {};
}

}  // namespace

fs::path expand_home(std::string_view path) {
  const char* home = std::getenv("HOME");
  return home && path.starts_with("~/") ? fs::path(home) / path.substr(2) : fs::path(path);
}

fs::path user_config_path(std::string_view name) {
  return own_path("XDG_CONFIG_HOME", ".config", name);
}

fs::path user_data_path(std::string_view name) {
  return own_path("XDG_DATA_HOME", ".local/share", name);
}

fs::path user_state_path(std::string_view name) {
  return own_path("XDG_STATE_HOME", ".local/state", name);
}

fs::path user_cache_path(std::string_view name) {
  return own_path("XDG_CACHE_HOME", ".cache", name);
}

void make_private_folder(const fs::path& folder) {
  std::error_code error;
  fs::create_directories(folder.parent_path(), error);
  ::mkdir(folder.c_str(), 0700);
}

}  // namespace fathom
