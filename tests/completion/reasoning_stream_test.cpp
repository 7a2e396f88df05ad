#include "completion/reasoning_stream.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace fathom::completion {
namespace {

constexpr engine::TokenId kText = 1;
constexpr engine::TokenId kBegin = 2;
constexpr engine::TokenId kEnd = 3;

class Stream : public testing::Test {
 protected:
  ReasoningStream make(bool opens_reasoning) {
    const std::vector<engine::TokenId> prompt = {kText, opens_reasoning ? kBegin : kText, kText};
    return behind(prompt);
  }
  ReasoningStream behind(const std::vector<engine::TokenId>& prompt) {
    return ReasoningStream({.think_begin = kBegin, .think_end = kEnd}, prompt,
                           [this](Channel channel, std::string_view text) {
                             log_ += channel == Channel::reasoning ? "R[" : "A[";
                             log_ += text;
                             log_ += ']';
                           });
  }
  std::string log_;
};

TEST_F(Stream, PartsAtTheTokenThatEndsTheReasoning) {
  ReasoningStream stream = make(true);
  stream.feed(kText, "It adds.");
  stream.feed(kEnd, "");
  stream.feed(kText, "\n\n");
  stream.feed(kText, "Adds two");
  stream.feed(kText, " numbers.");
  stream.finish();
  EXPECT_EQ(log_, "R[It adds.]A[Adds two]A[ numbers.]");
  EXPECT_EQ(stream.reasoning(), "It adds.");
  EXPECT_EQ(stream.answer(), "Adds two numbers.");
  EXPECT_EQ(stream.n_reasoning_tokens(), 1);
  EXPECT_EQ(stream.n_answer_tokens(), 3);
}

TEST_F(Stream, DoesNotPartAtTheSameTextSpelledOut) {
  ReasoningStream stream = make(true);
  stream.feed(kText, "</think>");
  EXPECT_EQ(stream.channel(), Channel::reasoning);
}

TEST_F(Stream, FollowsAModelThatOpensItsReasoningItself) {
  ReasoningStream stream = make(false);
  EXPECT_EQ(stream.channel(), Channel::answer);
  stream.feed(kBegin, "");
  stream.feed(kText, "Hm.");
  stream.feed(kEnd, "");
  stream.feed(kText, "Yes.");
  stream.feed(kBegin, "");
  stream.feed(kText, " No.");
  EXPECT_EQ(log_, "R[Hm.]A[Yes.]A[ No.]");
}

TEST_F(Stream, KnowsFromThePromptWhetherTheReasoningIsOpen) {
  EXPECT_EQ(behind({kText, kBegin, kText}).channel(), Channel::reasoning);
  EXPECT_EQ(behind({kEnd, kText, kBegin}).channel(), Channel::reasoning);
  EXPECT_EQ(behind({kBegin, kEnd}).channel(), Channel::answer);
  EXPECT_EQ(behind({kText, kEnd, kText}).channel(), Channel::answer);
  EXPECT_EQ(behind({kText}).channel(), Channel::answer);
}

TEST_F(Stream, TakesAnEmptyReasoning) {
  ReasoningStream stream = make(true);
  stream.feed(kText, "\n\n");
  stream.feed(kEnd, "");
  stream.feed(kText, "\n\nYes.");
  stream.finish();
  EXPECT_EQ(log_, "A[Yes.]");
}

TEST_F(Stream, SendsWholeCharactersOnly) {
  ReasoningStream stream = make(false);
  stream.feed(kText, "caf\xc3");
  stream.feed(kText, "\xa9 \xe2\x82");
  stream.feed(kText, "\xac");
  EXPECT_EQ(log_, "A[caf]A[\xc3\xa9]A[ \xe2\x82\xac]");
}

TEST_F(Stream, SendsValidCharactersOnly) {
  ReasoningStream stream = make(false);
  stream.feed(kText,
              "a\xff"
              "b\xe2\x82");
  stream.finish();
  EXPECT_EQ(stream.answer(),
            "a\xef\xbf\xbd"
            "b\xef\xbf\xbd\xef\xbf\xbd");
}

TEST_F(Stream, LeavesOutEmptyLinesAroundAChannel) {
  ReasoningStream stream = make(true);
  stream.feed(kText, "\n\nOne.\n");
  stream.feed(kText, "\nTwo.\n\n");
  stream.begin_answer();
  stream.feed(kText, "\nDone.\n");
  stream.finish();
  EXPECT_EQ(stream.reasoning(), "One.\n\nTwo.");
  EXPECT_EQ(stream.answer(), "Done.");
}

}  // namespace
}  // namespace fathom::completion
