#include "editors/cli/output.h"

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include <nlohmann/json.hpp>

#include "engine/base/system.h"
#include "engine/base/text.h"

namespace fathom::cli {

void write_out(std::string_view bytes) { std::fwrite(bytes.data(), 1, bytes.size(), stdout); }

void stream_out(std::string_view bytes) {
  write_out(bytes);
  std::fflush(stdout);
}

void write_json(const Json& json) {
  stream_out(json.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n");
}

void end_text(std::string_view text) {
  if (!text.ends_with('\n') && is_terminal(stdout)) write_out("\n");
}

bool wants_colour() {
  const char* no_color = std::getenv("NO_COLOR");
  return is_terminal(stdout) && (!no_color || *no_color == '\0');
}

Status flush_out() {
  if (std::fflush(stdout) == 0 && std::ferror(stdout) == 0) return {};
  return fail(ErrorCode::io, "the results could not be written to stdout: {}",
              std::strerror(errno));
}

void report(std::string_view message) { fmt::print(stderr, "fathom: {}\n", printable(message)); }

void report_masked(int n_secrets) {
  if (n_secrets == 0) return;
  report(fmt::format("{} {} in this file {} hidden from the model", n_secrets,
                     n_secrets == 1 ? "secret" : "secrets", n_secrets == 1 ? "was" : "were"));
}

Log stderr_log(bool verbose) {
  return Log(verbose ? LogLevel::info : LogLevel::warning,
             [](LogLevel, std::string_view message) { report(message); });
}

std::string printable(std::string_view text) {
  std::string result = to_valid_utf8(text);
  for (char& c : result)
    if ((static_cast<unsigned char>(c) < 0x20 && c != '\n' && c != '\t') || c == 0x7f) c = '?';
  return result;
}

}  // namespace fathom::cli
