#include "lsp/suggestion_tracker.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace fathom::lsp {
namespace {

using completion::AcceptanceCounts;
using std::chrono::seconds;

constexpr const char* kUri = "file:///a.cpp";

class SuggestionTrackerTest : public testing::Test {
 protected:
  AcceptanceCounts counts() const {
    const auto all = acceptance_.counts();
    const auto found = all.find("cpp");
    return found == all.end() ? AcceptanceCounts() : found->second;
  }

  /// Offers texts at the end of the document.
  std::vector<uint64_t> offer_all(const std::vector<std::string>& texts) {
    const size_t end = document_.text().size();
    std::vector<Suggestion> suggestions;
    for (const std::string& text : texts)
      suggestions.push_back({.text = text, .begin = end, .end = end});
    tracker_.offer(*document_.snapshot(), suggestions);
    std::vector<uint64_t> ids;
    for (const Suggestion& suggestion : suggestions) ids.push_back(suggestion.id);
    return ids;
  }
  uint64_t offer(std::string_view text) { return offer_all({std::string(text)})[0]; }

  void replace(size_t begin, size_t end, std::string_view text, seconds time = seconds(0)) {
    tracker_.before_change(document_, start_ + time);
    tracker_.changed(document_, document_.replace({.start = document_.position_of(begin),
                                                   .end = document_.position_of(end)},
                                                  text));
  }
  void append(std::string_view text) {
    replace(document_.text().size(), document_.text().size(), text);
  }

  /// Offers and accepts, as clients do: the text first.
  void accept(std::string_view text) {
    const uint64_t id = offer(text);
    append(text);
    tracker_.accepted(id, &document_, start_);
  }

  Log log_;
  completion::Acceptance acceptance_{{}, log_};
  SuggestionTracker tracker_{&acceptance_};
  Document document_{
      {.uri = kUri, .path = "a.cpp", .language = "cpp"}, 1, "int a = ", PositionEncoding::utf8};
  const SuggestionTracker::Clock::time_point start_ = SuggestionTracker::Clock::now();
};

TEST_F(SuggestionTrackerTest, ASuggestionKeepsItsIdWhileItIsTyped) {
  const uint64_t id = offer("b + c;");
  append("b");
  EXPECT_EQ(offer(" + c;"), id);
  append(" +");
  EXPECT_EQ(offer(" c;"), id);
  EXPECT_EQ(offer(" c; // sum"), id);
  EXPECT_NE(offer(" d;"), id);
  EXPECT_EQ(counts(), (AcceptanceCounts{.offered = 2}));
}

TEST_F(SuggestionTrackerTest, SuggestionsToChooseFromCountAsOneAndHaveTheirOwnIds) {
  const uint64_t before = offer("b;");
  const auto ids = offer_all({"b;", "c(1);", "d;"});
  EXPECT_EQ(ids[0], before);
  EXPECT_NE(ids[1], ids[0]);
  EXPECT_NE(ids[2], ids[1]);
  tracker_.shown(ids[0]);
  tracker_.shown(ids[1]);
  append("c(");
  EXPECT_EQ(offer("1);"), ids[1]);
  append("1);");
  tracker_.accepted(ids[1], &document_, start_);
  EXPECT_EQ(counts(), (AcceptanceCounts{.offered = 1, .shown = 1, .accepted = 1}));
}

TEST_F(SuggestionTrackerTest, CountsWhatTheClientSaysOnce) {
  const uint64_t id = offer("b;");
  tracker_.shown(id);
  tracker_.shown(id);
  tracker_.partially_accepted(id);
  tracker_.partially_accepted(id);
  tracker_.accepted(id, &document_, start_);
  tracker_.shown(99);
  EXPECT_EQ(counts(), (AcceptanceCounts{.offered = 1, .shown = 1, .partially_accepted = 1}));
  EXPECT_EQ(tracker_.uri_of(id), kUri);
  EXPECT_EQ(tracker_.uri_of(99), "");
}

TEST_F(SuggestionTrackerTest, OnlyWhatWasShownCanBeRejected) {
  offer("b;");
  const uint64_t shown = offer("c;");
  tracker_.shown(shown);
  offer("d;");
  tracker_.closing(document_);
  EXPECT_EQ(counts(), (AcceptanceCounts{.offered = 3, .shown = 1, .rejected = 1}));
}

TEST_F(SuggestionTrackerTest, AnUntouchedSuggestionIsKept) {
  accept("b + c;");
  replace(0, 3, "double", seconds(29));
  EXPECT_EQ(counts().kept_30_s, 0u);
  append("\n");
  replace(0, 6, "int", seconds(31));
  EXPECT_EQ(counts().kept_30_s, 1u);
  replace(0, 3, "auto", seconds(301));
  EXPECT_EQ(counts(),
            (AcceptanceCounts{.offered = 1, .accepted = 1, .kept_30_s = 1, .kept_5_min = 1}));
}

TEST_F(SuggestionTrackerTest, IsJudgedByTheTextAsItWasThen) {
  accept("b + c;");
  replace(8, 14, "", seconds(60));
  replace(0, 0, " ", seconds(400));
  EXPECT_EQ(counts().kept_30_s, 1u);
  EXPECT_EQ(counts().gone_5_min, 1u);
}

TEST_F(SuggestionTrackerTest, HalfOfItsBytesAreEnough) {
  accept("1234567890");
  replace(9, 12, "abc");  // a hole of three
  replace(12, 12, "in the middle");
  tracker_.closing(document_);
  EXPECT_EQ(counts().kept_30_s, 1u);
  accept("1234567890");
  const size_t end = document_.text().size();
  replace(end - 6, end, "");
  tracker_.closing(document_);
  EXPECT_EQ(counts().kept_30_s, 1u);
  EXPECT_EQ(counts().gone_30_s, 1u);
  EXPECT_EQ(counts().gone_5_min, 1u);
}

TEST_F(SuggestionTrackerTest, TheTextMayComeAfterTheWordThatItWasAccepted) {
  const uint64_t id = offer("b;");
  tracker_.accepted(id, &document_, start_);
  append("b;");
  tracker_.closing(document_);
  EXPECT_EQ(counts().kept_30_s, 1u);
}

TEST_F(SuggestionTrackerTest, AWholeDocumentSentAnewIsAnEditLikeOthers) {
  accept("b + c;");
  tracker_.changed(document_, document_.replace_all("int x;\nint a = b + c;"));
  tracker_.closing(document_);
  EXPECT_EQ(counts().kept_30_s, 1u);
}

}  // namespace
}  // namespace fathom::lsp
