// What fathom does for an editor: completions and explanations of documents.
//
// Threads: any thread may call. Results come through callbacks, on a thread of the Assistant or of
// the Generator; each on_done is called exactly once, for cancelled requests too (with
// ErrorCode::cancelled). With AssistantOptions::threads = false everything runs inside the call,
// which is how most tests run.
//
// A newer completion request for the same document of the same client cancels the older one.

#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "completion/snapshot.h"
#include "engine/base/cancel.h"
#include "engine/base/log.h"
#include "engine/base/result.h"
#include "engine/base/trace.h"
#include "engine/generator.h"

namespace fathom::completion {

class Workspaces;

/// One piece of the prompt, in the order of the prompt: the answer to "why this suggestion".
struct ContextPiece {
  // Of other files: "related", "import_decl", "symbol", "open", "similar", "recent"; of the
  // document: "path", "import", "scope", "declaration", "prefix", "line", "suffix".
  std::string kind;
  std::string path;  // file it comes from
  size_t begin = 0;  // byte range in that file
  size_t end = 0;
  int tokens = 0;
};

enum class Trigger { automatic, invoked };

/// Lines that a person has edited or looked at lately.
struct RecentRegion {
  SnapshotPtr snapshot;
  size_t begin = 0;  // byte range of whole lines
  size_t end = 0;
};
/// In percent. docs/configuration.md says where it comes from.
inline constexpr int kDefaultMinConfidence = 2;

struct CompletionRequest {
  SnapshotPtr snapshot;
  size_t cursor = 0;  // byte offset in snapshot->text
  /// Folder of the workspace that holds the document, as Workspaces::open() was told; "" if none.
  /// Paths of snapshots are relative to it.
  std::string root;
  std::vector<SnapshotPtr> open;     // the client's other open documents, the latest first
  std::vector<RecentRegion> recent;  // the latest first
  /// Other files of the repository to show the model, the most telling one last. What holds
  /// credentials is left out or masked.
  std::vector<SnapshotPtr> related;
  std::string repository;  // its name; may be ""
  Trigger trigger = Trigger::automatic;
  int max_tokens = 0;  // 0: decided by the syntax at the cursor
  int n = 1;           // suggestions wanted, at most kMaxSuggestions
  int max_lines = 0;   // as max_tokens
  /// Of an automatic one: hidden below, see Completion::confidence(). 0: never.
  int min_confidence = kDefaultMinConfidence;
  CancelToken cancel;
};

inline constexpr int kMaxSuggestions = 8;

/// Another suggestion at the same cursor; as in Completion. Never empty.
struct Alternative {
  std::string text;
  size_t replace_begin = 0;
  size_t replace_end = 0;
  float mean_logprob = 0;
};

/// Replace bytes [replace_begin, replace_end) of the snapshot by `text`. Empty text: nothing to
/// suggest. The range starts at or before the cursor, ends at or behind it, and lies on its line.
struct Completion {
  std::string text;
  size_t replace_begin = 0;
  size_t replace_end = 0;
  std::string stop;  // "line", "block", "end_token", "max_tokens", "cache", "filtered:<rule>", ...
  int tokens = 0;
  int prompt_tokens = 0;
  int reused_tokens = 0;
  double ms_first_token = 0;
  double ms_total = 0;
  float mean_logprob = 0;
  int masked_secrets = 0;  // credentials of the document that the model was not shown
  std::vector<ContextPiece> context;
  /// With CompletionRequest::n above 1: what else could be meant, likelier beginnings first. The
  /// suggestion itself is the same with and without.
  std::vector<Alternative> alternatives;

  /// How likely the model found its tokens, in percent: their geometric mean.
  double confidence() const { return 100 * std::exp(double{mean_logprob}); }
};

struct ExplainRequest {
  SnapshotPtr snapshot;
  size_t begin = 0;  // byte range to explain; rounded out to whole lines
  size_t end = 0;
  std::string question;            // "": explain
  int max_reasoning_tokens = 512;  // then the reasoning is closed and the answer begins
  int max_answer_tokens = 512;
  uint64_t seed = 0;  // for models that are better sampled than greedy
  CancelToken cancel;
  CancelToken answer_now;  // once it is set the reasoning ends and the answer begins
};

enum class Channel { reasoning, answer };

struct Explanation {
  std::string reasoning;
  std::string answer;
  bool saw_all = true;     // false: of the code, something was too long or masked
  int masked_secrets = 0;  // as Completion::masked_secrets
  engine::GenerateResult stats;
};

class Counters;

struct AssistantOptions {
  bool threads = true;        // false: everything inline, for tests
  int max_prompt_tokens = 0;  // with the answer; 0: the model's context length, at most 8192
  /// Whether time may be spent on what nobody has asked for yet, asked on the context thread: what
  /// follows a suggestion that is accepted, and prompts (warm_up). Null: never.
  std::function<bool()> may_speculate;
  std::shared_ptr<Trace> trace;                  // null: nothing is recorded
  std::shared_ptr<const Workspaces> workspaces;  // what is known of other files; null: nothing
  std::shared_ptr<Counters> counters;            // of completions; null: nothing is counted
  int update_interval_ms = 30;                   // at least, between two updates of a completion
};

/// What work that asks the model many things is given.
struct ModelUse {
  engine::Generator& generator;
  int context_tokens = 0;  // of one request
  CancelToken cancel;
};

class Assistant final {
 public:
  using Work = std::function<void(const ModelUse&)>;
  using OnCompletion = std::function<void(Result<Completion>)>;
  using OnUpdate = std::function<void(const Completion&)>;
  using OnDelta = std::function<void(Channel, std::string_view)>;
  using OnExplanation = std::function<void(Result<Explanation>)>;

  /// `generator` and `log` must outlive the assistant.
  Assistant(engine::Generator& generator, Log& log, AssistantOptions options);
  /// Cancels what is under way and waits until it has ended. Not from a callback.
  ~Assistant();

  void complete(CompletionRequest request, OnCompletion on_done);
  /// `on_update` is told, now and then and before on_done, what can be shown already: each text
  /// begins with the one before, and so does the result. On the generator's thread.
  void complete(CompletionRequest request, OnUpdate on_update, OnCompletion on_done);
  /// `on_delta` streams pieces of whole UTF-8 characters.
  void explain(ExplainRequest request, OnDelta on_delta, OnExplanation on_done);

  /// Runs what asks the model many things and waits for each answer, such as a review, on a thread
  /// for such work, one after the other. Its token is cancelled by `cancel`, when the client goes,
  /// and when the assistant does, which waits for it.
  void run(uint64_t client, const CancelToken& cancel, Work work);

  /// Forgets the syntax tree and cached suggestions of a document and cancels its completions.
  void close(const DocumentId& document);
  /// Cancels everything a client has asked for and forgets its documents. Others notice nothing.
  void close_client(uint64_t client);

  /// A completion there is likely to be asked for: computes its prompt, if nothing else is to do.
  void warm_up(CompletionRequest request);
  /// The document was edited: what is computed ahead of a request for it stops at once.
  void edited(const DocumentId& document);

  /// For who asks the model directly and holds the assistant meanwhile.
  engine::Generator& generator() const;

  /// Whether something was asked that is not answered yet.
  bool busy() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace fathom::completion
