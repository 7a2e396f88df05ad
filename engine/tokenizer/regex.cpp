#include "engine/tokenizer/regex.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

namespace fathom::engine {
namespace {

template <auto* release>
struct Release {
  template <class T>
  void operator()(T* pointer) const {
    release(pointer);
  }
};

using CodePtr = std::unique_ptr<pcre2_code, Release<pcre2_code_free>>;
using MatchDataPtr = std::unique_ptr<pcre2_match_data, Release<pcre2_match_data_free>>;
using MatchContextPtr = std::unique_ptr<pcre2_match_context, Release<pcre2_match_context_free>>;
using CompileContextPtr =
    std::unique_ptr<pcre2_compile_context, Release<pcre2_compile_context_free>>;
using JitStackPtr = std::unique_ptr<pcre2_jit_stack, Release<pcre2_jit_stack_free>>;

/// What a match needs besides the pattern. One per thread: making one costs more than a match.
struct Workspace {
  MatchDataPtr data{pcre2_match_data_create(1, nullptr)};
  MatchContextPtr context{pcre2_match_context_create(nullptr)};
  JitStackPtr stack{pcre2_jit_stack_create(32 * 1024, 1024 * 1024, nullptr)};

  // Without memory for one of these, PCRE2 makes do or matches nothing.
  Workspace() { pcre2_jit_stack_assign(context.get(), nullptr, stack.get()); }
};

std::string message_of(int error) {
  PCRE2_UCHAR buffer[256] = {};
  pcre2_get_error_message(error, buffer, sizeof(buffer));
  return reinterpret_cast<const char*>(buffer);
}

/// `\s+$` tries every position of a run of spaces that does not end the text, each up to the end
/// of the run: quadratic. The first match never begins inside a run, so the second form finds the
/// same ones, in linear time. DeepSeek-LLM's tokenizer has it.
std::string linear_form(const std::string& pattern) {
  return pattern == "\\s+$" ? "(?<!\\s)\\s+$" : pattern;
}

}  // namespace

struct Regex::Code {
  CodePtr pcre;
};

Result<Regex> Regex::compile(const std::string& pattern) {
  return compile(linear_form(pattern), PCRE2_UTF | PCRE2_UCP | PCRE2_MULTILINE);
}

Result<Regex> Regex::literal(const std::string& text) {
  return compile(text, PCRE2_UTF | PCRE2_LITERAL);
}

Result<Regex> Regex::compile(const std::string& pattern, unsigned int options) {
  const CompileContextPtr context(pcre2_compile_context_create(nullptr));
  if (!context) return fail(ErrorCode::out_of_memory, "no memory for a regular expression");
  pcre2_set_newline(context.get(), PCRE2_NEWLINE_LF);
  int error = 0;
  PCRE2_SIZE offset = 0;
  CodePtr code(pcre2_compile(reinterpret_cast<PCRE2_SPTR>(pattern.data()), pattern.size(), options,
                             &error, &offset, context.get()));
  if (!code) {
    return fail(ErrorCode::unsupported, "the regular expression '{}' at byte {}: {}", pattern,
                offset, message_of(error));
  }
  // Where the system forbids generated code, PCRE2 interprets the pattern: slower, same matches.
  pcre2_jit_compile(code.get(), PCRE2_JIT_COMPLETE);
  return Regex(std::make_shared<const Code>(Code{std::move(code)}));
}

std::optional<Regex::Match> Regex::find(std::string_view text, size_t from) const {
  thread_local const Workspace workspace;
  const int found =
      pcre2_match(code_->pcre.get(), reinterpret_cast<PCRE2_SPTR>(text.data()), text.size(), from,
                  PCRE2_NO_UTF_CHECK, workspace.data.get(), workspace.context.get());
  if (found < 0) return std::nullopt;
  const PCRE2_SIZE* range = pcre2_get_ovector_pointer(workspace.data.get());
  // \K in a lookahead can move the beginning: such a match is of no use here.
  if (range[0] < from || range[1] < range[0]) return std::nullopt;
  return Match{range[0], range[1]};
}

}  // namespace fathom::engine
