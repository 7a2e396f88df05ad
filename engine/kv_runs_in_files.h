// Runs of cache rows in files of one folder, for this process and later ones. What is read has been
// verified, all of it; whatever goes wrong costs no more than computing the rows again.
//
// Several processes and models may share the folder, and its limit. A file's modification time is
// when it was used last.
//
// A file has numbers in the machine's byte order:
//   8 bytes "fathomK1"; 64 bytes identity; uint32 number of tokens of the text, uint32 first;
//   the text's tokens, int32; 64 digits SHA-256 of all above;
//   the rows; 64 digits SHA-256 of the digits above and the rows.
// It is called as its identity and the first SHA-256 begin.
//
// Threads: engine thread only.

#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "engine/base/log.h"
#include "engine/base/result.h"
#include "engine/kv_runs.h"

namespace fathom::engine {

struct KvFolder {
  std::filesystem::path path;
  uint64_t limit_bytes = 0;
  /// SHA-256 in 64 digits of everything that the bits of rows depend on besides the text.
  std::string identity;
  Log* log = nullptr;
};

class KvRunsInFiles final : public KvRuns {
 public:
  /// Reads which runs there are; removes damaged ones and what is too much. The folder is made
  /// when something is added. `folder.log` outlives this.
  KvRunsInFiles(KvFolder folder, size_t words_per_token);

  uint64_t room_bytes() const override;
  bool is_lasting() const override { return true; }
  void add(KvRun run) override;
  bool use(Runs::const_iterator run) override;
  std::span<const float> rows_of(Runs::const_iterator run) override;
  void clear() override;

 private:
  std::string head_of(const KvRun& run) const;
  std::string name_of(std::string_view head_digest) const;
  bool is_own(std::string_view name) const;
  Status write(const KvRun& run, std::string_view head, std::string_view head_digest) const;
  std::optional<KvRun> read(const std::string& name, std::vector<float>* rows) const;
  void make_room(uint64_t n_bytes);
  void remove(const std::string& name);

  const KvFolder folder_;
  const size_t words_per_token_;
  std::vector<float> rows_;       // of rows_of()
  uint64_t unchecked_bytes_ = 0;  // that may be written before the folder's size is looked at again
  bool is_writable_ = true;
};

}  // namespace fathom::engine
