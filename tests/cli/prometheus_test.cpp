#include "editors/cli/prometheus.h"

#include <map>
#include <regex>
#include <set>
#include <sstream>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace fathom::cli {
namespace {

const Json kStatus = Json::parse(R"({
  "version": "1.2.3", "pid": 7, "uptime_s": 12.5, "socket": "/run/f.sock",
  "models": [{"role": "completion", "state": "ready", "model": "a\\b \"c\"\nd",
              "weight_bytes": 1000000, "cache_bytes": 2000, "cache_tokens": 100,
              "cached_tokens": 25, "running": 1, "waiting": 2, "decode_tokens_per_s": 12.5},
             {"role": "reasoning", "state": "unloaded", "model": ""}],
  "clients": [{"name": "nvim", "documents": 2}, {"name": "code", "documents": 3}],
  "workspaces": [{"root": "/secret/a", "state": "ready", "files": 10, "text_bytes": 1000},
                 {"root": "/secret/b", "state": "indexing", "files": 5, "text_bytes": 500}],
  "completions": {"requests": 10, "shown": 5, "cancelled": 1, "failed": 0, "from_cache": 2,
    "filtered": {"mid_word": 3, "syntax": 1}, "prompt_tokens": 100, "reused_tokens": 60,
    "generated_tokens": 20,
    "first_token": {"bounds_ms": [1, 10], "buckets": [1, 2, 3], "count": 6, "sum_ms": 100},
    "total": {"bounds_ms": [1, 10], "buckets": [0, 0, 0], "count": 0, "sum_ms": 0}},
  "acceptance": {"cpp": {"accepted": 4}}
})");

/// The samples of a page by their names with labels; fails on a line that is not of the format.
std::map<std::string, double> read_page(const std::string& page) {
  static const std::regex kSample(
      R"re(^([a-zA-Z_:][a-zA-Z0-9_:]*)((\{([a-z_]+="([^"\\]|\\["\\n])*",?)+\})?) ([-+0-9.e]+|\+Inf)$)re");
  static const std::regex kType("^# TYPE ([a-z0-9_]+) (counter|gauge|histogram)$");
  static const std::regex kHelp("^# HELP ([a-z0-9_]+) .+$");
  std::map<std::string, double> samples;
  std::map<std::string, std::string> types;
  std::set<std::string> helps;
  std::istringstream lines(page);
  for (std::string line; std::getline(lines, line);) {
    std::smatch match;
    if (std::regex_match(line, match, kHelp)) {
      EXPECT_TRUE(helps.insert(match[1]).second) << line;
    } else if (std::regex_match(line, match, kType)) {
      EXPECT_TRUE(helps.contains(match[1])) << line;
      EXPECT_TRUE(types.emplace(match[1], match[2]).second) << line;
    } else if (std::regex_match(line, match, kSample)) {
      std::string name = match[1];
      for (const char* suffix : {"_bucket", "_sum", "_count"})
        if (!types.contains(name) && name.ends_with(suffix))
          name.resize(name.size() - std::string_view(suffix).size());
      EXPECT_TRUE(types.contains(name)) << line;
      EXPECT_TRUE(types[name] != "counter" || name.ends_with("_total")) << line;
      EXPECT_TRUE(samples.emplace(match[1].str() + match[2].str(), std::stod(match[6])).second)
          << line;
    } else {
      ADD_FAILURE() << "not of the format: " << line;
    }
  }
  return samples;
}

TEST(Prometheus, IsWellFormedAndComplete) {
  const auto samples = read_page(prometheus_text(kStatus));
  EXPECT_EQ(samples.at("fathom_info{version=\"1.2.3\"}"), 1);
  EXPECT_EQ(samples.at("fathom_uptime_seconds"), 12.5);
  EXPECT_EQ(samples.at("fathom_clients"), 2);
  EXPECT_EQ(samples.at("fathom_open_documents"), 5);
  EXPECT_EQ(samples.at("fathom_completions_total{end=\"filtered\"}"), 4);
  EXPECT_EQ(samples.at("fathom_completions_filtered_total{rule=\"mid_word\"}"), 3);
  EXPECT_EQ(samples.at("fathom_prompt_tokens_total{source=\"computed\"}"), 40);
  EXPECT_EQ(samples.at("fathom_suggestions_accepted_total{language=\"cpp\"}"), 4);
}

TEST(Prometheus, TellsOfTheEngineOfEachModel) {
  const auto samples = read_page(prometheus_text(kStatus));
  const std::string ready = R"({role="completion",model="a\\b \"c\"\nd"})";
  const std::string unloaded = R"({role="reasoning",model=""})";
  EXPECT_EQ(samples.at("fathom_model_cached_tokens" + ready), 25);
  EXPECT_EQ(samples.at("fathom_model_jobs_waiting" + ready), 2);
  EXPECT_EQ(samples.at("fathom_model_decode_tokens_per_second" + ready), 12.5);
  EXPECT_EQ(samples.at("fathom_model_cached_tokens" + unloaded), 0);
}

TEST(Prometheus, CountsWorkspacesWithoutTheirNames) {
  const std::string page = prometheus_text(kStatus);
  const auto samples = read_page(page);
  EXPECT_EQ(samples.at("fathom_workspaces{state=\"ready\"}"), 1);
  EXPECT_EQ(samples.at("fathom_workspaces{state=\"indexing\"}"), 1);
  EXPECT_EQ(samples.at("fathom_indexed_files"), 15);
  EXPECT_EQ(samples.at("fathom_indexed_bytes"), 1500);
  EXPECT_EQ(page.find("secret"), std::string::npos);
}

TEST(Prometheus, EscapesLabels) {
  const auto samples = read_page(prometheus_text(kStatus));
  EXPECT_EQ(samples.at(R"(fathom_model_ready{role="completion",model="a\\b \"c\"\nd"})"), 1);
  EXPECT_EQ(samples.at(R"(fathom_model_ready{role="reasoning",model=""})"), 0);
}

TEST(Prometheus, HasCumulativeHistogramsInSeconds) {
  const auto samples = read_page(prometheus_text(kStatus));
  const std::string name = "fathom_completion_first_token_seconds";
  EXPECT_EQ(samples.at(name + "_bucket{le=\"0.001\"}"), 1);
  EXPECT_EQ(samples.at(name + "_bucket{le=\"0.01\"}"), 3);
  EXPECT_EQ(samples.at(name + "_bucket{le=\"+Inf\"}"), 6);
  EXPECT_EQ(samples.at(name + "_count"), 6);
  EXPECT_EQ(samples.at(name + "_sum"), 0.1);
}

TEST(Prometheus, LeavesOutWhatTheStatusDoesNotHave) {
  EXPECT_EQ(read_page(prometheus_text({{"version", "1"}})).size(), 1u);
}

}  // namespace
}  // namespace fathom::cli
