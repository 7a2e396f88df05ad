// Ranks that are threads of one process, with backends that compute in host memory and at once.
//
// Sums are f32, added up in the order of the ranks. Each rank adds up its share of the columns in
// the memory of all: two meetings and no copies.
//
// Threads: as Communicator says.

#pragma once

#include <memory>
#include <vector>

#include "engine/parallel/communicator.h"

namespace fathom::engine {

/// One for each rank; they keep what they share alive.
std::vector<std::unique_ptr<Communicator>> make_thread_communicators(int n_ranks);

}  // namespace fathom::engine
