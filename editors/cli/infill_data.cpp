#include "editors/cli/infill_data.h"

#include <array>
#include <memory>
#include <string_view>

#include <nlohmann/json.hpp>
#include <zlib.h>

namespace fathom::cli {
namespace {

using nlohmann::json;

// The largest set in use is 11 MB; this keeps a hostile archive from filling the memory.
constexpr size_t kMaxBytes = size_t{1} << 30;

struct CloseGz {
  void operator()(gzFile file) const { gzclose(file); }
};

/// The bytes of a file, decompressed if it is gzipped.
Result<std::string> read_gz(const std::filesystem::path& path) {
  std::error_code error;
  if (!std::filesystem::exists(path, error))
    return fail(ErrorCode::not_found, "{}: no such file", path.string());
  const std::unique_ptr<gzFile_s, CloseGz> file(gzopen(path.c_str(), "rb"));
  if (!file) return fail(ErrorCode::io, "{}: cannot be opened", path.string());

  std::string text;
  std::array<char, 1 << 16> block;
  int n = 0;
  while ((n = gzread(file.get(), block.data(), block.size())) > 0) {
    if (text.size() + size_t(n) > kMaxBytes)
      return fail(ErrorCode::unsupported, "{}: more than {} bytes of text", path.string(),
                  kMaxBytes);
    text.append(block.data(), size_t(n));
  }
  int code = Z_OK;
  const char* message = gzerror(file.get(), &code);
  if (n < 0 || (code != Z_OK && code != Z_STREAM_END))
    return fail(code == Z_ERRNO ? ErrorCode::io : ErrorCode::corrupt,
                "{}: cannot be decompressed ({}); download it again", path.string(), message);
  return text;
}

const std::string* string_at(const json& object, const char* key) {
  if (!object.is_object()) return nullptr;
  const auto field = object.find(key);
  return field == object.end() ? nullptr : field->get_ptr<const std::string*>();
}

}  // namespace

Result<std::vector<InfillTask>> read_infill_tasks(const std::filesystem::path& path) {
  FATHOM_TRY(text, read_gz(path));
  std::vector<InfillTask> tasks;
  size_t number = 0;
  for (size_t begin = 0; begin < text.size();) {
    const size_t end = std::min(text.find('\n', begin), text.size());
    const std::string_view line = std::string_view(text).substr(begin, end - begin);
    begin = end + 1;
    ++number;
    if (line.find_first_not_of(" \t\r") == std::string_view::npos) continue;

    const json object = json::parse(line, nullptr, false);
    const std::string* prefix = string_at(object, "prompt");
    const std::string* suffix = string_at(object, "suffix");
    const std::string* middle = string_at(object, "canonical_solution");
    if (!prefix || !suffix || !middle)
      return fail(ErrorCode::corrupt,
                  "{}, line {}: not a JSON object with the texts prompt, suffix and "
                  "canonical_solution",
                  path.string(), number);
    tasks.push_back({*prefix, *suffix, *middle});
  }
  if (tasks.empty()) return fail(ErrorCode::corrupt, "{}: there are no tasks in it", path.string());
  return tasks;
}

}  // namespace fathom::cli
