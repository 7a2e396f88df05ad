#include "engine/models/binder.h"

#include <algorithm>
#include <cstring>
#include <functional>
#include <limits>
#include <numeric>

#include <fmt/ranges.h>

#include "engine/base/file_pages.h"
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

template <class T>
T read_at(std::span<const std::byte> bytes, size_t index) {
  T number;
  std::memcpy(&number, bytes.data() + index * sizeof number, sizeof number);
  return number;
}

/// The file that the bytes lie in, or null.
const MappedFile* file_of(const Checkpoint& checkpoint, std::span<const std::byte> bytes) {
  const std::less<> before;
  for (const MappedFile& file : checkpoint.files()) {
    const std::byte* begin = file.bytes().data();
    if (!before(bytes.data(), begin) && before(bytes.data(), begin + file.bytes().size()))
      return &file;
  }
  return nullptr;
}

/// The file does not have to be in memory a second time.
void release_pages(const Checkpoint& checkpoint, std::span<const std::byte> bytes) {
  if (const MappedFile* file = file_of(checkpoint, bytes)) release_file_pages(file->bytes(), bytes);
}

}  // namespace

Binder::Scope Binder::top() { return {*this, ""}; }

Binder::Scope Binder::below(std::string prefix) { return {*this, std::move(prefix)}; }

Binder::Scope Binder::layer(int index) {
  const bool gguf = checkpoint_->format() == Checkpoint::Format::gguf;
  return {*this, fmt::format("{}.{}.", gguf ? "blk" : "model.layers", index)};
}

void Binder::report(ErrorCode code, std::string message) {
  if (status_) status_ = fail(code, "{}: {}", checkpoint_->source(), message);
}

const Weight* Binder::upload(WeightData data) {
  if (!status_) return nullptr;
  loaded_bytes_ += data.bytes.size();
  data.is_experts = binds_experts_;
  auto weight = backend_.upload(std::move(data));
  if (!weight) {
    report(weight.error().code, weight.error().message);
    return nullptr;
  }
  size_bytes_ += (*weight)->size_bytes();
  if (binds_experts_) expert_bytes_ += (*weight)->size_bytes();
  weights_.push_back(std::move(*weight));
  if (watch_.on_progress) {
    const double progress = double(loaded_bytes_) / std::max<double>(1, checkpoint_->size_bytes());
    watch_.on_progress(std::min(1.0, progress));
  }
  return weights_.back().get();
}

Binder::TokenBytes Binder::token_bytes(const TokenPath& path) const {
  const uint64_t lookup_only = path.lookup_only ? path.lookup_only->size_bytes() : 0;
  const uint64_t active = expert_bytes_ / path.n_experts * path.n_active;
  return {.all = size_bytes_ - expert_bytes_ - lookup_only + active, .experts = active};
}

std::string Binder::Scope::full(TensorName name) const {
  const std::string_view own = is_gguf() ? name.gguf : name.hugging_face;
  return own.empty() ? std::string() : prefix_ + std::string(own);
}

const TensorInfo* Binder::Scope::find(TensorName name) const {
  const std::string full_name = full(name);
  return full_name.empty() ? nullptr : binder_->checkpoint_->find(full_name);
}

const TensorInfo* Binder::Scope::require_shape(std::string_view name,
                                               std::span<const int64_t> shape) const {
  if (!binder_->status_) return nullptr;
  if (binder_->watch_.cancel.cancelled()) {
    binder_->report(ErrorCode::cancelled, "loading was given up");
    return nullptr;
  }
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
  if (Status intact = binder_->checkpoint_->check_intact(*tensor); !intact) {
    binder_->status_ = std::move(intact);
    return nullptr;
  }
  return tensor;
}

const TensorInfo* Binder::Scope::require_named(std::string_view name,
                                               std::span<const int64_t> shape) const {
  const TensorInfo* tensor = require_shape(name, shape);
  if (!tensor) return nullptr;
  if (!tensor->dtype) {
    binder_->report(ErrorCode::unsupported,
                    fmt::format("tensor {} has type {}; fathom computes with {}", name,
                                tensor->type_name, computable_types()));
    return nullptr;
  }
  binder_->n_parameters_ +=
      std::accumulate(shape.begin(), shape.end(), int64_t{1}, std::multiplies<>());
  return tensor;
}

std::optional<StoredMatrix> Binder::Scope::require_matrix_named(const std::string& name,
                                                                int64_t rows, int64_t cols) const {
  if (!binder_->status_) return std::nullopt;
  const Checkpoint& checkpoint = *binder_->checkpoint_;
  const TensorInfo* tensor = checkpoint.find(name);
  if (tensor && is_scaled(checkpoint, *tensor)) {
    auto matrix = read_scaled_matrix(checkpoint, *tensor, rows, cols);
    if (!matrix) {
      binder_->report(matrix.error().code, matrix.error().message);
      return std::nullopt;
    }
    binder_->n_parameters_ += rows * cols;
    return std::move(*matrix);
  }
  const int64_t shape[] = {rows, cols};
  tensor = require_named(name, shape);
  if (!tensor) return std::nullopt;
  return StoredMatrix{.name = tensor->name, .dtype = *tensor->dtype, .bytes = tensor->bytes};
}

const Weight* Binder::Scope::upload_matrix(StoredMatrix matrix, int64_t count, int64_t rows,
                                           int64_t cols) const {
  if (count == 0 || rows == 0 || cols == 0) return nullptr;
  constexpr int64_t kMax = std::numeric_limits<int>::max();
  if (count > kMax || rows > kMax || cols > kMax) {
    binder_->report(ErrorCode::unsupported, fmt::format("tensor {} is too large", matrix.name));
    return nullptr;
  }
  struct Owner {
    StoredMatrix matrix;
    std::shared_ptr<const Checkpoint> checkpoint;
  };
  const auto owner = std::make_shared<const Owner>(Owner{std::move(matrix), binder_->checkpoint_});
  const StoredMatrix& m = owner->matrix;
  const Weight* weight =
      binder_->upload({.name = m.name,
                       .dtype = m.dtype,
                       .count = static_cast<int>(count),
                       .rows = static_cast<int>(rows),
                       .cols = static_cast<int>(cols),
                       .bytes = m.bytes,
                       .scales = {.rows = m.block_rows, .cols = m.block_cols, .values = m.scales},
                       .owner = owner,
                       .file = file_of(*binder_->checkpoint_, m.bytes)});
  release_pages(*binder_->checkpoint_, m.bytes);
  return weight;
}

int64_t Binder::Scope::column_unit(TensorName name) const {
  constexpr int kFp4Block = 32;    // as MXFP4, which it becomes
  constexpr int kScaledBlock = 4;  // see BlockScales
  const TensorInfo* tensor = find(name);
  if (!tensor || !tensor->dtype) return kFp4Block;
  return *tensor->dtype == DType::f8_e4m3 ? kScaledBlock : info(*tensor->dtype).block_elements;
}

const Weight* Binder::Scope::matrix(TensorName name, int64_t rows, int64_t cols,
                                    MatrixPart part) const {
  auto matrix = require_matrix(name, rows, cols);
  if (!matrix) return nullptr;
  part = {part.rows.below(rows), part.cols.below(cols)};
  const std::span<const std::byte> stored = matrix->bytes;
  StoredMatrix own = cut(std::move(*matrix), cols, part.rows, part.cols);
  if (part.cols.size() < cols) release_pages(*binder_->checkpoint_, stored);
  return upload_matrix(std::move(own), 1, part.rows.size(), part.cols.size());
}

const Weight* Binder::Scope::row_groups(TensorName name, int64_t count, int64_t rows,
                                        int64_t cols) const {
  auto matrix = require_matrix(name, count * rows, cols);
  if (!matrix) return nullptr;
  if (matrix->block_rows > 0) {
    const int unit = static_cast<int>(std::gcd<int64_t>(matrix->block_rows, rows));
    std::vector<float> scales;
    append_scales(*matrix, cols, 0, count * rows, unit, scales);
    matrix->scales = std::move(scales);
    matrix->block_rows = unit;
  }
  return upload_matrix(std::move(*matrix), count, rows, cols);
}

const Weight* Binder::Scope::heads(TensorName name, int64_t count, int64_t rows, int64_t cols,
                                   Range part) const {
  const int64_t shape[] = {count, rows, cols};
  const TensorInfo* tensor = require(name, shape);
  if (!tensor) return nullptr;
  part = part.below(count);
  const Range bytes = part.times(std::ssize(tensor->bytes) / count);
  return upload_matrix({.name = tensor->name,
                        .dtype = *tensor->dtype,
                        .bytes = tensor->bytes.subspan(bytes.begin, bytes.size())},
                       part.size(), rows, cols);
}

std::vector<int32_t> Binder::Scope::indices(TensorName name, int64_t rows, int64_t cols,
                                            int64_t limit) const {
  const int64_t shape[] = {rows, cols};
  const TensorInfo* tensor = require_shape(full(name), shape);
  if (!tensor) return {};
  const bool is_wide = tensor->type_name == "I64";
  if (!is_wide && tensor->type_name != "I32") {
    binder_->report(ErrorCode::unsupported,
                    fmt::format("tensor {} has type {}; fathom takes I32 and I64 there",
                                tensor->name, tensor->type_name));
    return {};
  }

  std::vector<int32_t> table(rows * cols);
  for (size_t i = 0; i < table.size(); ++i) {
    const int64_t number =
        is_wide ? read_at<int64_t>(tensor->bytes, i) : read_at<int32_t>(tensor->bytes, i);
    if (number < 0 || number >= limit) {
      binder_->report(ErrorCode::corrupt, fmt::format("tensor {} has {}; expected 0 to {}",
                                                      tensor->name, number, limit - 1));
      return {};
    }
    table[i] = static_cast<int32_t>(number);
  }
  return table;
}

const Weight* Binder::Scope::vector(TensorName name, int64_t cols, Range part) const {
  const int64_t shape[] = {cols};
  const TensorInfo* tensor = require(name, shape);
  if (!tensor) return nullptr;
  part = part.below(cols);
  auto numbers = std::make_shared<std::vector<float>>(cols);
  dequantize(*tensor->dtype, tensor->bytes, *numbers);
  return upload({.name = tensor->name,
                 .dtype = DType::f32,
                 .cols = static_cast<int>(part.size()),
                 .bytes = std::as_bytes(std::span(*numbers).subspan(part.begin, part.size())),
                 .owner = numbers});
}

const Weight* Binder::Scope::stack(const std::string& pattern, int64_t count, int64_t rows,
                                   int64_t cols, Range which) const {
  auto bytes = std::make_shared<std::vector<std::byte>>();
  StoredMatrix all;
  for (int64_t i = which.begin; i < which.end; ++i) {
    auto part = require_matrix_named(with_index(pattern, i), rows, cols);
    if (!part) return nullptr;
    if (i == which.begin) {
      bytes->reserve(part->bytes.size() * which.size());
      all = {.name = part->name,
             .dtype = part->dtype,
             .block_rows = part->block_rows,
             .block_cols = part->block_cols};
    }
    if (part->dtype != all.dtype) {
      binder_->report(
          ErrorCode::unsupported,
          fmt::format("tensor {} has type {}, and {} has {}; fathom needs one type for all experts",
                      all.name, info(all.dtype).name, part->name, info(part->dtype).name));
      return nullptr;
    }
    bytes->insert(bytes->end(), part->bytes.begin(), part->bytes.end());
    release_pages(*binder_->checkpoint_, part->bytes);
    all.scales.insert(all.scales.end(), part->scales.begin(), part->scales.end());
  }
  all.name = pattern;
  all.bytes = *bytes;
  all.made = std::move(bytes);
  binder_->n_parameters_ += (count - which.size()) * rows * cols;
  return upload_matrix(std::move(all), which.size(), rows, cols);
}

const Weight* Binder::Scope::experts(TensorName name, int64_t count, int64_t rows, int64_t cols,
                                     Range part) const {
  part = part.below(count);
  binder_->binds_experts_ = true;
  const Weight* weight =
      is_gguf() ? heads(name, count, rows, cols, part) : stack(full(name), count, rows, cols, part);
  binder_->binds_experts_ = false;
  return weight;
}

std::pair<const Weight*, const Weight*> Binder::Scope::expert_pairs(TensorName name, int64_t count,
                                                                    int64_t rows, int64_t cols,
                                                                    Range part) const {
  part = part.below(count);
  const int64_t shape[] = {count, 2 * rows, cols};
  const TensorInfo* tensor = require(name, shape);
  if (!tensor) return {};
  const size_t part_bytes = tensor->bytes.size() / (2 * count);
  binder_->binds_experts_ = true;
  const auto pick = [&](int64_t which) {
    auto bytes = std::make_shared<std::vector<std::byte>>();
    bytes->reserve(part_bytes * part.size());
    for (int64_t i = part.begin; i < part.end; ++i) {
      const auto source = tensor->bytes.subspan((2 * i + which) * part_bytes, part_bytes);
      bytes->insert(bytes->end(), source.begin(), source.end());
    }
    return upload_matrix(
        {.name = tensor->name, .dtype = *tensor->dtype, .bytes = *bytes, .made = bytes},
        part.size(), rows, cols);
  };
  const Weight* first = pick(0);
  const Weight* second = pick(1);
  binder_->binds_experts_ = false;
  return {first, second};
}

}  // namespace fathom::engine
