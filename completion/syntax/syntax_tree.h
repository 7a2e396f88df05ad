// The syntax tree of a text that changes: parsed again incrementally.
//
// Any bytes are a text: what does not parse becomes ERROR nodes. Texts above kMaxBytes, and texts
// on which the parser ran out of time, have no tree; callers then treat the language as unknown.
//
// Threads: one at a time.

#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "completion/syntax/language.h"

struct TSTree;

namespace fathom::completion {

class SyntaxTree final {
 public:
  static constexpr size_t kMaxBytes = 1 << 20;

  explicit SyntaxTree(const Language& language);
  ~SyntaxTree();
  SyntaxTree(const SyntaxTree&) = delete;
  SyntaxTree& operator=(const SyntaxTree&) = delete;

  /// Another tree of the same text, for another thread: they share nodes until one changes.
  std::unique_ptr<SyntaxTree> copy() const;

  const Language& language() const { return language_; }

  /// Makes this the tree of `text`: the difference from the text before is taken to be one edit.
  /// False if there is none: too large, or not parsed within 250 ms of processor time; then also
  /// for later texts that are not half as long, since trying costs the time again.
  bool update(std::string_view text);

  /// The tree, nullptr before the first successful update(). Offsets are bytes in text().
  const TSTree* tree() const { return tree_.get(); }
  const std::string& text() const { return text_; }
  /// Whether something in the text did not parse. False without a tree.
  bool has_errors() const;

 private:
  struct DeleteTree {
    void operator()(TSTree* tree) const;
  };
  void forget();

  const Language& language_;
  std::string text_;  // of tree_
  std::unique_ptr<TSTree, DeleteTree> tree_;
  size_t too_slow_bytes_ = 0;  // size of the text that took too long; 0: none did
};

}  // namespace fathom::completion
