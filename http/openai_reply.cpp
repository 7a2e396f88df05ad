#include "http/openai_reply.h"

#include <utility>

#include <nlohmann/json.hpp>

#include "http/reply.h"

namespace fathom::http {

OpenAiReply::OpenAiReply(ExchangePtr exchange, const StreamOptions& options, Frame frame)
    : exchange_(std::move(exchange)),
      options_(options),
      frame_(std::move(frame)),
      id_(new_id(frame_.id_prefix)),
      created_(created_now()) {}

Json OpenAiReply::framed(Json choices) const {
  return {{"id", id_},
          {"object", options_.stream ? frame_.chunk_object : frame_.object},
          {"created", created_},
          {"model", frame_.model},
          {"choices", std::move(choices)}};
}

void OpenAiReply::chunk(Json choice) {
  has_begun_ = true;
  choice["index"] = 0;
  if (!choice.contains("finish_reason")) choice["finish_reason"] = nullptr;
  exchange_->event(to_line(framed(Json::array({std::move(choice)}))));
}

void OpenAiReply::finish(Json choice, const engine::GenerateResult& result) {
  choice["finish_reason"] = finish_reason(result);
  if (!options_.stream) {
    choice["index"] = 0;
    Json body = framed(Json::array({std::move(choice)}));
    body["usage"] = usage_of(result);
    return reply_json(*exchange_, 200, body);
  }
  chunk(std::move(choice));
  if (options_.include_usage) {
    Json body = framed(Json::array());
    body["usage"] = usage_of(result);
    exchange_->event(to_line(body));
  }
  exchange_->event("[DONE]");
  exchange_->end_events();
}

void OpenAiReply::fail(const Error& error) { reply_error(*exchange_, error, has_begun_); }

}  // namespace fathom::http
