// Documents as a model may see them: credentials masked, files that exist for them left out.

#pragma once

#include <cstddef>
#include <vector>

#include "completion/privacy/secret_finder.h"
#include "completion/snapshot.h"

namespace fathom::completion {

struct Masked {
  SnapshotPtr snapshot;  // with secrets masked; the original one if there are none
  std::vector<Secret> secrets;

  int n_secrets() const { return static_cast<int>(secrets.size()); }
  bool hides_some_of(size_t begin, size_t end) const;
  /// Whether the cursor is in a secret, or directly behind one.
  bool hides(size_t cursor) const;
};

Masked mask(const SnapshotPtr& snapshot, const SecretFinder& secrets);

/// Leaves out files that hold credentials and masks those in others; returns how many.
int mask_files(std::vector<SnapshotPtr>& files, const SecretFinder& secrets);

}  // namespace fathom::completion
