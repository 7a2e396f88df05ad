// The file of consents, asked on a thread of its own: the main thread reads no files.
//
// Threads: any. Without a thread, what is asked is answered before the call returns.

#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "completion/remote/consent.h"
#include "completion/worker.h"
#include "engine/base/result.h"

namespace fathom::lsp {

class ConsentDesk final {
 public:
  using OnAnswers = std::function<void(const std::vector<completion::ConsentAnswer>&)>;
  using OnRecorded = std::function<void(const Status&)>;

  explicit ConsentDesk(std::filesystem::path file, bool own_thread = true)
      : consent_(std::move(file)), worker_(own_thread) {}

  /// What was said of each folder; on the desk's thread.
  void look_up(std::string origin, std::vector<std::string> folders, OnAnswers on_answers);
  /// On the desk's thread; the first failure, if there is one.
  void record(std::string origin, std::vector<std::string> folders,
              completion::ConsentAnswer answer, OnRecorded on_recorded);

 private:
  const completion::Consent consent_;
  completion::Worker worker_;  // last: uses the above
};

}  // namespace fathom::lsp
