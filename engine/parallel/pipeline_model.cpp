#include "engine/parallel/pipeline_model.h"

#include <utility>
#include <vector>

#include "engine/parallel/load_side_by_side.h"

namespace fathom::engine {
namespace {

/// A stage that is loaded.
struct Part {
  Backend* backend = nullptr;
  std::unique_ptr<Model> model;
  KvStore cache;  // its part of the step's
};

class PipelineModel final : public Model {
 public:
  explicit PipelineModel(std::vector<Part> parts);

  const ModelSize& size() const override { return size_; }
  std::span<const int> cache_widths() const override { return cache_widths_; }
  Backend* cache_backend(int index) const override { return cache_backends_[index]; }
  DType cache_type() const override { return parts_.front().model->cache_type(); }
  int max_batch() const override { return parts_.front().model->max_batch(); }
  Status forward(const Batch& batch, const KvStore& cache, std::span<float> logits,
                 const Interrupt& interrupt) override;
  Status all_logits(int i, std::span<float> logits) override {
    return parts_.back().model->all_logits(i, logits);
  }
  bool can_draft() const override { return parts_.back().model->can_draft(); }
  Status draft(const Batch& batch, std::span<const TokenId> next, const KvStore& cache,
               std::span<float> logits) override;

 private:
  void share_out(const KvStore& cache);
  Status pass_on(const Part& from, const Part& to, int n_rows);

  std::vector<Part> parts_;
  ModelSize size_;
  std::vector<int> cache_widths_;
  std::vector<Backend*> cache_backends_;  // of each width
  std::vector<float> hidden_;             // between two stages
};

PipelineModel::PipelineModel(std::vector<Part> parts) : parts_(std::move(parts)) {
  size_ = parts_.front().model->size();
  for (Part& part : parts_) {
    const std::span<const int> widths = part.model->cache_widths();
    cache_widths_.insert(cache_widths_.end(), widths.begin(), widths.end());
    cache_backends_.insert(cache_backends_.end(), widths.size(), part.backend);
    part.cache.layers.reserve(widths.size());
    if (&part == &parts_.front()) continue;
    // The first and the last one have the embedding.
    const bool is_last = &part == &parts_.back();
    size_.n_parameters +=
        part.model->size().n_parameters - (is_last ? int64_t{size_.vocab_size} * size_.dim : 0);
    size_.bytes_per_token += part.model->size().bytes_per_token;
    size_.expert_bytes_per_token += part.model->size().expert_bytes_per_token;
  }
  const Tensor hidden = parts_.front().model->hidden();
  hidden_.resize(static_cast<size_t>(hidden.rows) * static_cast<size_t>(hidden.cols));
}

void PipelineModel::share_out(const KvStore& cache) {
  auto next = cache.layers.begin();
  for (Part& part : parts_) {
    const auto begin = next;
    next += static_cast<std::ptrdiff_t>(part.model->cache_widths().size());
    part.cache.layers.assign(begin, next);
  }
}

Status PipelineModel::pass_on(const Part& from, const Part& to, int n_rows) {
  const Tensor x = from.model->hidden().first_rows(n_rows);
  const auto numbers =
      std::span(hidden_).first(static_cast<size_t>(n_rows) * static_cast<size_t>(x.cols));
  FATHOM_CHECK(from.backend->download(numbers, x));
  to.backend->write(to.model->hidden().first_rows(n_rows), numbers);
  return {};
}

Status PipelineModel::forward(const Batch& batch, const KvStore& cache, std::span<float> logits,
                              const Interrupt& interrupt) {
  share_out(cache);
  Batch without_logits = batch;
  without_logits.logit_rows = {};
  without_logits.tops = {};
  for (size_t i = 0; i + 1 < parts_.size(); ++i) {
    const Part& part = parts_[i];
    FATHOM_CHECK(part.model->forward(without_logits, part.cache, {}, interrupt));
    FATHOM_CHECK(pass_on(part, parts_[i + 1], static_cast<int>(batch.tokens.size())));
  }
  return parts_.back().model->forward(batch, parts_.back().cache, logits, interrupt);
}

Status PipelineModel::draft(const Batch& batch, std::span<const TokenId> next, const KvStore& cache,
                            std::span<float> logits) {
  share_out(cache);
  return parts_.back().model->draft(batch, next, parts_.back().cache, logits);
}

}  // namespace

Result<std::unique_ptr<Model>> load_pipeline_model(std::shared_ptr<const Checkpoint> checkpoint,
                                                   std::span<const Stage> stages,
                                                   const ModelOptions& options) {
  FATHOM_ASSERT(!stages.empty());
  FATHOM_TRY(models, load_side_by_side(stages.size(), options, [&](size_t i, ModelOptions own) {
               own.layers = stages[i].layers;
               return load_model(checkpoint, *stages[i].backend, own);
             }));
  std::vector<Part> parts;
  for (size_t i = 0; i < stages.size(); ++i)
    parts.push_back({.backend = stages[i].backend, .model = std::move(models[i]), .cache = {}});
  return std::make_unique<PipelineModel>(std::move(parts));
}

}  // namespace fathom::engine
