#include "engine/checkpoint/json_file.h"

#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "engine/base/mapped_file.h"

namespace fathom::engine {
namespace {

using Json = nlohmann::json;

constexpr size_t kMaxDepth = 64;

/// Builds the value that a parse reports, and stops it at the first thing that is not allowed.
class Builder final : public nlohmann::json_sax<Json> {
 public:
  Builder(const std::string& source, size_t size, Json& out, FlatObject* flat, size_t max_values)
      : source_(source), size_(size), out_(out), flat_(flat), max_values_(max_values) {}

  bool null() override { return add(nullptr) != nullptr; }
  bool boolean(bool value) override { return add(value) != nullptr; }
  bool number_integer(int64_t value) override { return add(value) != nullptr; }
  bool number_unsigned(uint64_t value) override {
    if (!in_flat_) return add(value) != nullptr;
    flat_->members.back().value = value;
    return true;
  }
  bool number_float(double value, const std::string&) override { return add(value) != nullptr; }
  bool string(std::string& value) override { return add(std::move(value)) != nullptr; }
  bool binary(Json::binary_t&) override { return false; }  // JSON text has none

  bool start_object(size_t) override {
    if (!before_flat_) return open(Json::value_t::object);
    before_flat_ = false;
    return in_flat_ = true;
  }
  bool start_array(size_t) override { return open(Json::value_t::array); }
  bool end_object() override {
    if (!in_flat_) return close();
    in_flat_ = false;
    return true;
  }
  bool end_array() override { return close(); }

  bool key(std::string& name) override {
    if (in_flat_) {
      flat_->members.push_back({flat_->names.size(), name.size(), 0});
      flat_->names += name;
      return true;
    }
    if (open_.size() == 1) outer_ = name;
    before_flat_ = flat_ && open_.size() == 2 && outer_ == flat_->outer && name == flat_->inner;
    auto& members = open_.back()->get_ref<Json::object_t&>();
    const auto [member, is_new] = members.try_emplace(std::move(name));
    member_ = &member->second;
    return is_new || stop("'{}' is there twice", member->first);
  }

  bool parse_error(size_t position, const std::string&, const Json::exception& error) override {
    // 406: a number that no double can hold
    return error.id == 406 ? stop("is not JSON: a number is out of range")
                           : stop("is not JSON: the error is at byte {} of {}", position, size_);
  }

  Error& error() { return error_; }

 private:
  /// Puts a value where the next one belongs.
  template <class T>
  Json* add(T&& value) {
    before_flat_ = false;
    if (++n_values_ > max_values_) {
      stop("has more than {} values", max_values_);
      return nullptr;
    }
    if (in_flat_) {
      stop("'{}.{}' has a value that is not a number from 0", flat_->outer, flat_->inner);
      return nullptr;
    }
    if (open_.empty()) {
      out_ = std::forward<T>(value);
      return &out_;
    }
    if (open_.back()->is_object()) {
      *member_ = std::forward<T>(value);
      return member_;
    }
    auto& items = open_.back()->get_ref<Json::array_t&>();
    items.emplace_back(std::forward<T>(value));
    return &items.back();
  }

  bool open(Json::value_t type) {
    Json* value = add(type);
    if (!value) return false;
    open_.push_back(value);
    return open_.size() <= kMaxDepth || stop("is nested deeper than {}", kMaxDepth);
  }

  bool close() {
    open_.pop_back();
    return true;
  }

  template <class... Args>
  bool stop(fmt::format_string<Args...> format, Args&&... args) {
    error_ = {ErrorCode::corrupt,
              source_ + ": " + fmt::format(format, std::forward<Args>(args)...)};
    return false;
  }

  const std::string& source_;
  const size_t size_;
  Json& out_;
  std::vector<Json*> open_;  // the arrays and objects around the next value
  Json* member_ = nullptr;   // the next value, if it belongs into an object
  FlatObject* const flat_;
  const size_t max_values_;
  size_t n_values_ = 0;
  std::string outer_;         // the last key of the outermost object
  bool before_flat_ = false;  // the next value is the flat object, if it is one at all
  bool in_flat_ = false;
  Error error_;
};

}  // namespace

Status parse_json(std::string_view text, const std::string& source, Json& out, FlatObject* flat,
                  size_t max_values) {
  Builder builder(source, text.size(), out, flat, max_values);
  if (!Json::sax_parse(text.begin(), text.end(), &builder))
    return tl::unexpected<Error>(std::move(builder.error()));
  return {};
}

Status read_json_file(const std::filesystem::path& path, size_t max_bytes, Json& out,
                      FlatObject* flat, size_t max_values) {
  FATHOM_TRY(text, read_text_file(path, max_bytes));
  return parse_json(text, path.string(), out, flat, max_values);
}

}  // namespace fathom::engine
