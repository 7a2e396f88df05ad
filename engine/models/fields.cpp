#include "engine/models/fields.h"

#include <algorithm>
#include <cmath>

#include "engine/models/limits.h"

namespace fathom::engine {

std::string Fields::key(FieldName name) const {
  if (!is_gguf()) return std::string(name.hugging_face);
  if (name.gguf.empty()) return {};
  return checkpoint_.architecture() + "." + std::string(name.gguf);
}

void Fields::report(FieldName name, std::string_view expected) {
  if (!status_) return;
  status_ = fail(ErrorCode::corrupt, "{}: {} {}; expected {}", checkpoint_.source(), key(name),
                 has(name) ? "has an impossible value" : "is missing", expected);
}

void Fields::refuse(std::string_view what) {
  if (status_) status_ = fail(ErrorCode::unsupported, "{}: {}", checkpoint_.source(), what);
}

Result<std::vector<std::string>> Fields::notes() const {
  FATHOM_CHECK(status_);
  return notes_;
}

int Fields::integer(FieldName name, int low, int high) {
  const auto value = checkpoint_.metadata().integer(key(name));
  if (value && *value >= low && *value <= high) return static_cast<int>(*value);
  report(name, fmt::format("an integer from {} to {}", low, high));
  return low;
}

int Fields::vocab_size() {
  if (!is_gguf()) return count({"vocab_size", ""}, kMaxVocab);
  const TensorInfo* table = checkpoint_.find("token_embd.weight");
  if (table && table->shape.size() == 2 && table->shape[0] >= 1 && table->shape[0] <= kMaxVocab)
    return static_cast<int>(table->shape[0]);
  if (status_)
    status_ = fail(ErrorCode::corrupt, "{}: tensor token_embd.weight {}", checkpoint_.source(),
                   table ? "has an impossible shape" : "is missing");
  return 1;
}

double Fields::positive(FieldName name) {
  const auto value = checkpoint_.metadata().number(key(name));
  if (value && std::isfinite(*value) && *value > 0) return *value;
  report(name, "a number above 0");
  return 1.0;
}

double Fields::positive_or(FieldName name, double fallback) {
  return has(name) ? positive(name) : fallback;
}

double Fields::number_or(FieldName name, double fallback) {
  if (!has(name)) return fallback;
  const auto value = checkpoint_.metadata().number(key(name));
  if (value && std::isfinite(*value)) return *value;
  report(name, "a number");
  return fallback;
}

std::vector<double> Fields::numbers(FieldName name, double low, double high) {
  const Metadata& metadata = checkpoint_.metadata();
  std::vector<double> list;
  if (const auto alone = metadata.number(key(name))) list.push_back(*alone);
  for (const int64_t number : metadata.integers(key(name)))
    list.push_back(static_cast<double>(number));
  for (const double number : metadata.numbers(key(name))) list.push_back(number);
  const auto is_possible = [&](double number) { return number >= low && number <= high; };
  if (!std::ranges::all_of(list, is_possible) || (list.empty() && has(name)))
    report(name, fmt::format("numbers from {} to {}", low, high));
  return list;
}

bool Fields::flag_or(FieldName name, bool fallback) const {
  return checkpoint_.metadata().boolean(key(name)).value_or(fallback);
}

std::string Fields::string_or(FieldName name, std::string_view fallback) const {
  const std::string* value = checkpoint_.metadata().string(key(name));
  return value ? *value : std::string(fallback);
}

}  // namespace fathom::engine
