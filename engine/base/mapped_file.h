// A file's bytes as memory, read on demand by the operating system.
//
// Immutable after open; any thread. Movable: moving does not move the bytes. The bytes are what
// the file held when it was opened as long as nobody truncates it: model files are replaced by
// renaming, never written in place.

#pragma once

#include <cstddef>
#include <filesystem>
#include <span>

#include "engine/base/result.h"

namespace fathom {

class MappedFile final {
 public:
  /// Errors: not_found, io (a directory, no permission, or the mapping failed).
  static Result<MappedFile> open(const std::filesystem::path& path);

  MappedFile(MappedFile&& other) noexcept;
  MappedFile& operator=(MappedFile&& other) noexcept;
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;
  ~MappedFile();

  std::span<const std::byte> bytes() const { return bytes_; }

 private:
  explicit MappedFile(std::span<const std::byte> bytes) : bytes_(bytes) {}
  std::span<const std::byte> bytes_;
};

/// The whole file as a string, for small text files. `max_bytes` guards against surprises.
/// Errors: not_found, io, unsupported (the file is larger than max_bytes).
Result<std::string> read_text_file(const std::filesystem::path& path, size_t max_bytes);

}  // namespace fathom
