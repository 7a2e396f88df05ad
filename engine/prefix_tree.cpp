#include "engine/prefix_tree.h"

#include <algorithm>
#include <utility>

#include "engine/base/assert.h"
#include "engine/common_length.h"

namespace fathom::engine {

/// A run of tokens and the slots that hold them; children continue it.
struct PrefixTree::Node {
  Node* parent = nullptr;
  std::vector<TokenId> tokens;
  std::vector<SlotId> slots;                          // one for each token
  std::map<TokenId, std::unique_ptr<Node>> children;  // by their first token
  int n_users = 0;                                    // leases whose path goes through here
  uint64_t last_use = 0;
};

/// Calls `visit` for `node` and all below it.
template <class Visit>
void PrefixTree::for_each_node(Node& node, const Visit& visit) {
  visit(node);
  for (const auto& [token, child] : node.children) for_each_node(*child, visit);
}

PrefixTree::PrefixTree(int n_slots, OnPrefix on_evict)
    : n_slots_(n_slots), on_evict_(std::move(on_evict)), root_(std::make_unique<Node>()) {
  free_.reserve(n_slots);
  // Lowest slots on top: neighbours in a text become neighbours in memory.
  for (SlotId slot = n_slots - 1; slot >= 0; --slot) free_.push_back(slot);
}

PrefixTree::~PrefixTree() = default;

PrefixTree::Node* PrefixTree::child_of(const Node& node, TokenId token) const {
  const auto child = node.children.find(token);
  return child == node.children.end() ? nullptr : child->second.get();
}

PrefixTree::Lease PrefixTree::acquire(std::span<const TokenId> tokens, int limit, int capacity) {
  limit = std::min(limit, static_cast<int>(tokens.size()));
  Lease lease;
  lease.slots_.reserve(std::max(capacity, limit));

  Node* node = root_.get();
  while (lease.size() < limit) {
    const auto rest = tokens.subspan(lease.size(), limit - lease.size());
    Node* child = child_of(*node, rest[0]);
    if (child == nullptr) break;
    const int length = common_length(rest, child->tokens);
    if (length < static_cast<int>(child->tokens.size())) child = split(child, length);
    lease.slots_.insert(lease.slots_.end(), child->slots.begin(), child->slots.end());
    node = child;
  }
  lease.node_ = node;
  lease.n_committed_ = lease.size();
  hold(node);
  return lease;
}

/// Cuts a node after `length` tokens; returns the upper part. Leases that end at the node keep
/// pointing at the lower part, which keeps its identity.
PrefixTree::Node* PrefixTree::split(Node* node, int length) {
  FATHOM_ASSERT(length > 0 && length < static_cast<int>(node->tokens.size()));
  auto upper = std::make_unique<Node>();
  upper->parent = node->parent;
  upper->tokens.assign(node->tokens.begin(), node->tokens.begin() + length);
  upper->slots.assign(node->slots.begin(), node->slots.begin() + length);
  upper->n_users = node->n_users;
  upper->last_use = node->last_use;

  std::unique_ptr<Node>& place = node->parent->children.at(node->tokens[0]);
  std::unique_ptr<Node> lower = std::exchange(place, nullptr);
  lower->tokens.erase(lower->tokens.begin(), lower->tokens.begin() + length);
  lower->slots.erase(lower->slots.begin(), lower->slots.begin() + length);
  lower->parent = upper.get();
  const TokenId first = lower->tokens[0];
  upper->children.emplace(first, std::move(lower));
  place = std::move(upper);
  return place.get();
}

void PrefixTree::hold(Node* node) {
  ++clock_;
  for (; node != nullptr; node = node->parent) {
    ++node->n_users;
    node->last_use = clock_;
  }
}

void PrefixTree::let_go(Node* node) {
  for (; node != nullptr; node = node->parent) --node->n_users;
}

bool PrefixTree::extend(Lease& lease, int n) {
  if (!make_free(n)) return false;
  for (int i = 0; i < n; ++i) {
    lease.slots_.push_back(free_.back());
    free_.pop_back();
  }
  return true;
}

void PrefixTree::truncate(Lease& lease, int size) {
  FATHOM_ASSERT(size >= lease.n_committed_);
  while (lease.size() > size) {
    free_.push_back(lease.slots_.back());
    lease.slots_.pop_back();
  }
}

void PrefixTree::commit(Lease& lease, std::span<const TokenId> tokens, int n) {
  FATHOM_ASSERT(n <= lease.size() && n <= static_cast<int>(tokens.size()));
  if (n <= lease.n_committed_) return;

  Node* node = lease.node_;
  int done = lease.n_committed_;
  while (done < n) {
    const auto rest = tokens.subspan(done, n - done);
    Node* child = child_of(*node, rest[0]);
    if (child == nullptr) break;
    const int length = common_length(rest, child->tokens);
    if (length < static_cast<int>(child->tokens.size())) child = split(child, length);
    for (int i = 0; i < length; ++i) {  // computed twice: keep the tree's
      free_.push_back(lease.slots_[done + i]);
      lease.slots_[done + i] = child->slots[i];
    }
    done += length;
    node = child;
  }
  if (done < n) {
    auto leaf = std::make_unique<Node>();
    leaf->parent = node;
    leaf->tokens.assign(tokens.begin() + done, tokens.begin() + n);
    leaf->slots.assign(lease.slots_.begin() + done, lease.slots_.begin() + n);
    Node* added = leaf.get();
    node->children.emplace(tokens[done], std::move(leaf));
    node = added;
  }
  hold(node);
  let_go(lease.node_);
  lease.node_ = node;
  lease.n_committed_ = n;
}

void PrefixTree::release(Lease lease) {
  truncate(lease, lease.n_committed_);
  let_go(lease.node_);
}

void PrefixTree::remove(Node* node) {
  free_.insert(free_.end(), node->slots.rbegin(), node->slots.rend());
  node->parent->children.erase(node->tokens[0]);
}

/// Null if every leaf is in use. Linear in the number of nodes, which is a few hundred and far
/// cheaper than computing the tokens that are asked for.
PrefixTree::Node* PrefixTree::oldest_unused_leaf() const {
  Node* oldest = nullptr;
  for_each_node(*root_, [&](Node& node) {
    const bool evictable = node.parent != nullptr && node.children.empty() && node.n_users == 0;
    if (evictable && (oldest == nullptr || node.last_use < oldest->last_use)) oldest = &node;
  });
  return oldest;
}

bool PrefixTree::make_free(int n) {
  if (n_free() >= n) return true;
  if (n_available() < n) return false;
  while (n_free() < n) {
    Node* leaf = oldest_unused_leaf();
    if (on_evict_) tell(on_evict_, *leaf);
    remove(leaf);
  }
  return true;
}

void PrefixTree::tell(const OnPrefix& told, const Node& node) {
  std::vector<const Node*> path;
  for (const Node* at = &node; at != nullptr; at = at->parent) path.push_back(at);
  std::vector<TokenId> prefix;
  std::vector<SlotId> slots;
  for (auto at = path.rbegin(); at != path.rend(); ++at) {
    prefix.insert(prefix.end(), (*at)->tokens.begin(), (*at)->tokens.end());
    slots.insert(slots.end(), (*at)->slots.begin(), (*at)->slots.end());
  }
  told(prefix, slots);
}

void PrefixTree::for_each_leaf(const OnPrefix& visit) const {
  std::vector<const Node*> leaves;
  for_each_node(*root_, [&](const Node& node) {
    if (node.parent != nullptr && node.children.empty()) leaves.push_back(&node);
  });
  std::ranges::sort(leaves, {}, &Node::last_use);
  for (const Node* leaf : leaves) tell(visit, *leaf);
}

void PrefixTree::clear() {
  while (Node* leaf = oldest_unused_leaf()) remove(leaf);
}

int PrefixTree::n_available() const {
  int n = n_free();
  for_each_node(*root_, [&](const Node& node) {
    if (node.n_users == 0) n += static_cast<int>(node.slots.size());
  });
  return n;
}

void PrefixTree::check_invariants(std::span<const Lease* const> leases) const {
  std::vector<int> seen(n_slots_, 0);
  const auto see = [&](SlotId slot) { ++seen.at(slot); };
  std::for_each(free_.begin(), free_.end(), see);
  for (const Lease* lease : leases) {
    std::for_each(lease->slots_.begin() + lease->n_committed_, lease->slots_.end(), see);
  }

  for_each_node(*root_, [&](const Node& node) {
    FATHOM_ASSERT(node.tokens.size() == node.slots.size());
    std::for_each(node.slots.begin(), node.slots.end(), see);
    int users_below = 0;
    for (const auto& [token, child] : node.children) {
      FATHOM_ASSERT(child->parent == &node && child->tokens.at(0) == token);
      users_below += child->n_users;
    }
    FATHOM_ASSERT(node.n_users >= users_below);
  });
  FATHOM_ASSERT(std::all_of(seen.begin(), seen.end(), [](int n) { return n == 1; }));
}

}  // namespace fathom::engine
