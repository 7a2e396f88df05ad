#include "engine/plan/gpu_choice.h"

#include <algorithm>
#include <numeric>

#include "engine/plan/rank_need.h"

namespace fathom::engine {
namespace {

int end_of(const ModelParts& model) { return static_cast<int>(model.layers.size()); }

bool fits(const ModelParts& model, const Sharing& sharing, uint64_t free_bytes) {
  return static_cast<uint64_t>(need_of_rank(model, sharing).total_bytes()) <= free_bytes;
}

/// Most room first; of equal ones the first.
std::vector<int> by_room(const GpuRoom& room) {
  std::vector<int> gpus(room.free_bytes.size());
  std::iota(gpus.begin(), gpus.end(), 0);
  std::ranges::stable_sort(gpus, std::ranges::greater(),
                           [&](int gpu) { return room.free_bytes[gpu]; });
  return gpus;
}

uint64_t embedding_bytes(const ModelParts& model) {
  uint64_t n_bytes = 0;
  for (const Piece& piece : model.layers.front().pieces)
    if (piece.rule.part == Part::embedding) n_bytes += static_cast<uint64_t>(piece.n_bytes);
  return n_bytes;
}

}  // namespace

std::optional<int> gpu_for(const ModelParts& model, const GpuRoom& room) {
  for (size_t i = 0; i < room.free_bytes.size(); ++i)
    if (fits(model, {0, end_of(model), 1, room.context_tokens}, room.free_bytes[i]))
      return static_cast<int>(i);
  return std::nullopt;
}

std::vector<int> gpus_to_share(const ModelParts& model, const GpuRoom& room) {
  std::vector<int> gpus = by_room(room);
  for (size_t n = 2; n <= gpus.size(); ++n) {
    const int n_ranks = static_cast<int>(n);
    const uint64_t least = room.free_bytes[gpus[n - 1]];
    if (!can_share(model, n_ranks) ||
        !fits(model, {0, end_of(model), n_ranks, room.context_tokens}, least))
      continue;
    gpus.resize(n);
    std::ranges::sort(gpus);
    return gpus;
  }
  return {};
}

std::vector<GpuLayers> gpus_in_turns(const ModelParts& model, const GpuRoom& room) {
  std::vector<GpuLayers> stages;
  int begin = 0;
  for (const int gpu : by_room(room)) {
    // The last one has drafts, and the embedding once more.
    const uint64_t free = room.free_bytes[gpu];
    const uint64_t embedding = begin > 0 ? embedding_bytes(model) : 0;
    if (free >= embedding &&
        fits(model, {begin, end_of(model), 1, room.context_tokens}, free - embedding)) {
      stages.push_back({gpu, {begin, model.n_layers}});
      return stages;
    }
    int end = begin;
    while (end + 1 < model.n_layers && fits(model, {begin, end + 1, 1, room.context_tokens}, free))
      ++end;
    if (end > begin) stages.push_back({gpu, {begin, end}});
    begin = end;
  }
  return {};
}

}  // namespace fathom::engine
