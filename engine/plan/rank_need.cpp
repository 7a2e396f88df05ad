#include "engine/plan/rank_need.h"

#include <algorithm>
#include <numeric>

#include "engine/plan/assumptions.h"
#include "engine/plan/busiest_rank.h"

namespace fathom::engine {
namespace {

constexpr int64_t kFloat = 4;

int64_t divide_up(int64_t n, int64_t by) { return (n + by - 1) / by; }

class Need final {
 public:
  Need(const ModelParts& model, const Sharing& sharing) : model_(model), sharing_(sharing) {
    if (model.n_experts > 0)
      busiest_ = experts_on_busiest_rank(model.n_experts, model.n_active, sharing.n_ranks);
  }

  RankNeed run() {
    for (int i = sharing_.first_layer; i < sharing_.end_layer; ++i) add(model_.layers[i]);
    if (model_.tied && has_head()) add_tied_head();
    add_scratch();
    return need_;
  }

 private:
  bool has_head() const {
    return sharing_.first_layer < model_.n_layers && sharing_.end_layer >= model_.n_layers;
  }

  /// Of n bytes or parameters of a piece.
  int64_t share(const Piece& piece, int64_t n) const { return share(piece.rule.split, n); }
  int64_t share(Split split, int64_t n) const {
    const int ranks = sharing_.n_ranks;
    switch (split) {
      case Split::whole:
        return n;
      case Split::kv_heads:
        return model_.n_kv_heads % ranks == 0 ? divide_up(n, ranks) : n;
      case Split::heads:
      case Split::columns:
        return divide_up(n, ranks);
      case Split::experts:
        return n / model_.n_experts * divide_up(model_.n_experts, ranks);
    }
    return n;
  }

  void add(const LayerParts& layer) {
    for (const Piece& piece : layer.pieces) add(piece);
    const int64_t row = share(layer.cache_split, layer_cache_bytes(layer, model_.cache_type));
    need_.cache_bytes += row * sharing_.context_tokens;
    if (layer.is_draft) return;
    need_.cache_read_bytes += row * sharing_.context_tokens;
    need_.pair_products += static_cast<double>(layer.pair_products) / sharing_.n_ranks;
  }

  void add(const Piece& piece) {
    const auto part = static_cast<size_t>(piece.rule.part);
    need_.part_bytes[part] += share(piece, piece.n_bytes);
    switch (piece.rule.part) {
      case Part::embedding:  // a row of it
      case Part::draft:
        break;
      case Part::routed: {
        const auto expert = static_cast<double>(piece.n_bytes) / model_.n_experts;
        need_.read_bytes[part] += static_cast<int64_t>(expert * busiest_);
        // The tokens of a prompt pass all experts about equally often.
        need_.products += static_cast<double>(piece.n_parameters) / model_.n_experts *
                          model_.n_active / sharing_.n_ranks;
        break;
      }
      case Part::head:
        need_.read_bytes[part] += piece.n_bytes;
        need_.head_products += static_cast<double>(piece.n_parameters);
        break;
      default:
        need_.read_bytes[part] += share(piece, piece.n_bytes);
        need_.products += static_cast<double>(share(piece, piece.n_parameters));
    }
  }

  /// The embeddings are read as a head; ranks that have the last layers without the first keep
  /// another copy.
  void add_tied_head() {
    const auto head = static_cast<size_t>(Part::head);
    for (const Piece& piece : model_.layers.front().pieces) {
      if (piece.rule.part != Part::embedding) continue;
      need_.read_bytes[head] += piece.n_bytes;
      need_.head_products += static_cast<double>(piece.n_parameters);
      if (sharing_.first_layer > 0) need_.part_bytes[head] += piece.n_bytes;
    }
  }

  /// The residual stream, what a layer makes of it, and logits: f32.
  void add_scratch() {
    int64_t widest = 0;
    for (int i = sharing_.first_layer; i < sharing_.end_layer; ++i)
      widest = std::max(widest, model_.layers[i].n_outputs);
    const int64_t logits = has_head() ? model_.vocab_size : 0;
    need_.scratch_bytes = (2 * int64_t{model_.dim} + widest + logits) * kStepRows * kFloat;
  }

  const ModelParts& model_;
  const Sharing& sharing_;
  double busiest_ = 0;  // experts of a token on one rank
  RankNeed need_;
};

}  // namespace

int64_t RankNeed::weight_bytes() const {
  return std::accumulate(part_bytes.begin(), part_bytes.end(), int64_t{0});
}

int64_t RankNeed::total_read_bytes() const {
  return std::accumulate(read_bytes.begin(), read_bytes.end(), cache_read_bytes);
}

bool can_share(const ModelParts& model, int n_ranks) {
  return model.n_heads % n_ranks == 0 && (model.n_experts == 0 || model.n_experts >= n_ranks);
}

RankNeed need_of_rank(const ModelParts& model, const Sharing& sharing) {
  return Need(model, sharing).run();
}

}  // namespace fathom::engine
