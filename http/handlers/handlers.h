// The handlers of the routes in http/api.cpp, one file each.

#pragma once

#include "http/api.h"

namespace fathom::http {

void chat_completions(const Api& api, const ExchangePtr& exchange);
void completions(const Api& api, const ExchangePtr& exchange);
void detokenize(const Api& api, const ExchangePtr& exchange);
void health(const Api& api, const ExchangePtr& exchange);
void infill(const Api& api, const ExchangePtr& exchange);
void metrics(const Api& api, const ExchangePtr& exchange);
void models(const Api& api, const ExchangePtr& exchange);
void tokenize(const Api& api, const ExchangePtr& exchange);

}  // namespace fathom::http
