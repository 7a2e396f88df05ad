// Which rows of the KV cache hold which token prefixes: a radix tree over token ids.
//
// A prompt that begins like an earlier one finds that part already computed, token by token (no
// blocks: editors ask for prompts that differ in the last few tokens). The tree owns cache rows
// ("slots"); a Lease lends a sequence the slots of its longest known prefix plus fresh ones, and
// protects them from eviction. commit() gives computed tokens to the tree early, so that jobs with
// the same prompt share them.
//
// Engine thread only.
//
// Invariants (check_invariants, run by the tests):
//   - every slot is exactly one of: free, in one tree node, or fresh in one lease;
//   - a node with users is never evicted; a node's users are at least the sum of its children's.

#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <vector>

#include "engine/backend.h"
#include "engine/token.h"

namespace fathom::engine {

class PrefixTree final {
 private:
  struct Node;

 public:
  /// The slots of one running sequence: slots()[p] belongs to position p. Give it back with
  /// release(); a Lease that is dropped otherwise is a bug.
  class Lease final {
   public:
    std::span<const SlotId> slots() const { return slots_; }
    int size() const { return static_cast<int>(slots_.size()); }
    /// Positions [0, committed()) are in the tree and shared.
    int committed() const { return n_committed_; }

   private:
    friend class PrefixTree;
    std::vector<SlotId> slots_;
    Node* node_ = nullptr;  // deepest tree node on the committed path
    int n_committed_ = 0;
  };

  /// Is told of a prefix that is evicted, before its last slots.size() slots are free.
  using OnEvict =
      std::function<void(std::span<const TokenId> prefix, std::span<const SlotId> slots)>;

  explicit PrefixTree(int n_slots, OnEvict on_evict = {});
  ~PrefixTree();
  PrefixTree(const PrefixTree&) = delete;
  PrefixTree& operator=(const PrefixTree&) = delete;

  /// A lease on the longest known prefix of `tokens`, at most `limit` tokens. `capacity` positions
  /// can then be appended without allocating.
  Lease acquire(std::span<const TokenId> tokens, int limit, int capacity);

  /// Appends `n` fresh slots, evicting the least recently used prefixes that nobody holds. False,
  /// and nothing changes, if there is not enough to evict.
  bool extend(Lease& lease, int n);

  /// Frees the fresh slots behind position `size`; O(freed). `size` >= committed().
  void truncate(Lease& lease, int size);

  /// Hands positions [0, n) to the tree; `tokens` are what they hold. Slots whose tokens another
  /// sequence has committed meanwhile are swapped for that one's and freed.
  void commit(Lease& lease, std::span<const TokenId> tokens, int n);

  /// Ends a lease; uncommitted slots become free.
  void release(Lease lease);

  /// Evicts every prefix that nobody holds, and tells nobody.
  void clear();

  int n_slots() const { return n_slots_; }
  int n_free() const { return static_cast<int>(free_.size()); }
  /// Free slots plus those that eviction could free now.
  int n_available() const;

  /// Aborts if an invariant does not hold. For tests.
  void check_invariants(std::span<const Lease* const> leases) const;

 private:
  template <class Visit>
  static void for_each_node(Node& node, const Visit& visit);
  Node* child_of(const Node& node, TokenId token) const;
  Node* split(Node* node, int length);
  void remove(Node* node);
  void hold(Node* node);
  void let_go(Node* node);
  bool make_free(int n);
  static std::vector<TokenId> prefix_of(const Node& node);
  Node* oldest_unused_leaf() const;

  const int n_slots_;
  const OnEvict on_evict_;
  std::vector<SlotId> free_;  // a stack
  std::unique_ptr<Node> root_;
  uint64_t clock_ = 0;  // counts uses; orders eviction
};

}  // namespace fathom::engine
