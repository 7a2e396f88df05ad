// Bodies of HTTP requests, to the route that the first byte chooses: each gets one answer, whose
// JSON is valid, and none is the server's fault. What an answer is to look like can be written.

#include <array>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include <nlohmann/json.hpp>

#include "engine/base/log.h"
#include "engine/text_constraint.h"
#include "http/api.h"
#include "tests/support/fake_generator.h"

namespace {

using namespace fathom;

constexpr std::array<const char*, 5> kPaths = {"/v1/completions", "/v1/chat/completions", "/infill",
                                               "/tokenize", "/detokenize"};

class Checked final : public http::Exchange {
 public:
  explicit Checked(http::Request request) : request_(std::move(request)) {}

  const http::Request& request() const override { return request_; }
  CancelToken cancel() const override { return source_.token(); }
  void reply(int status, std::string_view, std::string body) override {
    if (status >= 500) std::abort();
    check_json(body);
    ++n_answers;
  }
  void event(std::string_view data) override {
    if (data.find('\n') != std::string_view::npos) std::abort();
    if (data != "[DONE]") check_json(data);
  }
  void end_events() override { ++n_answers; }

  int n_answers = 0;

 private:
  static void check_json(std::string_view text) {
    if (!nlohmann::json::accept(text)) std::abort();
  }

  const http::Request request_;
  CancelSource source_;
};

/// A model whose every request is recorded.
struct World {
  test::FakeGenerator generator;
  Log log;
  completion::ModelHost models{
      [this](const completion::LoadOrder&) -> Result<completion::LoadedModel> {
        return completion::LoadedModel{
            .assistant = std::make_shared<completion::Assistant>(
                generator, log, completion::AssistantOptions{.threads = false})};
      },
      completion::ModelHostOptions{.threads = false}};
};

/// Some byte may always come next; which of them, `choices` says.
void write_by(engine::TextConstraint& constraint, std::string_view choices) {
  for (const char choice : choices.substr(0, 256)) {
    if (constraint.finished()) return;
    int byte = static_cast<uint8_t>(choice);
    int n_refused = 0;
    while (!constraint.allows(std::string(1, static_cast<char>(byte)))) {
      if (++n_refused == 256) std::abort();
      byte = (byte + 1) % 256;
    }
    constraint.accept(std::string(1, static_cast<char>(byte)));
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const std::string body(reinterpret_cast<const char*>(data) + 1, size - 1);
  World world;
  world.generator.answer("I think</think>a \xff\xc3 b");
  world.generator.answer("{}");
  const auto exchange = std::make_shared<Checked>(
      http::Request{.method = "POST", .path = kPaths[data[0] % kPaths.size()], .body = body});
  http::answer({.models = world.models, .metrics = nullptr}, exchange);
  if (exchange->n_answers != 1) std::abort();
  for (const engine::GenerateRequest& request : world.generator.requests())
    if (request.constraint) write_by(*request.constraint, body);
  return 0;
}
