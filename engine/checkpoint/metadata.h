// The key-value part of a model file, whatever its format.
//
// GGUF keys are as in the file ("deepseek2.block_count"). A Hugging Face config.json is flattened:
// nested keys are joined by dots ("rope_scaling.factor"); null means absent.
//
// Immutable once read; any thread.

#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace fathom::engine {

class Metadata final {
 public:
  using Value = std::variant<bool, int64_t, double, std::string, std::vector<int64_t>,
                             std::vector<double>, std::vector<std::string>>;

  void set(std::string key, Value value) {
    values_.insert_or_assign(std::move(key), std::move(value));
  }

  bool has(std::string_view key) const { return values_.find(key) != values_.end(); }
  /// Each is nothing where the key is absent or of another kind; number() accepts integers too.
  std::optional<bool> boolean(std::string_view key) const;
  std::optional<int64_t> integer(std::string_view key) const;
  std::optional<double> number(std::string_view key) const;
  const std::string* string(std::string_view key) const;
  std::span<const int64_t> integers(std::string_view key) const;
  std::span<const double> numbers(std::string_view key) const;
  std::span<const std::string> strings(std::string_view key) const;

  const std::map<std::string, Value, std::less<>>& all() const { return values_; }

 private:
  std::map<std::string, Value, std::less<>> values_;
};

}  // namespace fathom::engine
