#include "engine/tokenizer/pre_tokenizer_json.h"

#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

namespace fathom::engine {
namespace {

using Json = nlohmann::json;

constexpr size_t kMaxSteps = 32;

class PreTokenizerReader final {
 public:
  explicit PreTokenizerReader(const std::string& source) : source_(source) {}

  Result<PreTokenizer> read(const Json& json) {
    FATHOM_CHECK(read_step(json));
    if (!ended_) {
      return fail(ErrorCode::unsupported,
                  "{}: 'pre_tokenizer' has no ByteLevel: only byte-level BPE is supported",
                  source_);
    }
    return PreTokenizer(std::move(splits_));
  }

 private:
  Status read_step(const Json& json) {
    const std::string type = json.is_object() ? json.value("type", std::string()) : std::string();
    if (type == "Sequence") return read_sequence(json);
    if (ended_) {
      return fail(ErrorCode::unsupported, "{}: 'pre_tokenizer' goes on after its ByteLevel",
                  source_);
    }
    if (type == "Split") return read_split(json);
    if (type == "Digits") {
      // Rust's char::is_numeric, which Digits uses, is \p{N}.
      const bool each = json.value("individual_digits", false);
      return add_split(Regex::compile(each ? "\\p{N}" : "\\p{N}+"), SplitBehavior::isolated, false);
    }
    if (type == "ByteLevel") return read_byte_level(json);
    return fail(ErrorCode::unsupported, "{}: 'pre_tokenizer' has a step of type '{}'", source_,
                type);
  }

  /// Sequences in sequences end at the depth that parse_json allows.
  Status read_sequence(const Json& json) {
    const auto steps = json.find("pretokenizers");
    if (steps == json.end() || !steps->is_array())
      return fail(ErrorCode::corrupt, "{}: 'pre_tokenizer' is a Sequence of nothing", source_);
    for (const Json& step : *steps) FATHOM_CHECK(read_step(step));
    return {};
  }

  Status read_byte_level(const Json& json) {
    if (json.value("add_prefix_space", true)) {
      return fail(ErrorCode::unsupported,
                  "{}: 'pre_tokenizer' wants 'add_prefix_space', which changes the text", source_);
    }
    ended_ = true;
    if (!json.value("use_regex", true)) return {};
    return add_split(Regex::compile(std::string(kGpt2Pattern)), SplitBehavior::isolated, false);
  }

  Status read_split(const Json& json) {
    const bool invert = json.value("invert", false);
    const std::string name = json.value("behavior", std::string());
    SplitBehavior behavior = SplitBehavior::isolated;
    if (name == "MergedWithPrevious") {
      behavior = SplitBehavior::merged_with_previous;
    } else if (name == "MergedWithNext") {
      behavior = SplitBehavior::merged_with_next;
    } else if (name == "Contiguous") {
      behavior = SplitBehavior::contiguous;
    } else if (name == "Removed" && invert) {
      // A pattern that describes the pieces themselves: it leaves nothing out in practice, and
      // where it would, fathom keeps the text.
    } else if (name != "Isolated") {
      return fail(ErrorCode::unsupported, "{}: 'pre_tokenizer' has a Split with behavior '{}'{}",
                  source_, name, name == "Removed" ? ", which removes text" : "");
    }
    const auto pattern = json.find("pattern");
    if (pattern != json.end() && pattern->is_object()) {
      const auto regex = pattern->find("Regex");
      if (regex != pattern->end() && regex->is_string())
        return add_split(Regex::compile(regex->get<std::string>()), behavior, invert);
      const auto text = pattern->find("String");
      if (text != pattern->end() && text->is_string())
        return add_split(Regex::literal(text->get<std::string>()), behavior, invert);
    }
    return fail(ErrorCode::corrupt, "{}: 'pre_tokenizer' has a Split without a pattern", source_);
  }

  Status add_split(Result<Regex> regex, SplitBehavior behavior, bool invert) {
    if (!regex)
      return fail(regex.error().code, "{}: 'pre_tokenizer': {}", source_, regex.error().message);
    if (splits_.size() == kMaxSteps) {
      return fail(ErrorCode::unsupported, "{}: 'pre_tokenizer' has more than {} steps", source_,
                  kMaxSteps);
    }
    splits_.push_back({std::move(*regex), behavior, invert});
    return {};
  }

  const std::string& source_;
  std::vector<Split> splits_;
  bool ended_ = false;  // a ByteLevel was there: what follows would see its alphabet
};

}  // namespace

Result<PreTokenizer> read_pre_tokenizer(const Json& json, const std::string& source) {
  try {
    return PreTokenizerReader(source).read(json);
  } catch (const Json::exception&) {  // a field of another type than it should have
    return fail(ErrorCode::corrupt, "{}: 'pre_tokenizer' has a field of the wrong type", source);
  }
}

}  // namespace fathom::engine
