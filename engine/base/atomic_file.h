// A file that appears under its name complete or not at all.
//
// Bytes go into NAME.XXXXXX.part in the same folder; commit() makes them durable and renames.
// Without it the destructor removes what was written, so that a full disk leaves nothing
// behind.
//
// Threads: one at a time.

#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>

#include "engine/base/result.h"

namespace fathom {

class AtomicFile final {
 public:
  /// Who may read the file.
  enum class Readers { everybody, owner };

  /// Errors: io (the folder is missing or may not be written to).
  static Result<AtomicFile> create(const std::filesystem::path& path,
                                   Readers readers = Readers::everybody);

  AtomicFile(AtomicFile&& other) noexcept;
  AtomicFile& operator=(AtomicFile&&) = delete;
  ~AtomicFile();

  /// Appends. Errors: io (no space left, and whatever else keeps bytes from being written).
  Status write(std::span<const std::byte> bytes);
  uint64_t size() const { return size_; }

  /// Replaces the file at `path`, if there is one. Nothing may be written afterwards. Errors: io.
  Status commit();
  /// As commit() but without waiting for the disk: the file may be incomplete if the machine
  /// crashes soon. For who verifies what it reads.
  Status commit_soon();

 private:
  AtomicFile(std::filesystem::path path, std::filesystem::path part, int descriptor)
      : path_(std::move(path)), part_(std::move(part)), descriptor_(descriptor) {}

  std::filesystem::path path_;
  std::filesystem::path part_;
  int descriptor_ = -1;  // -1: committed or moved from
  uint64_t size_ = 0;
};

}  // namespace fathom
