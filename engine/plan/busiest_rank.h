// How unevenly the experts of one token fall on ranks: the others wait for the busiest.

#pragma once

namespace fathom::engine {

/// The mean, over all choices of n_active of n_experts experts, of how many of them lie on the rank
/// that has most, if each of n_ranks holds an equal share (rounded up). n_active at most n_experts.
double experts_on_busiest_rank(int n_experts, int n_active, int n_ranks);

}  // namespace fathom::engine
