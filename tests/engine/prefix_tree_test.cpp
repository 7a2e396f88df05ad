#include "engine/prefix_tree.h"

#include <random>
#include <vector>

#include <gtest/gtest.h>

namespace fathom::engine {
namespace {

using Tokens = std::vector<TokenId>;

/// Computes `tokens` in the tree as the engine would, and returns how many were known before.
int compute(PrefixTree& tree, const Tokens& tokens) {
  const int n = static_cast<int>(tokens.size());
  PrefixTree::Lease lease = tree.acquire(tokens, n, n);
  const int known = lease.size();
  EXPECT_TRUE(tree.extend(lease, n - known));
  tree.commit(lease, tokens, n);
  tree.release(std::move(lease));
  tree.check_invariants({});
  return known;
}

TEST(PrefixTree, KnowsNothingAtFirst) {
  PrefixTree tree(8);
  EXPECT_EQ(compute(tree, {1, 2, 3}), 0);
  EXPECT_EQ(tree.n_free(), 5);
}

TEST(PrefixTree, ReusesToTheVeryToken) {
  PrefixTree tree(32);
  compute(tree, {1, 2, 3, 4});
  EXPECT_EQ(compute(tree, {1, 2, 3, 4}), 4);
  EXPECT_EQ(compute(tree, {1, 2, 9, 9}), 2);
  EXPECT_EQ(compute(tree, {1, 2, 9, 9, 5}), 4);
  EXPECT_EQ(compute(tree, {1, 2, 3, 4, 5}), 4);
  EXPECT_EQ(compute(tree, {2, 1}), 0);
}

TEST(PrefixTree, GivesTheSameSlotsForTheSamePrefix) {
  PrefixTree tree(16);
  const Tokens tokens = {7, 8, 9};
  compute(tree, tokens);
  PrefixTree::Lease a = tree.acquire(tokens, 3, 3);
  PrefixTree::Lease b = tree.acquire(tokens, 2, 3);
  EXPECT_EQ(a.slots()[0], b.slots()[0]);
  EXPECT_EQ(a.slots()[1], b.slots()[1]);
  EXPECT_EQ(b.size(), 2);
  const PrefixTree::Lease* leases[] = {&a, &b};
  tree.check_invariants(leases);
  tree.release(std::move(a));
  tree.release(std::move(b));
  tree.check_invariants({});
}

TEST(PrefixTree, EvictsTheLeastRecentlyUsed) {
  PrefixTree tree(8);
  compute(tree, {1, 1, 1, 1});
  compute(tree, {2, 2, 2, 2});
  compute(tree, {1, 1, 1, 1});
  compute(tree, {3, 3, 3});
  EXPECT_EQ(compute(tree, {1, 1, 1, 1}), 4);
  EXPECT_EQ(compute(tree, {2, 2}), 0);
}

TEST(PrefixTree, NeverEvictsWhatALeaseHolds) {
  PrefixTree tree(6);
  const Tokens held = {1, 2, 3, 4};
  compute(tree, held);
  PrefixTree::Lease lease = tree.acquire(held, 4, 4);
  EXPECT_EQ(tree.n_available(), 2);
  PrefixTree::Lease other = tree.acquire(Tokens{9, 9, 9}, 3, 3);
  EXPECT_FALSE(tree.extend(other, 3));
  EXPECT_EQ(other.size(), 0);
  EXPECT_TRUE(tree.extend(other, 2));
  tree.release(std::move(other));
  tree.clear();
  EXPECT_EQ(tree.n_free(), 2);
  tree.release(std::move(lease));
  tree.clear();
  EXPECT_EQ(tree.n_free(), 6);
}

TEST(PrefixTree, TellsOfAllOfAPrefixThatItEvictsAndOfAllThatAreLeft) {
  std::vector<Tokens> told;
  std::vector<SlotId> told_slots;
  const auto note = [&](std::span<const TokenId> prefix, std::span<const SlotId> slots) {
    told.emplace_back(prefix.begin(), prefix.end());
    told_slots.assign(slots.begin(), slots.end());
  };
  PrefixTree tree(8, note);
  const Tokens old = {1, 2, 3, 4}, recent = {1, 2, 5, 6};
  compute(tree, {7, 7});
  compute(tree, old);
  compute(tree, recent);
  EXPECT_TRUE(told.empty());
  compute(tree, {7, 7});
  tree.for_each_leaf(note);
  EXPECT_EQ(told, (std::vector<Tokens>{old, recent, {7, 7}}));

  told.clear();
  PrefixTree::Lease lease = tree.acquire(old, 4, 4);
  const std::vector<SlotId> slots(lease.slots().begin(), lease.slots().end());
  tree.release(std::move(lease));
  compute(tree, recent);
  compute(tree, {7, 7, 8, 9});  // one too many
  EXPECT_EQ(told, (std::vector<Tokens>{old}));
  EXPECT_EQ(told_slots, slots);
}

TEST(PrefixTree, KeepsOneCopyWhenTwoSequencesComputeTheSame) {
  PrefixTree tree(8);
  const Tokens tokens = {5, 6, 7};
  PrefixTree::Lease a = tree.acquire(tokens, 2, 3);
  PrefixTree::Lease b = tree.acquire(tokens, 2, 3);
  ASSERT_TRUE(tree.extend(a, 3));
  ASSERT_TRUE(tree.extend(b, 3));
  EXPECT_EQ(tree.n_free(), 2);
  tree.commit(a, tokens, 3);
  tree.commit(b, tokens, 3);
  EXPECT_EQ(tree.n_free(), 5);
  EXPECT_TRUE(std::equal(a.slots().begin(), a.slots().end(), b.slots().begin()));
  tree.release(std::move(a));
  tree.release(std::move(b));
  tree.check_invariants({});
}

TEST(PrefixTree, TruncatesFreshSlotsAtOnce) {
  PrefixTree tree(8);
  PrefixTree::Lease lease = tree.acquire(Tokens{1}, 0, 8);
  ASSERT_TRUE(tree.extend(lease, 5));
  tree.truncate(lease, 2);
  EXPECT_EQ(lease.size(), 2);
  EXPECT_EQ(tree.n_free(), 6);
  tree.release(std::move(lease));
  EXPECT_EQ(tree.n_free(), 8);
}

TEST(PrefixTree, KeepsItsInvariantsUnderRandomUse) {
  std::mt19937 random(1);
  PrefixTree tree(64);
  struct Open {
    PrefixTree::Lease lease;
    Tokens tokens;
  };
  std::vector<Open> open;
  for (int round = 0; round < 5000; ++round) {
    if (open.size() < 4 && random() % 2 == 0) {
      Tokens tokens(1 + random() % 12);
      for (TokenId& token : tokens) token = static_cast<TokenId>(random() % 3);
      PrefixTree::Lease lease = tree.acquire(tokens, static_cast<int>(tokens.size()), 16);
      if (tree.extend(lease, static_cast<int>(tokens.size()) - lease.size())) {
        open.push_back({std::move(lease), std::move(tokens)});
      } else {
        tree.release(std::move(lease));
      }
    } else if (!open.empty()) {
      const size_t which = random() % open.size();
      Open& chosen = open[which];
      const int n =
          chosen.lease.committed() +
          static_cast<int>(random() % (chosen.lease.size() - chosen.lease.committed() + 1));
      tree.commit(chosen.lease, chosen.tokens, n);
      if (random() % 2 == 0) {
        tree.release(std::move(chosen.lease));
        open.erase(open.begin() + static_cast<std::ptrdiff_t>(which));
      }
    }
    std::vector<const PrefixTree::Lease*> leases;
    for (const Open& o : open) leases.push_back(&o.lease);
    tree.check_invariants(leases);
  }
  for (Open& o : open) tree.release(std::move(o.lease));
  tree.clear();
  EXPECT_EQ(tree.n_free(), 64);
}

}  // namespace
}  // namespace fathom::engine
