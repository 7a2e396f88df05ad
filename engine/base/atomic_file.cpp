#include "engine/base/atomic_file.h"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <string>
#include <utility>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace fathom {

Result<AtomicFile> AtomicFile::create(const std::filesystem::path& path, Readers readers) {
  std::string part = path.string() + ".XXXXXX.part";
  const int descriptor = mkostemps(part.data(), 5, O_CLOEXEC);
  if (descriptor < 0)
    return fail(ErrorCode::io, "{}: cannot be created: {}", path.string(), std::strerror(errno));
  // mkostemps makes files that only their owner reads.
  if (readers == Readers::everybody) (void)fchmod(descriptor, 0644);
  return AtomicFile(path, part, descriptor);
}

AtomicFile::AtomicFile(AtomicFile&& other) noexcept
    : path_(std::move(other.path_)),
      part_(std::move(other.part_)),
      descriptor_(std::exchange(other.descriptor_, -1)),
      size_(other.size_) {}

AtomicFile::~AtomicFile() {
  if (descriptor_ < 0) return;
  close(descriptor_);
  unlink(part_.c_str());
}

Status AtomicFile::write(std::span<const std::byte> bytes) {
  constexpr size_t kMost = size_t{1} << 30;  // Linux writes at most 2 GiB in one call
  while (!bytes.empty()) {
    const ssize_t n = ::write(descriptor_, bytes.data(), std::min(bytes.size(), kMost));
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) {
      return fail(ErrorCode::io, "{}: cannot be written: {}", path_.string(),
                  n == 0 ? "the disk takes no more" : std::strerror(errno));
    }
    bytes = bytes.subspan(static_cast<size_t>(n));
    size_ += static_cast<uint64_t>(n);
  }
  return {};
}

Status AtomicFile::commit() {
  if (fsync(descriptor_) != 0)
    return fail(ErrorCode::io, "{}: cannot be written: {}", path_.string(), std::strerror(errno));
  return commit_soon();
}

Status AtomicFile::commit_soon() {
  if (rename(part_.c_str(), path_.c_str()) != 0)
    return fail(ErrorCode::io, "{}: cannot be written: {}", path_.string(), std::strerror(errno));
  close(std::exchange(descriptor_, -1));
  return {};
}

}  // namespace fathom
