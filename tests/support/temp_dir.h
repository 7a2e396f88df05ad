// An empty folder that is gone with what is in it when this object is.

#pragma once

#include <cstdlib>
#include <filesystem>
#include <string>
#include <system_error>

namespace fathom::test {

class TempDir final {
 public:
  TempDir() {
    std::string name = (std::filesystem::temp_directory_path() / "fathom-XXXXXX").string();
    if (::mkdtemp(name.data()) != nullptr) path_ = name;
  }
  TempDir(const TempDir&) = delete;
  TempDir& operator=(const TempDir&) = delete;
  ~TempDir() {
    std::error_code error;
    if (!path_.empty()) std::filesystem::remove_all(path_, error);
  }

  /// Empty if it could not be made.
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

}  // namespace fathom::test
