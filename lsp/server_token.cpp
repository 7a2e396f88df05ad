#include "lsp/server_token.h"

#include <array>
#include <cerrno>
#include <cstdint>
#include <cstring>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/random.h>
#include <unistd.h>

#include "engine/base/mapped_file.h"

namespace fathom::lsp {

Result<std::string> make_token() {
  std::array<uint8_t, 32> bytes{};
  if (::getrandom(bytes.data(), bytes.size(), 0) != static_cast<ssize_t>(bytes.size()))
    return fail(ErrorCode::io, "the system gives no random numbers: {}", std::strerror(errno));
  std::string token;
  for (const uint8_t byte : bytes) token += fmt::format("{:02x}", byte);
  return token;
}

Status write_token(const std::filesystem::path& path, std::string_view token) {
  const std::string line = fmt::format("{}\n", token);
  ::unlink(path.c_str());
  const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
  const bool is_written =
      file != -1 && ::write(file, line.data(), line.size()) == static_cast<ssize_t>(line.size());
  const int error = errno;
  if (file != -1) ::close(file);
  if (is_written) return {};
  return fail(ErrorCode::io, "{}: the token cannot be written: {}", path.string(),
              std::strerror(error));
}

void remove_token(const std::filesystem::path& path, std::string_view token) {
  const Result<std::string> line = read_text_file(path, token.size() + 1);
  if (line && line->starts_with(token)) ::unlink(path.c_str());
}

bool is_token(std::string_view said, std::string_view token) {
  if (said.size() != token.size()) return false;
  unsigned difference = 0;
  for (size_t i = 0; i < token.size(); ++i)
    difference |= static_cast<unsigned char>(said[i]) ^ static_cast<unsigned char>(token[i]);
  return difference == 0;
}

}  // namespace fathom::lsp
