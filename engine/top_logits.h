// What choosing a token needs of a row of logits, nearly always: the largest ones and the sum over
// all. A device copies some hundred bytes of each row to the host in place of half a million.

#pragma once

#include <cstdint>

namespace fathom::engine {

struct TokenLogit {
  int32_t id;
  float logit;
};

struct TopLogits {
  static constexpr int kMost = 32;

  float temperature = 0;             // set by who asks: of tempered_sum
  int32_t n = 0;                     // kMost, or the whole vocabulary
  TokenLogit likeliest[kMost] = {};  // [n], falling; of equal ones the lower id first
  // Over all logits, relative to the largest one. Not finite: the logits are no numbers.
  float sum = 0;           // of exp(logit)
  float tempered_sum = 0;  // of exp(logit / temperature); 0 where the temperature is
};

}  // namespace fathom::engine
