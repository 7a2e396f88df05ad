#include "lsp/uri.h"

#include <charconv>

#include "completion/review/report_parts.h"

namespace fathom::lsp {
namespace {

std::string percent_decoded(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (size_t i = 0; i < text.size(); ++i) {
    unsigned byte = 0;
    const char* digits = text.data() + i + 1;
    if (text[i] == '%' && i + 2 < text.size() &&
        std::from_chars(digits, digits + 2, byte, 16).ptr == digits + 2) {
      out += char(byte);
      i += 2;
    } else {
      out += text[i];
    }
  }
  return out;
}

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

}  // namespace

std::string path_of_uri(std::string_view uri) {
  const size_t colon = uri.find(':');
  // A single letter before the colon is a drive, not a scheme.
  if (colon == std::string_view::npos || colon < 2 || uri.find('/') < colon)
    return std::string(uri);

  std::string_view rest = uri.substr(colon + 1);
  rest = rest.substr(0, rest.find_first_of("?#"));
  if (rest.starts_with("//")) {
    const size_t path = rest.find('/', 2);
    rest = path == std::string_view::npos ? std::string_view() : rest.substr(path);
  }
  std::string path = percent_decoded(rest);
  const bool has_drive = path.size() > 2 && path[0] == '/' && is_letter(path[1]) && path[2] == ':';
  return has_drive ? path.substr(1) : path;
}

std::string uri_of_path(std::string_view path) { return "file://" + completion::path_to_uri(path); }

}  // namespace fathom::lsp
