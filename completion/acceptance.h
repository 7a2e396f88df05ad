// What people did with suggestions, counted by language: the numbers behind `fathom status`. They
// stay on this machine: in memory, and in a file that holds counts and no text.
//
// Threads: any. The file is read and written by a thread of this object's own, a while after
// something was counted and at the end; a full disk costs the counts since the last time it was
// not. Several processes may share a file: each adds what it has counted itself.

#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <filesystem>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>

#include "engine/base/log.h"

namespace fathom::completion {

/// One language's. Clients differ in what they report: most say only what was accepted.
struct AcceptanceCounts {
  uint64_t offered = 0;             // sent to the client; typing along one does not count again
  uint64_t shown = 0;               // the client says so
  uint64_t accepted = 0;            // whole
  uint64_t partially_accepted = 0;  // some of it, by word or line
  uint64_t rejected = 0;            // shown, neither accepted nor partially, and gone
  uint64_t kept_30_s = 0;           // at least half of an accepted one was still there then
  uint64_t gone_30_s = 0;
  uint64_t kept_5_min = 0;
  uint64_t gone_5_min = 0;

  void add(const AcceptanceCounts& other);
  bool operator==(const AcceptanceCounts&) const = default;
};

/// A member by the name that files and status give it: "kept_30_s".
struct AcceptanceField {
  std::string_view name;
  uint64_t AcceptanceCounts::*count;
  std::string_view help;
};
inline constexpr AcceptanceField kAcceptanceFields[] = {
    {"offered", &AcceptanceCounts::offered, "Suggestions sent to editors"},
    {"shown", &AcceptanceCounts::shown, "Suggestions that editors said they showed"},
    {"accepted", &AcceptanceCounts::accepted, "Suggestions accepted whole"},
    {"partially_accepted", &AcceptanceCounts::partially_accepted, "Suggestions accepted in part"},
    {"rejected", &AcceptanceCounts::rejected, "Suggestions shown and not accepted"},
    {"kept_30_s", &AcceptanceCounts::kept_30_s, "Accepted suggestions kept for 30 seconds"},
    {"gone_30_s", &AcceptanceCounts::gone_30_s, "Accepted suggestions gone after 30 seconds"},
    {"kept_5_min", &AcceptanceCounts::kept_5_min, "Accepted suggestions kept for 5 minutes"},
    {"gone_5_min", &AcceptanceCounts::gone_5_min, "Accepted suggestions gone after 5 minutes"},
};

using AcceptanceByLanguage = std::map<std::string, AcceptanceCounts, std::less<>>;

class Acceptance final {
 public:
  struct Options {
    std::filesystem::path file;               // empty: nothing is kept
    std::chrono::milliseconds delay{60'000};  // between counting and writing
  };

  /// Reads what was counted before, soon. `log` must outlive this object.
  Acceptance(const Options& options, Log& log);
  Acceptance(const Acceptance&) = delete;
  /// Writes what was not written.
  ~Acceptance();

  void add(std::string_view language, uint64_t AcceptanceCounts::*count);
  /// Of this process and, where there is a file, of those before it.
  AcceptanceByLanguage counts() const;

 private:
  void run();
  void write(const AcceptanceByLanguage& news);

  const Options options_;
  Log& log_;
  mutable std::mutex mutex_;
  std::condition_variable woken_;
  bool ending_ = false;         // all guarded by mutex_
  AcceptanceByLanguage saved_;  // as in the file, when it was read or written last
  AcceptanceByLanguage news_;   // counted since
  std::thread thread_;          // last: it uses all of the above
};

/// $XDG_STATE_HOME/fathom/statistics.json, else ~/.local/state/fathom/statistics.json; empty
/// without a home.
std::filesystem::path statistics_file();

}  // namespace fathom::completion
