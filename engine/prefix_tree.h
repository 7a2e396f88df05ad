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

  /// Is told of a prefix: all of its tokens, and the slots that hold them.
  using OnPrefix =
      std::function<void(std::span<const TokenId> prefix, std::span<const SlotId> slots)>;

  /// `on_evict` is told of a prefix before its last slots are free. Null: nobody is.
  explicit PrefixTree(int n_slots, OnPrefix on_evict = {});
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

  /// Tells of every prefix that no other one continues; what was used last comes last.
  void for_each_leaf(const OnPrefix& visit) const;

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
  static void tell(const OnPrefix& told, const Node& node);
  Node* oldest_unused_leaf() const;

  const int n_slots_;
  const OnPrefix on_evict_;
  std::vector<SlotId> free_;  // a stack
  std::unique_ptr<Node> root_;
  uint64_t clock_ = 0;  // counts uses; orders eviction
};

}  // namespace fathom::engine
