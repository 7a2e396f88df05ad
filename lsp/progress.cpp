#include "lsp/progress.h"

#include <nlohmann/json.hpp>

#include "lsp/protocol.h"

namespace fathom::lsp {
namespace {

void send(Router& router, const RequestId& token, const Json& value) {
  router.notify("$/progress", {{"token", to_json(token)}, {"value", value}});
}

}  // namespace

void begin_progress(Router& router, const RequestId& token, std::string_view title,
                    bool cancellable) {
  send(router, token, {{"kind", "begin"}, {"title", title}, {"cancellable", cancellable}});
}

void report_progress(Router& router, const RequestId& token, const Json& value) {
  Json report = value;
  report["kind"] = "report";
  send(router, token, report);
}

void end_progress(Router& router, const RequestId& token, std::string_view message) {
  Json end{{"kind", "end"}};
  if (!message.empty()) end["message"] = message;
  send(router, token, end);
}

}  // namespace fathom::lsp
