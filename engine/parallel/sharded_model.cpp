#include "engine/parallel/sharded_model.h"

#include <thread>
#include <utility>

#include "engine/parallel/agreed_interrupt.h"
#include "engine/parallel/barrier.h"
#include "engine/parallel/load_side_by_side.h"

namespace fathom::engine {
namespace {

struct Rank {
  Backend* backend = nullptr;
  std::unique_ptr<Communicator> communicator;
  std::unique_ptr<Model> model;
  KvStore cache;  // its part of the step's
  Status status;  // of the step
};

/// What all ranks are to compute: forward(), or draft() if there is no interrupt.
struct Step {
  const Batch* batch = nullptr;
  std::span<const TokenId> next;
  const KvStore* cache = nullptr;
  std::span<float> logits;
  AgreedInterrupt* interrupt = nullptr;
};

/// One rank's questions.
class RankInterrupt final : public Interrupt {
 public:
  RankInterrupt(AgreedInterrupt& agreed, const Communicator& communicator)
      : agreed_(agreed), communicator_(communicator) {}

  bool requested() const override {
    return agreed_.requested_at(n_asked_++) || !communicator_.status();
  }

 private:
  AgreedInterrupt& agreed_;
  const Communicator& communicator_;
  mutable int n_asked_ = 0;
};

class ShardedModel final : public Model {
 public:
  explicit ShardedModel(std::vector<Rank> ranks);
  ~ShardedModel() override { barrier_.break_up(); }

  const ModelSize& size() const override { return size_; }
  std::span<const int> cache_widths() const override { return cache_widths_; }
  Backend* cache_backend(int index) const override {
    return ranks_[index / widths_per_rank()].backend;
  }
  DType cache_type() const override { return ranks_.front().model->cache_type(); }
  int max_batch() const override { return ranks_.front().model->max_batch(); }
  Status forward(const Batch& batch, const KvStore& cache, std::span<float> logits,
                 const Interrupt& interrupt) override;
  Status all_logits(int i, std::span<float> logits) override {
    return ranks_.front().model->all_logits(i, logits);
  }
  bool can_draft() const override { return ranks_.front().model->can_draft(); }
  Status draft(const Batch& batch, std::span<const TokenId> next, const KvStore& cache,
               std::span<float> logits) override;

 private:
  size_t widths_per_rank() const { return cache_widths_.size() / ranks_.size(); }
  Status run(const Step& step);
  void run_rank(size_t index);
  Status compute(size_t index);

  std::vector<Rank> ranks_;
  ModelSize size_;
  std::vector<int> cache_widths_;
  Step step_;                          // written before all ranks meet, read until they meet again
  Barrier barrier_;                    // where they meet before and after a step
  std::vector<std::jthread> threads_;  // of all ranks but the first; last: they use all above
};

ShardedModel::ShardedModel(std::vector<Rank> ranks)
    : ranks_(std::move(ranks)), barrier_(static_cast<int>(ranks_.size())) {
  size_ = ranks_.front().model->size();
  size_.bytes_per_token = 0;
  size_.expert_bytes_per_token = 0;
  for (Rank& rank : ranks_) {
    const std::span<const int> widths = rank.model->cache_widths();
    size_.bytes_per_token += rank.model->size().bytes_per_token;
    size_.expert_bytes_per_token += rank.model->size().expert_bytes_per_token;
    cache_widths_.insert(cache_widths_.end(), widths.begin(), widths.end());
    rank.cache.layers.reserve(widths.size());
  }
  for (size_t i = 1; i < ranks_.size(); ++i)
    threads_.emplace_back([this, i] {
      while (barrier_.arrive_and_wait()) {
        run_rank(i);
        barrier_.arrive_and_wait();
      }
    });
}

Status ShardedModel::forward(const Batch& batch, const KvStore& cache, std::span<float> logits,
                             const Interrupt& interrupt) {
  AgreedInterrupt agreed(interrupt);
  return run({.batch = &batch, .cache = &cache, .logits = logits, .interrupt = &agreed});
}

Status ShardedModel::draft(const Batch& batch, std::span<const TokenId> next, const KvStore& cache,
                           std::span<float> logits) {
  return run({.batch = &batch, .next = next, .cache = &cache, .logits = logits});
}

Status ShardedModel::run(const Step& step) {
  FATHOM_CHECK(ranks_.front().communicator->status());
  step_ = step;
  barrier_.arrive_and_wait();
  run_rank(0);
  barrier_.arrive_and_wait();
  FATHOM_CHECK(ranks_.front().communicator->status());
  return ranks_.front().status;
}

void ShardedModel::run_rank(size_t index) {
  Rank& rank = ranks_[index];
  const auto all = step_.cache->layers.begin() + index * widths_per_rank();
  rank.cache.layers.assign(all, all + widths_per_rank());
  rank.status = compute(index);
  if (rank.status || rank.status.error().code == ErrorCode::cancelled) return;
  for (const Rank& any : ranks_) any.communicator->abort(rank.status.error());
}

Status ShardedModel::compute(size_t index) {
  const Rank& rank = ranks_[index];
  const bool is_first = index == 0;
  Batch batch = *step_.batch;
  if (!is_first) {
    batch.logit_rows = {};
    batch.tops = {};
    batch.probe = nullptr;
  }
  const std::span<float> logits = is_first ? step_.logits : std::span<float>();
  if (!step_.interrupt) return rank.model->draft(batch, step_.next, rank.cache, logits);
  const RankInterrupt interrupt(*step_.interrupt, *rank.communicator);
  return rank.model->forward(batch, rank.cache, logits, interrupt);
}

}  // namespace

Result<std::unique_ptr<Model>> load_sharded_model(std::shared_ptr<const Checkpoint> checkpoint,
                                                  std::vector<RankDevice> devices,
                                                  const ModelOptions& options) {
  FATHOM_ASSERT(!devices.empty());
  FATHOM_TRY(models, load_side_by_side(devices.size(), options, [&](size_t i, ModelOptions own) {
               own.ranks = devices[i].communicator.get();
               return load_model(checkpoint, *devices[i].backend, own);
             }));
  std::vector<Rank> ranks;
  for (size_t i = 0; i < devices.size(); ++i)
    ranks.push_back({.backend = devices[i].backend,
                     .communicator = std::move(devices[i].communicator),
                     .model = std::move(models[i])});
  return std::make_unique<ShardedModel>(std::move(ranks));
}

}  // namespace fathom::engine
