#include "engine/checkpoint/json_file.h"

#include <unordered_set>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "engine/base/mapped_file.h"

namespace fathom::engine {
namespace {

using Json = nlohmann::json;

constexpr int kMaxDepth = 64;

/// Watches a parse: which keys the objects have that are open now.
class Watcher final {
 public:
  bool operator()(int depth, Json::parse_event_t event, Json& parsed) {
    if (depth > kMaxDepth) too_deep = true;
    if (event == Json::parse_event_t::object_start) {
      open_.emplace_back();
    } else if (event == Json::parse_event_t::object_end) {
      open_.pop_back();
    } else if (event == Json::parse_event_t::key) {
      auto key = parsed.get<std::string>();
      if (!open_.back().insert(key).second && repeated.empty()) repeated = std::move(key);
    }
    // Nothing of a text that is refused anyway needs to be kept.
    return !too_deep && repeated.empty();
  }

  bool too_deep = false;
  std::string repeated;

 private:
  std::vector<std::unordered_set<std::string>> open_;
};

}  // namespace

Status parse_json(std::string_view text, const std::string& source, Json& out) {
  Watcher watcher;
  try {
    out = Json::parse(text.begin(), text.end(), std::ref(watcher));
  } catch (const Json::parse_error& error) {
    return fail(ErrorCode::corrupt, "{}: is not JSON: the error is at byte {} of {}", source,
                error.byte, text.size());
  } catch (const Json::exception&) {
    return fail(ErrorCode::corrupt, "{}: is not JSON: a number is out of range", source);
  }
  if (watcher.too_deep)
    return fail(ErrorCode::corrupt, "{}: is nested deeper than {}", source, kMaxDepth);
  if (!watcher.repeated.empty())
    return fail(ErrorCode::corrupt, "{}: '{}' is there twice", source, watcher.repeated);
  return {};
}

Status read_json_file(const std::filesystem::path& path, size_t max_bytes, Json& out) {
  FATHOM_TRY(text, read_text_file(path, max_bytes));
  return parse_json(text, path.string(), out);
}

}  // namespace fathom::engine
