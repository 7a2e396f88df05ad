// Bytes from a client: framing, JSON, routing, every handler, and documents edited by what came.
//
// The bytes arrive twice, whole and one by one: what is answered must not depend on it.

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "lsp/session.h"

namespace {

class RecordingTransport final : public fathom::lsp::Transport {
 public:
  void send(std::string body) override { sent += body + '\n'; }
  fathom::lsp::Poster poster() override {
    return [this](std::function<void()> task) { tasks.push_back(std::move(task)); };
  }
  void call_after(std::chrono::milliseconds, std::function<void()>) override {
  }  // time stands still
  void watch_process(int64_t) override {}
  void close() override {}

  std::string sent;
  std::vector<std::function<void()>> tasks;
};

std::string answers_to(std::string_view bytes, size_t n_at_once) {
  RecordingTransport transport;
  fathom::Log log;
  fathom::completion::ModelHost models(
      [](const auto&) { return fathom::fail(fathom::ErrorCode::not_found, "no model"); },
      {.threads = false});
  fathom::lsp::Services services{.models = models};
  fathom::lsp::Session session(transport, {.version = "0"}, services, log);
  for (; !bytes.empty(); bytes.remove_prefix(std::min(n_at_once, bytes.size()))) {
    bool done = session.on_bytes(bytes.substr(0, n_at_once));
    while (!done) done = session.on_bytes({});
  }
  session.on_end();
  for (const auto& task : transport.tasks) task();
  return transport.sent;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  if (answers_to(bytes, size) != answers_to(bytes, 1)) std::abort();
  return 0;
}
