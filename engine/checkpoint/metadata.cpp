#include "engine/checkpoint/metadata.h"

namespace fathom::engine {
namespace {

/// The value of `key` if it is there and a T.
template <class T>
const T* find(const std::map<std::string, Metadata::Value, std::less<>>& values,
              std::string_view key) {
  const auto found = values.find(key);
  return found == values.end() ? nullptr : std::get_if<T>(&found->second);
}

template <class T>
std::optional<T> copy(const T* value) {
  return value ? std::optional<T>(*value) : std::nullopt;
}

template <class T>
std::span<const T> view(const std::vector<T>* values) {
  return values ? std::span<const T>(*values) : std::span<const T>();
}

}  // namespace

std::optional<bool> Metadata::boolean(std::string_view key) const {
  return copy(find<bool>(values_, key));
}

std::optional<int64_t> Metadata::integer(std::string_view key) const {
  return copy(find<int64_t>(values_, key));
}

std::optional<double> Metadata::number(std::string_view key) const {
  if (const auto whole = integer(key)) return static_cast<double>(*whole);
  return copy(find<double>(values_, key));
}

const std::string* Metadata::string(std::string_view key) const {
  return find<std::string>(values_, key);
}

std::span<const int64_t> Metadata::integers(std::string_view key) const {
  return view(find<std::vector<int64_t>>(values_, key));
}

std::span<const double> Metadata::numbers(std::string_view key) const {
  return view(find<std::vector<double>>(values_, key));
}

std::span<const std::string> Metadata::strings(std::string_view key) const {
  return view(find<std::vector<std::string>>(values_, key));
}

}  // namespace fathom::engine
