#include "lsp/model_slot.h"

#include <utility>

#include <nlohmann/json.hpp>

#include "lsp/message_type.h"
#include "lsp/progress.h"

namespace fathom::lsp {
namespace {

constexpr const char* kToken = "fathom/loading";

void log_message(Router& router, MessageType type, std::string_view message) {
  router.notify("window/logMessage", {{"type", int(type)}, {"message", message}});
}

}  // namespace

void ModelSlot::listen(bool has_progress) {
  if (std::exchange(listening_, true)) return;
  if (loaded_) return tell_end();
  if (!has_progress) return log_message(router_, MessageType::info, "fathom: loading the model");
  router_.request("window/workDoneProgress/create", {{"token", kToken}}, [this](bool ok) {
    if (!ok || loaded_) return;
    begin_progress(router_, std::string(kToken), "fathom: loading the model",
                   /*cancellable=*/false);
    shows_progress_ = true;
  });
}

void ModelSlot::fill(Result<std::shared_ptr<completion::Assistant>> loaded) {
  loaded_ = true;
  if (loaded) {
    assistant_ = std::move(*loaded);
  } else {
    error_ = loaded.error().message;
  }
  if (listening_) tell_end();
}

void ModelSlot::tell_end() {
  const std::string message =
      assistant_ ? "fathom: the model is ready" : "fathom: no suggestions: " + error_;
  if (std::exchange(shows_progress_, false))
    end_progress(router_, std::string(kToken), assistant_ ? "ready" : "failed");
  log_message(router_, assistant_ ? MessageType::info : MessageType::error, message);
  if (assistant_) return;
  router_.notify("window/showMessage", {{"type", int(MessageType::error)}, {"message", message}});
}

std::string ModelSlot::reason() const {
  if (loaded_) return "the model could not be loaded: " + error_;
  return "the model is still being loaded; try again in a moment";
}

}  // namespace fathom::lsp
