// A weight whose bytes are a file, as most of a model's are.

#pragma once

#include <chrono>
#include <filesystem>
#include <fstream>
#include <memory>
#include <utility>

#include "engine/backend.h"
#include "engine/base/mapped_file.h"
#include "tests/support/temp_dir.h"

namespace fathom::engine::test {

class WeightFile final {
 public:
  explicit WeightFile(WeightData data) : data_(std::move(data)) {
    std::ofstream(path_, std::ios::binary)
        .write(reinterpret_cast<const char*>(data_.bytes.data()),
               static_cast<std::streamsize>(data_.bytes.size()));
    auto file = std::make_shared<MappedFile>(*MappedFile::open(path_));
    data_.bytes = file->bytes();
    data_.file = file.get();
    file_ = file;
    data_.owner = std::move(file);
  }

  /// Once only: from then on the weight alone keeps the file open.
  WeightData take() { return std::move(data_); }
  bool is_open() const { return !file_.expired(); }
  void truncate() const { std::filesystem::resize_file(path_, 0); }
  /// As if somebody had written into it just now.
  void touch() const {
    std::filesystem::last_write_time(
        path_, std::filesystem::last_write_time(path_) + std::chrono::seconds(1));
  }

 private:
  fathom::test::TempDir folder_;
  std::filesystem::path path_ = folder_.path() / "weight";
  WeightData data_;
  std::weak_ptr<const MappedFile> file_;
};

}  // namespace fathom::engine::test
