// A Generator that plays a script: what everything above the engine is tested with.
//
//   FakeGenerator generator;                  // inline: submit() runs the job to its end
//   generator.answer("return a + b;");        // of the first request
//   generator.answer(FakeAnswer{.text = "...", .hold = true});  // of the second
//
// Answers are given in the order of the requests; a request without an answer ends at once with
// end_token. Requests are recorded as they came.
//
// Threads: any. Inline everything runs inside submit(); with threads = true on one thread of its
// own, in the order of submission, which is how latest-wins and cancellation are tested: an answer
// with `hold` waits before its first token until release() or until its request is cancelled.

#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "engine/generator.h"
#include "engine/tokenizer/tokenizer.h"

namespace fathom::test {

/// The text is what the model writes behind GenerateRequest::forced_prefix, which the generator
/// puts in front by itself, as a real one does. Special tokens spelled out in it become themselves:
/// "thought</think>answer".
struct FakeAnswer {
  std::string text;
  std::chrono::milliseconds delay_per_token{0};
  bool hold = false;      // wait for release() before the first token
  float logprob = -0.1f;  // of every token
  bool fails = false;     // ends with ErrorCode::internal after the text
};

class FakeGenerator final : public engine::Generator {
 public:
  struct Options {
    bool threads = false;
    bool line_anchored = true;
    bool has_fim = true;
    std::string fim_refusal = "";  // with has_fim = false
    bool has_chat = true;
    int context_length = 1024;
  };

  /// Reads tests/data/tokenizer-tiny: tests run in the repository root.
  FakeGenerator() : FakeGenerator(Options{}) {}
  explicit FakeGenerator(Options options);
  ~FakeGenerator() override;

  void answer(std::string text) { answer(FakeAnswer{.text = std::move(text)}); }
  void answer(FakeAnswer answer);
  /// Lets every answer that holds, now or later, go on.
  void release();
  /// Waits until `n` requests have been started.
  void wait_for_started(int n);

  std::vector<engine::GenerateRequest> requests() const;
  /// A recorded prompt as text, special tokens spelled out.
  std::string prompt_text(size_t request) const;

  void submit(engine::GenerateRequest request, OnToken on_token, OnDone on_done) override;
  int n_unfinished() const override;
  const engine::Tokenizer& tokenizer() const override;
  const engine::ModelTraits& traits() const override;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace fathom::test
