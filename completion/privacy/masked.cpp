#include "completion/privacy/masked.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "completion/privacy/secret_files.h"

namespace fathom::completion {

bool Masked::hides_some_of(size_t begin, size_t end) const {
  return std::ranges::any_of(
      secrets, [&](const Secret& secret) { return secret.begin < end && begin < secret.end; });
}

bool Masked::hides(size_t cursor) const {
  return std::ranges::any_of(secrets, [cursor](const Secret& secret) {
    return secret.begin < cursor && cursor <= secret.end;
  });
}

Masked mask(const SnapshotPtr& snapshot, const SecretFinder& finder) {
  std::vector<Secret> secrets = finder.find(snapshot->text);
  if (secrets.empty()) return {.snapshot = snapshot, .secrets = {}};
  Snapshot masked = *snapshot;
  masked.text = with_secrets_masked(masked.text, secrets);
  return {.snapshot = std::make_shared<const Snapshot>(std::move(masked)),
          .secrets = std::move(secrets)};
}

int mask_files(std::vector<SnapshotPtr>& files, const SecretFinder& secrets) {
  std::erase_if(files, [](const SnapshotPtr& file) {
    return is_secret_file(file->path) || is_secret_file(file->uri);
  });
  int n_secrets = 0;
  for (SnapshotPtr& file : files) {
    const Masked masked = mask(file, secrets);
    file = masked.snapshot;
    n_secrets += masked.n_secrets();
  }
  return n_secrets;
}

}  // namespace fathom::completion
