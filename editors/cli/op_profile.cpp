#include "editors/cli/op_profile.h"

#include <algorithm>
#include <numeric>

#include "engine/kv_memory.h"
#include "engine/model.h"

namespace fathom::cli {
namespace {

class Never final : public engine::Interrupt {
 public:
  bool requested() const override { return false; }
};

/// One sequence in slots 0, 1, 2, ...
class Sequence final {
 public:
  static Result<Sequence> create(engine::Model& model, engine::Backend& backend, int n_slots) {
    Sequence sequence(model);
    FATHOM_TRY(cache, engine::KvMemory::allocate(model, backend, n_slots));
    sequence.cache_ = std::move(cache);
    sequence.slots_.resize(size_t(n_slots));
    std::iota(sequence.slots_.begin(), sequence.slots_.end(), 0);
    sequence.logits_.resize(size_t(model.size().vocab_size));
    return sequence;
  }

  /// Computes the next tokens and returns the likeliest one behind them.
  Result<engine::TokenId> append(std::span<const engine::TokenId> tokens) {
    const auto n = static_cast<int>(tokens.size());
    const std::span<const int32_t> places = std::span(slots_).subspan(size_t(length_), size_t(n));
    length_ += n;
    const engine::SequenceRows rows = {
        .first_row = 0, .n_rows = n, .slots = std::span(slots_).first(size_t(length_))};
    const int32_t last = n - 1;
    FATHOM_CHECK(model_->forward({.tokens = tokens,
                                  .positions = places,  // slot p holds position p
                                  .slots = places,
                                  .sequences = {&rows, 1},
                                  .logit_rows = {&last, 1}},
                                 cache_.store, logits_, Never()));
    return static_cast<engine::TokenId>(std::ranges::max_element(logits_) - logits_.begin());
  }

 private:
  explicit Sequence(engine::Model& model) : model_(&model) {}

  engine::Model* model_;
  engine::KvMemory cache_;
  std::vector<engine::SlotId> slots_;
  std::vector<float> logits_;
  int length_ = 0;
};

}  // namespace

Result<OpProfile> profile_ops(std::shared_ptr<const engine::Checkpoint> checkpoint,
                              const std::string& backend, int n_threads, engine::DType cache_type,
                              std::span<const engine::TokenId> prompt, int n_decode) {
  FATHOM_TRY(device, engine::make_backend(backend, {.n_threads = n_threads, .pack_first = true}));
  engine::TimingBackend timing(*device);
  const int chunk = device->prefill_rows();
  FATHOM_TRY(model, engine::load_model(std::move(checkpoint), timing,
                                       {.max_batch = chunk, .cache_type = cache_type}));
  FATHOM_TRY(sequence,
             Sequence::create(*model, timing, static_cast<int>(prompt.size()) + n_decode));

  OpProfile profile;
  engine::TokenId next = 0;
  for (size_t begin = 0; begin < prompt.size(); begin += chunk) {
    FATHOM_TRY(token, sequence.append(
                          prompt.subspan(begin, std::min<size_t>(chunk, prompt.size() - begin))));
    next = token;
  }
  profile.prefill = timing.times();

  timing.reset();
  for (int i = 0; i < n_decode; ++i) {
    FATHOM_TRY(token, sequence.append({&next, 1}));
    next = token;
  }
  profile.decode = timing.times();
  return profile;
}

}  // namespace fathom::cli
