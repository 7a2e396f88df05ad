// One answer in the frame of OpenAI's API, whole or as a stream of chunks.
//
// Threads: one at a time.

#pragma once

#include <cstdint>
#include <string>

#include <nlohmann/json_fwd.hpp>

#include "engine/generator.h"
#include "http/exchange.h"
#include "http/parameters.h"

namespace fathom::http {

class OpenAiReply final {
 public:
  struct Frame {
    const char* id_prefix = "";
    const char* object = "";        // of the whole answer
    const char* chunk_object = "";  // of each piece of a stream
    std::string model;
  };

  OpenAiReply(ExchangePtr exchange, const StreamOptions& options, Frame frame);

  bool streams() const { return options_.stream; }
  /// Sends one piece of a stream. `choice`: what is beside its index and finish_reason.
  void chunk(Json choice);
  /// The whole choice, or what is left of a stream, and the end.
  void finish(Json choice, const engine::GenerateResult& result);
  void fail(const Error& error);

 private:
  Json framed(Json choices) const;

  const ExchangePtr exchange_;
  const StreamOptions options_;
  const Frame frame_;
  const std::string id_;
  const int64_t created_;
  bool has_begun_ = false;  // a stream
};

}  // namespace fathom::http
