// Any bytes, any cursor, any answer of the model, through the whole completion pipeline: nothing
// may crash, take long or leave the cursor's line.
//
// Input: language, cursor (2 bytes, a share of the text), trigger; then the text up to a zero byte
// and the answer behind it.

#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>

#include "completion/assistant.h"
#include "completion/syntax/language.h"
#include "tests/support/fake_generator.h"

namespace {

using namespace fathom;
using namespace fathom::completion;

constexpr size_t kHeader = 4;

void require(bool holds) {
  if (!holds) std::abort();
}

void check(const CompletionRequest& request, const Completion& completion) {
  const std::string_view text = request.snapshot->text;
  require(completion.replace_begin == request.cursor);
  require(completion.replace_end >= request.cursor && completion.replace_end <= text.size());
  const std::string_view replaced =
      text.substr(request.cursor, completion.replace_end - request.cursor);
  require(replaced.find('\n') == std::string_view::npos);
  require(!completion.text.empty() || replaced.empty());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < kHeader) return 0;
  const std::string_view input(reinterpret_cast<const char*>(data) + kHeader, size - kHeader);
  const size_t text_size = std::min(input.find('\0'), input.size());
  const std::string_view answer = input.substr(std::min(text_size + 1, input.size()));
  const size_t share = data[1] * 256u + data[2];

  // One more than there are languages: the last is not supported.
  const size_t language = data[0] % (languages().size() + 1);
  auto snapshot = std::make_shared<Snapshot>(Snapshot{.uri = "file:///a", .path = "a"});
  snapshot->language =
      language < languages().size() ? std::string(languages()[language].name) : "text";
  snapshot->text = input.substr(0, text_size);

  test::FakeGenerator generator;
  generator.answer(std::string(answer));
  generator.answer(std::string(answer));
  Log log;
  Assistant assistant(generator, log, {.threads = false});
  CompletionRequest request{.snapshot = snapshot,
                            .cursor = text_size * share / 65535,
                            .trigger = data[3] % 2 == 0 ? Trigger::automatic : Trigger::invoked};
  std::string accepted;
  assistant.complete(request, [&](Result<Completion> result) {
    require(result.has_value());
    check(request, *result);
    accepted = snapshot->text;
    accepted.replace(result->replace_begin, result->replace_end - result->replace_begin,
                     result->text);
  });
  // The next version of the document: the incremental paths.
  auto next = std::make_shared<Snapshot>(*snapshot);
  next->text = accepted;
  request.snapshot = next;
  assistant.complete(request, [&](Result<Completion> result) {
    require(result.has_value());
    check(request, *result);
  });
  return 0;
}
