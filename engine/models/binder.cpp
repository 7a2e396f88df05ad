#include "engine/models/binder.h"

#include <algorithm>
#include <limits>

#include <fmt/ranges.h>

#include "engine/quant/dequantize.h"

namespace fathom::engine {
namespace {

std::string computable_types() {
  std::vector<std::string_view> names;
  for (const DType dtype : kAllDTypes) names.push_back(info(dtype).name);
  return fmt::format("{}", fmt::join(names, ", "));
}

// "mlp.experts.*.up_proj.weight" -> "mlp.experts.3.up_proj.weight"
std::string with_index(std::string_view pattern, int64_t index) {
  const size_t star = pattern.find('*');
  return fmt::format("{}{}{}", pattern.substr(0, star), index, pattern.substr(star + 1));
}

}  // namespace

Binder::Scope Binder::top() { return {*this, ""}; }

Binder::Scope Binder::layer(int index) {
  const bool gguf = checkpoint_->format() == Checkpoint::Format::gguf;
  return {*this, fmt::format("{}.{}.", gguf ? "blk" : "model.layers", index)};
}

void Binder::report(ErrorCode code, std::string message) {
  if (status_) status_ = fail(code, "{}: {}", checkpoint_->source(), message);
}

const Weight* Binder::upload(WeightData data) {
  if (!status_) return nullptr;
  const int64_t n_parameters = int64_t{data.count} * data.rows * data.cols;
  auto weight = backend_.upload(std::move(data));
  if (!weight) {
    report(weight.error().code, weight.error().message);
    return nullptr;
  }
  n_parameters_ += n_parameters;
  size_bytes_ += (*weight)->size_bytes();
  weights_.push_back(std::move(*weight));
  return weights_.back().get();
}

uint64_t Binder::bytes_per_token(const TokenPath& path) const {
  const uint64_t lookup_only = path.lookup_only ? path.lookup_only->size_bytes() : 0;
  const uint64_t active = expert_bytes_ / path.n_experts * path.n_active;
  return size_bytes_ - expert_bytes_ - lookup_only + active;
}

std::string Binder::Scope::full(TensorName name) const {
  const std::string_view own = is_gguf() ? name.gguf : name.hugging_face;
  return own.empty() ? std::string() : prefix_ + std::string(own);
}

const TensorInfo* Binder::Scope::find(TensorName name) const {
  const std::string full_name = full(name);
  return full_name.empty() ? nullptr : binder_->checkpoint_->find(full_name);
}

const TensorInfo* Binder::Scope::require_named(std::string_view name,
                                               std::span<const int64_t> shape) const {
  if (!binder_->status_) return nullptr;
  const TensorInfo* tensor = binder_->checkpoint_->find(name);
  if (!tensor) {
    binder_->report(ErrorCode::corrupt, fmt::format("tensor {} is missing", name));
    return nullptr;
  }
  if (!std::ranges::equal(tensor->shape, shape)) {
    binder_->report(ErrorCode::corrupt,
                    fmt::format("tensor {} has shape [{}]; expected [{}]", name,
                                fmt::join(tensor->shape, ", "), fmt::join(shape, ", ")));
    return nullptr;
  }
  if (!tensor->dtype) {
    binder_->report(ErrorCode::unsupported,
                    fmt::format("tensor {} has type {}; fathom computes with {}", name,
                                tensor->type_name, computable_types()));
    return nullptr;
  }
  return tensor;
}

const Weight* Binder::Scope::upload_stored(const TensorInfo* tensor, int64_t count, int64_t rows,
                                           int64_t cols) const {
  constexpr int64_t kMax = std::numeric_limits<int>::max();
  if (!tensor) return nullptr;
  if (count > kMax || rows > kMax || cols > kMax) {
    binder_->report(ErrorCode::unsupported, fmt::format("tensor {} is too large", tensor->name));
    return nullptr;
  }
  return binder_->upload({.name = tensor->name,
                          .dtype = *tensor->dtype,
                          .count = static_cast<int>(count),
                          .rows = static_cast<int>(rows),
                          .cols = static_cast<int>(cols),
                          .bytes = tensor->bytes,
                          .owner = binder_->checkpoint_});
}

const Weight* Binder::Scope::matrix(TensorName name, int64_t rows, int64_t cols) const {
  const int64_t shape[] = {rows, cols};
  return upload_stored(require(name, shape), 1, rows, cols);
}

const Weight* Binder::Scope::heads(TensorName name, int64_t count, int64_t rows,
                                   int64_t cols) const {
  const int64_t shape[] = {count, rows, cols};
  return upload_stored(require(name, shape), count, rows, cols);
}

const Weight* Binder::Scope::vector(TensorName name, int64_t cols) const {
  const int64_t shape[] = {cols};
  const TensorInfo* tensor = require(name, shape);
  if (!tensor) return nullptr;
  auto numbers = std::make_shared<std::vector<float>>(cols);
  dequantize(*tensor->dtype, tensor->bytes, *numbers);
  return upload({.name = tensor->name,
                 .dtype = DType::f32,
                 .cols = static_cast<int>(cols),
                 .bytes = std::as_bytes(std::span(*numbers)),
                 .owner = numbers});
}

const Weight* Binder::Scope::stack(const std::string& pattern, int64_t count, int64_t rows,
                                   int64_t cols) const {
  const int64_t shape[] = {rows, cols};
  std::vector<const TensorInfo*> parts;
  size_t size_bytes = 0;
  for (int64_t i = 0; i < count; ++i) {
    parts.push_back(require_named(with_index(pattern, i), shape));
    if (!parts.back()) return nullptr;
    if (parts[i]->dtype != parts[0]->dtype) {
      binder_->report(
          ErrorCode::unsupported,
          fmt::format("tensor {} has type {}, and {} has {}; fathom needs one type for all experts",
                      parts[0]->name, parts[0]->type_name, parts[i]->name, parts[i]->type_name));
      return nullptr;
    }
    size_bytes += parts[i]->bytes.size();
  }

  auto bytes = std::make_shared<std::vector<std::byte>>();
  bytes->reserve(size_bytes);
  for (const TensorInfo* part : parts)
    bytes->insert(bytes->end(), part->bytes.begin(), part->bytes.end());
  return upload({.name = pattern,
                 .dtype = *parts[0]->dtype,
                 .count = static_cast<int>(count),
                 .rows = static_cast<int>(rows),
                 .cols = static_cast<int>(cols),
                 .bytes = *bytes,
                 .owner = bytes});
}

const Weight* Binder::Scope::experts(TensorName name, int64_t count, int64_t rows,
                                     int64_t cols) const {
  const uint64_t size_before = binder_->size_bytes_;
  const Weight* weight =
      is_gguf() ? heads(name, count, rows, cols) : stack(full(name), count, rows, cols);
  binder_->expert_bytes_ += binder_->size_bytes_ - size_before;
  return weight;
}

std::pair<const Weight*, const Weight*> Binder::Scope::expert_pairs(TensorName name, int64_t count,
                                                                    int64_t rows,
                                                                    int64_t cols) const {
  const int64_t shape[] = {count, 2 * rows, cols};
  const TensorInfo* tensor = require(name, shape);
  if (!tensor) return {};
  const size_t part_bytes = tensor->bytes.size() / (2 * count);
  const uint64_t size_before = binder_->size_bytes_;
  const auto part = [&](int64_t which) {
    auto bytes = std::make_shared<std::vector<std::byte>>();
    bytes->reserve(part_bytes * count);
    for (int64_t i = 0; i < count; ++i) {
      const auto source = tensor->bytes.subspan((2 * i + which) * part_bytes, part_bytes);
      bytes->insert(bytes->end(), source.begin(), source.end());
    }
    return upload({.name = tensor->name,
                   .dtype = *tensor->dtype,
                   .count = static_cast<int>(count),
                   .rows = static_cast<int>(rows),
                   .cols = static_cast<int>(cols),
                   .bytes = *bytes,
                   .owner = bytes});
  };
  const Weight* first = part(0);
  const Weight* second = part(1);
  binder_->expert_bytes_ += binder_->size_bytes_ - size_before;
  return {first, second};
}

}  // namespace fathom::engine
