// The place of the model in a session: it loads while the client is already answered.
//
// Tells the client what happens: work-done progress where the client shows it, log messages
// elsewhere, and an error message if there will be no model. Nothing is told before listen(): the
// protocol forbids it until `initialized`. Main thread only.

#pragma once

#include <memory>
#include <string>

#include "completion/assistant.h"
#include "engine/base/result.h"
#include "lsp/router.h"

namespace fathom::lsp {

class ModelSlot final {
 public:
  explicit ModelSlot(Router& router) : router_(router) {}

  /// The client may be told from now on.
  void listen(bool has_progress);
  /// Loading has ended. Called once.
  void fill(Result<std::shared_ptr<completion::Assistant>> loaded);

  /// Null while loading and if loading failed.
  completion::Assistant* assistant() { return assistant_.get(); }
  /// Why there is no assistant, for people.
  std::string reason() const;

 private:
  void tell_end();

  Router& router_;
  std::shared_ptr<completion::Assistant> assistant_;
  std::string error_;    // why loading failed
  bool loaded_ = false;  // or failed to
  bool listening_ = false;
  bool shows_progress_ = false;  // progress was begun and not ended
};

}  // namespace fathom::lsp
