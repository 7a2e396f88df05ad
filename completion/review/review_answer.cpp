#include "completion/review/review_answer.h"

#include <algorithm>
#include <cmath>
#include <string_view>
#include <utility>

#include <nlohmann/json.hpp>

#include "completion/review/report_parts.h"

namespace fathom::completion {
namespace {

using Place = ReviewGrammar::Place;

/// One paragraph: blanks and line ends become single blanks.
std::string as_paragraph(std::string_view text) {
  std::string paragraph;
  for (const char c : text) {
    const bool is_blank = c == ' ' || (static_cast<unsigned char>(c) < 0x20);
    if (!is_blank) {
      paragraph += c;
    } else if (!paragraph.empty() && paragraph.back() != ' ') {
      paragraph += ' ';
    }
  }
  if (paragraph.ends_with(' ')) paragraph.pop_back();
  return paragraph;
}

/// `object`: a whole finding, which the grammar has accepted.
Claim read_claim(std::string_view object, double confidence) {
  const nlohmann::json json = nlohmann::json::parse(object, nullptr, false);
  Claim claim{.line = json["line"].get<int>(),
              .quote = json["quote"].get<std::string>(),
              .message = as_paragraph(json["message"].get<std::string>()),
              .category = json["category"].get<std::string>(),
              .severity = find_severity(json["severity"].get<std::string>()).value(),
              .confidence = confidence};
  if (json["replacement"].is_string()) claim.replacement = json["replacement"].get<std::string>();
  return claim;
}

}  // namespace

bool AnswerReader::feed(std::string_view bytes, float logprob) {
  bool counts = false;
  for (const char byte : bytes) {
    const std::string_view next(&byte, 1);
    is_broken_ = is_broken_ || !grammar_.allows(next);
    if (is_broken_) return false;
    const Place before = grammar_.place();
    grammar_.accept(next);
    const Place after = grammar_.place();
    if (before == Place::between && after == Place::where) {
      object_.clear();
      sum_logprob_ = 0;
      n_tokens_ = 0;
      confidence_ = 1;
    }
    counts |= after == Place::where || after == Place::what;
    if (before != Place::between || after != Place::between) object_ += byte;
    if (before == Place::replacement && after == Place::between) {
      claims_.push_back(read_claim(object_, confidence_));
    }
  }
  if (counts) {
    sum_logprob_ += logprob;
    ++n_tokens_;
    if (grammar_.place() != Place::where)
      confidence_ = std::min(confidence_, std::exp(sum_logprob_ / n_tokens_));
  }
  return true;
}

bool AnswerReader::is_below(double confidence) const {
  return grammar_.place() != Place::between && confidence_ < confidence;
}

}  // namespace fathom::completion
