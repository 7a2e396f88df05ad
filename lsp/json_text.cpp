#include "lsp/json_text.h"

#include <charconv>
#include <optional>

#include <nlohmann/json.hpp>

namespace fathom::lsp {
namespace {

/// Whether brackets outside of strings nest deeper than allowed. Before parsing: the parser itself
/// needs memory for every level.
bool is_too_deep(std::string_view text) {
  int depth = 0;
  bool in_string = false;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (in_string) {
      if (c == '\\') ++i;
      if (c == '"') in_string = false;
    } else if (c == '"') {
      in_string = true;
    } else if (c == '[' || c == '{') {
      if (++depth > kMaxJsonDepth) return true;
    } else if (c == ']' || c == '}') {
      --depth;
    }
  }
  return false;
}

/// Length of the valid UTF-8 character at the start of `text`; 0 if there is none.
size_t character_length(std::string_view text) {
  const auto byte = [&](size_t i) { return static_cast<unsigned char>(text[i]); };
  const auto continues = [&](size_t i) { return i < text.size() && (byte(i) & 0xC0) == 0x80; };
  const unsigned char first = byte(0);
  if (first < 0x80) return 1;
  if (first < 0xC2 || first > 0xF4 || !continues(1)) return 0;
  if (first < 0xE0) return 2;
  // The second byte rules out overlong forms, surrogates, and what lies beyond U+10FFFF.
  const unsigned char second = byte(1);
  if ((first == 0xE0 && second < 0xA0) || (first == 0xED && second > 0x9F)) return 0;
  if ((first == 0xF0 && second < 0x90) || (first == 0xF4 && second > 0x8F)) return 0;
  if (!continues(2)) return 0;
  if (first < 0xF0) return 3;
  return continues(3) ? 4 : 0;
}

void replace_invalid_bytes(std::string& text) {
  for (size_t i = 0; i < text.size();) {
    const size_t length = character_length(std::string_view(text).substr(i));
    if (length == 0) text[i] = '?';
    i += length == 0 ? 1 : length;
  }
}

/// The code unit of the escape "\uXXXX" at the start of `text`, if one is there.
std::optional<unsigned> escaped_unit(std::string_view text) {
  if (text.size() < 6 || text[0] != '\\' || text[1] != 'u') return std::nullopt;
  unsigned unit = 0;
  const char* digits = text.data() + 2;
  if (std::from_chars(digits, digits + 4, unit, 16).ptr != digits + 4) return std::nullopt;
  return unit;
}

void replace_lone_surrogates(std::string& text) {
  const auto is_high = [](std::optional<unsigned> u) { return u && *u >= 0xD800 && *u < 0xDC00; };
  const auto is_low = [](std::optional<unsigned> u) { return u && *u >= 0xDC00 && *u < 0xE000; };
  for (size_t i = text.find('\\'); i != std::string::npos; i = text.find('\\', i)) {
    const std::string_view rest = std::string_view(text).substr(i);
    const std::optional<unsigned> unit = escaped_unit(rest);
    if (!unit) {
      i += 2;
    } else if (is_high(unit) && is_low(escaped_unit(rest.substr(6)))) {
      i += 12;
    } else {
      if (is_high(unit) || is_low(unit)) text.replace(i + 2, 4, "FFFD");
      i += 6;
    }
  }
}

Json parse_strictly(std::string_view text) {
  return Json::parse(text, nullptr, /*allow_exceptions=*/false);
}

}  // namespace

Json parse_json(std::string_view text) {
  if (is_too_deep(text)) return Json(Json::value_t::discarded);
  Json value = parse_strictly(text);
  if (!value.is_discarded()) return value;
  std::string repaired(text);
  replace_invalid_bytes(repaired);
  replace_lone_surrogates(repaired);
  return repaired == text ? value : parse_strictly(repaired);
}

std::string to_text(const Json& value) {
  return value.dump(-1, ' ', /*ensure_ascii=*/false, Json::error_handler_t::replace);
}

}  // namespace fathom::lsp
