#include "editors/cli/status_text.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace fathom::cli {
namespace {

/// The line of the text that holds `words`; "" if there is none.
std::string line_with(const std::string& text, std::string_view words) {
  const size_t found = text.find(words);
  if (found == std::string::npos) return {};
  const size_t begin = text.rfind('\n', found) + 1;
  return text.substr(begin, text.find('\n', found) - begin);
}

TEST(StatusText, TellsWhatEachModelHoldsAndDoes) {
  const std::string text = status_text(Json::parse(R"({"models": [
    {"role": "completion", "state": "ready", "model": "", "backend": "cpu", "device": "avx2",
     "weight_bytes": 33400000, "cache_bytes": 64000000, "cache_tokens": 8000, "cached_tokens": 2000,
     "running": 1, "waiting": 2, "prefill_tokens_per_s": 812.4, "decode_tokens_per_s": 56.6,
     "prompt_tokens": 1000, "reused_tokens": 710},
    {"role": "reasoning", "state": "ready", "model": "", "backend": "cpu"}]})"));
  EXPECT_EQ(line_with(text, "completion "), "  completion  built-in, ready");
  EXPECT_EQ(line_with(text, "weights"), "              cpu (avx2), weights 33 MB");
  EXPECT_EQ(line_with(text, "KV cache"),
            "              KV cache 64 MB for 8000 tokens, 25 % used; 71 % of 1000 prompt tokens "
            "were found there");
  EXPECT_EQ(line_with(text, "waiting"),
            "              1 request running, 2 waiting; reads 812 tokens/s, writes 57 tokens/s");
  EXPECT_EQ(line_with(text, "reasoning"), "  reasoning   the same model");
}

TEST(StatusText, TellsOfServers) {
  const std::string text = status_text(Json::parse(R"({"models": [
    {"role": "completion", "state": "unloaded", "model": "a", "server": {
       "origin": "https://gpu", "state": "ready", "device": "llama-server at https://gpu"}},
    {"role": "reasoning", "state": "unloaded", "model": "a", "server": {
       "origin": "https://big", "state": "failed", "problem": "https://big: no connection"}}]})"));
  EXPECT_EQ(line_with(text, "https://gpu:"),
            "              server https://gpu: llama-server at https://gpu");
  EXPECT_EQ(line_with(text, "https://big:"),
            "              server https://big: this machine computes instead: https://big: no "
            "connection");
}

TEST(StatusText, SaysWhyThereIsNoModel) {
  const std::string text = status_text(Json::parse(R"({"models": [
    {"role": "completion", "state": "failed", "model": "a.gguf", "error": "a.gguf: truncated"},
    {"role": "reasoning", "state": "loading", "model": "b.gguf", "progress": 0.42}]})"));
  EXPECT_EQ(line_with(text, "completion "), "  completion  a.gguf, failed: a.gguf: truncated");
  EXPECT_EQ(line_with(text, "reasoning"), "  reasoning   b.gguf, loading, 42 %");
}

TEST(StatusText, TellsHowFarWorkspacesAre) {
  const std::string text = status_text(Json::parse(R"({"workspaces": [
    {"root": "/p/a", "state": "ready", "files": 1, "text_bytes": 1500000, "ms_build": 1234,
     "complete": false},
    {"root": "/p/b", "state": "indexing", "files": 20, "text_bytes": 0}]})"));
  EXPECT_EQ(line_with(text, "indexed"), "              1 source file, 1.5 MB, indexed in 1.2 s");
  EXPECT_NE(line_with(text, ".fathomignore"), "");
  EXPECT_EQ(line_with(text, "so far"), "              indexing, 20 source files, 0.0 MB so far");
}

TEST(StatusText, CountsWhatBecameOfCompletions) {
  const std::string text = status_text(Json::parse(R"({
    "completions": {"requests": 10, "shown": 5, "from_cache": 2, "cancelled": 1, "failed": 0,
      "filtered": {"mid_word": 3, "syntax": 1},
      "total": {"count": 6, "p50_ms": 120, "p95_ms": 250}},
    "acceptance": {"cpp": {"offered": 5, "accepted": 2}, "go": {"offered": 1, "accepted": 1}}})"));
  EXPECT_EQ(line_with(text, "kept back"), "  kept back   3 mid_word, 1 syntax");
  EXPECT_EQ(line_with(text, "95 %"), "  answer      half within 120 ms, 95 % within 250 ms");
  EXPECT_EQ(line_with(text, "offered"), "  offered     6, of which 3 accepted, 0 in part");
}

TEST(StatusText, IsShortForADaemonThatTellsLittle) {
  EXPECT_EQ(status_text(Json::parse(R"({"version": "1", "pid": 7, "uptime_s": 61})")),
            "fathom 1, pid 7, up for 1 min, at \nmodels\nclients: 0\n");
}

}  // namespace
}  // namespace fathom::cli
