// A file's bytes as memory, read on demand by the operating system.
//
// Immutable after open; any thread. Movable: moving does not move the bytes. The bytes are what
// the file held when it was opened as long as nobody writes into it or truncates it (replacing it
// by renaming is fine): then reading them gives other bytes, or ends the process. Whoever reads
// them later than at once asks is_intact() before, and keeps nothing that points into them for
// long.

#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>

#include "engine/base/result.h"

namespace fathom {

/// What tells one version of a file from another.
struct FileStamp {
  uint64_t device = 0;
  uint64_t inode = 0;
  uint64_t size_bytes = 0;
  int64_t changed_ns = 0;  // time of the last write

  bool operator==(const FileStamp&) const = default;
};

/// Of the file that the path names now. Errors: not_found, io.
Result<FileStamp> stamp_of(const std::filesystem::path& path);

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
  const std::filesystem::path& path() const { return path_; }
  const FileStamp& stamp() const { return stamp_; }

  /// Whether the file that was opened is as it was, wherever it lies by now.
  bool is_intact() const;

 private:
  MappedFile() = default;
  std::span<const std::byte> bytes_;
  std::filesystem::path path_;
  FileStamp stamp_;
  int fd_ = -1;
};

/// The whole file as a string, for small text files. `max_bytes` guards against surprises.
/// Errors: not_found, io, unsupported (the file is larger than max_bytes).
Result<std::string> read_text_file(const std::filesystem::path& path, size_t max_bytes);

}  // namespace fathom
