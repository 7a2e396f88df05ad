// A stream of events from any server, in any pieces: the same events, and answers that are read as
// tokens of the vocabulary, or refused, whichever kind of server it is taken for. Runs in the
// repository root.

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "completion/remote/protocol.h"
#include "completion/remote/read_json.h"
#include "completion/remote/sse_parser.h"

namespace {

using fathom::completion::Protocol;
using fathom::completion::SseParser;
using fathom::engine::TokenId;
using fathom::engine::Tokenizer;

constexpr size_t kMaxEvent = 256;

/// The events, and "!" if the stream is refused.
std::vector<std::string> parse(std::string_view text, size_t piece) {
  std::vector<std::string> events;
  SseParser parser(kMaxEvent);
  while (!text.empty()) {
    const auto status =
        parser.feed(text.substr(0, piece), [&](std::string_view type, std::string_view data) {
          events.push_back(std::string(type) + '|' + std::string(data));
        });
    if (!status) {
      events.push_back("!");
      break;
    }
    text.remove_prefix(std::min(piece, text.size()));
  }
  return events;
}

const Tokenizer& vocabulary() {
  static const auto tokenizer = Tokenizer::load("tests/data/tokenizer-tiny/tokenizer.json");
  if (!tokenizer) {
    std::fprintf(stderr, "%s\n", tokenizer.error().message.c_str());
    std::exit(2);
  }
  return **tokenizer;
}

std::vector<std::unique_ptr<Protocol>> all_protocols() {
  const std::shared_ptr<const Tokenizer> tokenizer(std::shared_ptr<void>(), &vocabulary());
  std::vector<std::unique_ptr<Protocol>> protocols;
  protocols.push_back(fathom::completion::llama_server_protocol(tokenizer));
  protocols.push_back(fathom::completion::openai_protocol(tokenizer, {.has_token_ids = true}));
  protocols.push_back(fathom::completion::openai_protocol(tokenizer, {.lays_out = true}));
  return protocols;
}

bool is_token(TokenId id) { return id >= 0 && id < vocabulary().vocab_size(); }

void check_reply(const Protocol& protocol, std::string_view data) {
  const auto reply = protocol.read(data);
  if (!reply) return;
  for (const auto& token : reply->tokens) {
    if (!is_token(token.id)) std::abort();
    for (const auto& candidate : token.candidates)
      if (!is_token(candidate.id)) std::abort();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  static const std::vector<std::unique_ptr<Protocol>> protocols = all_protocols();
  const std::vector<std::string> whole = parse(text, text.size() + 1);
  for (const size_t piece : {1, 2, 3, 7})
    if (parse(text, piece) != whole) std::abort();
  for (const std::string& event : whole) {
    if (event.size() > kMaxEvent + text.size()) std::abort();
    const std::string message = fathom::completion::server_message(event);
    if (message.find_first_of("\n\r\x1b") != std::string::npos) std::abort();
    const std::string_view answer = std::string_view(event).substr(event.find('|') + 1);
    for (const auto& protocol : protocols) check_reply(*protocol, answer);
  }
  for (const auto& protocol : protocols) check_reply(*protocol, text);
  return 0;
}
