#include "engine/base/mapped_file.h"

#include <cerrno>
#include <string>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "engine/base/file_faults.h"

namespace fathom {
namespace {

/// Closes a file descriptor at the end of its scope.
class Descriptor final {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const { return fd_; }

 private:
  int fd_;
};

tl::unexpected<Error> fail_errno(const std::filesystem::path& path, int error) {
  const ErrorCode code = error == ENOENT ? ErrorCode::not_found : ErrorCode::io;
  return fail(code, "{}: {}", path.string(), std::generic_category().message(error));
}

FileStamp stamp_from(const struct stat& status) {
  return {.device = static_cast<uint64_t>(status.st_dev),
          .inode = static_cast<uint64_t>(status.st_ino),
          .size_bytes = static_cast<uint64_t>(status.st_size),
          .changed_ns = int64_t{status.st_mtim.tv_sec} * 1'000'000'000 + status.st_mtim.tv_nsec};
}

/// Of an open regular file.
Result<FileStamp> stamp_of(int fd, const std::filesystem::path& path) {
  struct stat status = {};
  if (::fstat(fd, &status) != 0) return fail_errno(path, errno);
  if (!S_ISREG(status.st_mode)) {
    return fail(ErrorCode::io, "{}: is not a regular file", path.string());
  }
  return stamp_from(status);
}

}  // namespace

Result<FileStamp> stamp_of(const std::filesystem::path& path) {
  struct stat status = {};
  if (::stat(path.c_str(), &status) != 0) return fail_errno(path, errno);
  return stamp_from(status);
}

Result<MappedFile> MappedFile::open(const std::filesystem::path& path) {
  MappedFile file;
  file.path_ = path;
  file.fd_ = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file.fd_ < 0) return fail_errno(path, errno);
  FATHOM_TRY(stamp, stamp_of(file.fd_, path));
  file.stamp_ = stamp;
  const size_t size = stamp.size_bytes;
  if (size == 0) return file;

  void* address = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, file.fd_, 0);
  if (address == MAP_FAILED) return fail_errno(path, errno);
  file.bytes_ = {static_cast<const std::byte*>(address), size};
  watch_for_faults(file.bytes_);
  return file;
}

bool MappedFile::is_intact() const {
  const auto stamp = stamp_of(fd_, path_);
  return stamp && *stamp == stamp_ && !has_faults(bytes_);
}

MappedFile::MappedFile(MappedFile&& other) noexcept
    : bytes_(std::exchange(other.bytes_, {})),
      path_(std::move(other.path_)),
      stamp_(other.stamp_),
      fd_(std::exchange(other.fd_, -1)) {}

MappedFile& MappedFile::operator=(MappedFile&& other) noexcept {
  std::swap(bytes_, other.bytes_);
  std::swap(path_, other.path_);
  std::swap(stamp_, other.stamp_);
  std::swap(fd_, other.fd_);
  return *this;
}

MappedFile::~MappedFile() {
  forget_faults(bytes_);
  if (!bytes_.empty()) ::munmap(const_cast<std::byte*>(bytes_.data()), bytes_.size());
  if (fd_ >= 0) ::close(fd_);
}

Result<std::string> read_text_file(const std::filesystem::path& path, size_t max_bytes) {
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (file.get() < 0) return fail_errno(path, errno);
  FATHOM_TRY(stamp, stamp_of(file.get(), path));
  const size_t size = stamp.size_bytes;
  if (size > max_bytes) {
    return fail(ErrorCode::unsupported, "{}: is {} bytes; the limit here is {}", path.string(),
                size, max_bytes);
  }

  std::string text(size, '\0');
  size_t done = 0;
  while (done < size) {
    const ssize_t n = ::read(file.get(), text.data() + done, size - done);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return fail_errno(path, errno);
    if (n == 0) break;  // the file became shorter while we read it
    done += static_cast<size_t>(n);
  }
  text.resize(done);
  return text;
}

}  // namespace fathom
