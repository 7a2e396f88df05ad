// A model that computes what another one computes, and then writes a text that is given: for
// measuring, with weights of any kind, what writing that text takes. Several can share a model.

#pragma once

#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "engine/model.h"

namespace fathom::cli {

class ReplayModel final : public engine::Model {
 public:
  explicit ReplayModel(std::shared_ptr<engine::Model> model) : model_(std::move(model)) {}

  /// What is at each position, prompt and answer, from now on.
  void set_text(std::vector<engine::TokenId> text) { text_ = std::move(text); }

  const engine::ModelSize& size() const override { return model_->size(); }
  std::span<const int> cache_widths() const override { return model_->cache_widths(); }
  engine::DType cache_type() const override { return model_->cache_type(); }
  int max_batch() const override { return model_->max_batch(); }
  Status forward(const engine::Batch& batch, const engine::KvStore& cache, std::span<float> logits,
                 const engine::Interrupt& interrupt) override;
  Status all_logits(int i, std::span<float> logits) override;

 private:
  std::shared_ptr<engine::Model> model_;
  std::vector<engine::TokenId> text_;
  std::vector<engine::TokenId> next_;  // of each row of logits; -1: whatever the model says
};

}  // namespace fathom::cli
