// Whether text of a folder may be sent to a server: a person has said so once, for that server.
//
// Kept in a file of the user's, one line for each: ORIGIN, a blank, FOLDER; with "never " before it
// where the answer was no. A line covers what is in its folder, and the innermost folder's counts.
// A file that cannot be read says nothing.
//
// Threads: any. Reads and writes files.

#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "engine/base/result.h"

namespace fathom::completion {

enum class ConsentAnswer { none, yes, never };

class Consent final {
 public:
  /// Kept in `file`, which need not exist.
  explicit Consent(std::filesystem::path file) : file_(std::move(file)) {}

  /// `origin`: as origin_of(). `folder`: absolute.
  ConsentAnswer answer(std::string_view origin, const std::filesystem::path& folder) const;
  /// Takes the place of what was said of this very folder. `answer` is not none.
  /// Errors: io (the file cannot be written), invalid_argument (a folder that is none).
  Status record(std::string_view origin, const std::filesystem::path& folder,
                ConsentAnswer answer) const;

  const std::filesystem::path& file() const { return file_; }

 private:
  std::filesystem::path file_;
};

/// $XDG_STATE_HOME/fathom/remote-consent, else ~/.local/state/fathom/remote-consent; empty without
/// a home.
std::filesystem::path consent_file();

}  // namespace fathom::completion
