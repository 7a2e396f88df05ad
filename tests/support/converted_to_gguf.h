// A Hugging Face checkpoint of DeepSeek's latent transformers, seen as the GGUF file that
// llama.cpp's converter would write of it, had it kept the draft layer and attn_kv_b in one piece.

#pragma once

#include <deque>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "engine/checkpoint/builder.h"
#include "engine/checkpoint/checkpoint.h"

namespace fathom::engine {

class ConvertedToGguf final {
 public:
  ConvertedToGguf(std::shared_ptr<const Checkpoint> original, const std::string& architecture);

  /// Must not outlive this object, nor `original`.
  std::shared_ptr<const Checkpoint> build() const;

  void set(const std::string& key, Metadata::Value value) {
    metadata_.set(architecture_ + "." + key, std::move(value));
  }
  void forget(const std::string& key);
  /// Joins each layer's gates and ups of the experts in one tensor.
  void join_gates_and_ups();

 private:
  void copy_metadata();
  void add_stacks(int n_layers);
  TensorInfo* find(const std::string& name);

  std::shared_ptr<const Checkpoint> original_;
  std::string architecture_;
  Metadata metadata_;
  std::vector<TensorInfo> tensors_;
  std::deque<std::vector<std::byte>> storage_;
};

}  // namespace fathom::engine
