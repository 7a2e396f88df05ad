#include "editors/cli/log_file.h"

#include <cerrno>
#include <chrono>
#include <cstring>
#include <ctime>
#include <string>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <fmt/chrono.h>
#include <sys/stat.h>
#include <unistd.h>

#include "editors/cli/output.h"

namespace fathom::cli {
namespace {

namespace fs = std::filesystem;

std::string_view name_of(LogLevel level) {
  switch (level) {
    case LogLevel::debug:
      return "debug";
    case LogLevel::info:
      return "info";
    case LogLevel::warning:
      return "warning";
    case LogLevel::error:
      break;
  }
  return "error";
}

}  // namespace

Result<std::shared_ptr<LogFile>> LogFile::open(const fs::path& path, uint64_t max_bytes) {
  std::error_code error;
  if (path.has_parent_path()) fs::create_directories(path.parent_path(), error);
  if (error)
    return fail(ErrorCode::io, "{}: the folder of the log cannot be made: {}",
                path.parent_path().string(), error.message());
  std::shared_ptr<LogFile> log(new LogFile(path, max_bytes));
  FATHOM_CHECK(log->reopen());
  return log;
}

Status LogFile::reopen() {
  const int fd = ::open(path_.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  struct stat status {};
  if (fd == -1 || ::fstat(fd, &status) != 0) {
    const int error = errno;
    if (fd != -1) ::close(fd);
    return fail(ErrorCode::io, "{}: the log cannot be opened: {}", path_.string(),
                std::strerror(error));
  }
  file_.reset(::fdopen(fd, "a"));
  size_ = static_cast<uint64_t>(status.st_size);
  return {};
}

void LogFile::rotate() {
  file_.reset();
  std::error_code ignored;  // what cannot be renamed is written to for a while longer
  fs::rename(path_, path_.string() + ".1", ignored);
  if (const Status opened = reopen(); !opened) ++n_lost_;
}

void LogFile::write(LogLevel level, std::string_view message) {
  if (file_ && size_ >= max_bytes_) rotate();
  if (!file_ && !reopen()) {
    ++n_lost_;
    return;
  }
  const std::time_t now = std::time(nullptr);
  std::string line;
  if (n_lost_ > 0) line = fmt::format("({} lines could not be written)\n", n_lost_);
  line += fmt::format("{:%Y-%m-%dT%H:%M:%SZ} {} {}\n", fmt::gmtime(now), name_of(level),
                      printable(message));
  const bool is_written = std::fwrite(line.data(), 1, line.size(), file_.get()) == line.size() &&
                          std::fflush(file_.get()) == 0;
  if (is_written) {
    n_lost_ = 0;
    size_ += line.size();
    return;
  }
  ++n_lost_;
  file_.reset();  // with what its buffer still holds
}

Log file_log(std::shared_ptr<LogFile> file, LogLevel level) {
  return Log(level, [file = std::move(file)](LogLevel of_message, std::string_view message) {
    file->write(of_message, message);
  });
}

}  // namespace fathom::cli
