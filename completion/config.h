// The configuration: what a person may set, and where each value came from.
//
// Layers, each over the one before: defaults; fathom.toml in $XDG_CONFIG_HOME/fathom/; .fathom.toml
// of the project; what the editor sends; flags. A project's file may come from a stranger, and so
// may an editor's settings for a folder: they can set how fathom behaves, never what is loaded, run
// or talked to.
//
// Threads: any; plain data.

#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace fathom::completion {

struct Config {
  std::string model;             // "": the built-in one
  int memory_mb = 0;             // for weights and KV cache; 0: no limit
  std::string reasoning_model;   // explains; "": model does
  int reasoning_memory_mb = 0;   // as memory_mb
  int idle_unload_minutes = 30;  // 0: never
  int disk_cache_mb = 0;         // of computed prompts; 0: none
  int idle_exit_minutes = 30;    // of the daemon; 0: never
  std::string backend = "auto";
  int n_threads = 0;                  // 0: one for each core
  int context_tokens = 0;             // 0: the model's own, at most 8192
  std::string remote_completion_url;  // "": the engine here computes
  std::string remote_reasoning_url;
  std::string remote_model;  // in the server's API; "": its only one
  std::string remote_reasoning_model;
  std::string remote_token_file;
  std::string remote_ca_file;
  std::string remote_client_certificate;
  std::string remote_client_key;
  bool remote_allow_unencrypted = false;
  bool suggest = true;
  bool suggest_on_battery = true;  // without being asked
  std::string disabled_languages;  // LSP language ids, between spaces
  bool cross_file = true;
  int max_completion_tokens = 0;  // 0: decided by the syntax at the cursor
  int max_completion_lines = 0;   // as max_completion_tokens
  int min_confidence = 2;         // percent
  int latency_budget_ms = 250;    // 0: a suggestion is shown when it is complete
  int max_reasoning_tokens = 512;
  int max_answer_tokens = 512;
};

/// One key, documented once: `fathom config`, the manual and editors show this text.
struct ConfigKey {
  using Member = std::variant<bool Config::*, int Config::*, std::string Config::*>;

  std::string_view name;  // "completion.max_tokens": table and key of the file
  Member member;
  std::string_view help;
  bool project_may_set = true;
  int low = 0;  // of a number
  int high = 0;
  std::string_view choices;  // of a string, between spaces; "": any
  bool is_list = false;      // a string of words; may also be given as a list of strings
};

std::span<const ConfigKey> config_keys();

using ConfigValue = std::variant<bool, int64_t, std::string, std::vector<std::string>>;

/// What is effective, and why.
struct EffectiveConfig {
  Config values;
  std::map<std::string, std::string, std::less<>> origins;  // by key, unless it is the default
  std::vector<std::string> problems;  // for people: file, line, key, what is wrong, what to do
};

/// "default", or what set() was told.
std::string_view origin_of(const EffectiveConfig& config, std::string_view key);
/// As text: true, 512, "auto".
std::string value_text(const Config& config, const ConfigKey& key);

/// Sets a key if it exists, has this type and allows the value; otherwise the value stays and a
/// problem is noted that begins with `place`.
void set(EffectiveConfig& config, std::string_view key, const ConfigValue& value,
         std::string_view origin, std::string_view place);

enum class ConfigScope { user, project, client };

/// "a.b is not for projects to decide; set it in FILE", if that is so; else "".
std::string forbidden_to(ConfigScope scope, std::string_view key);

/// Keys that only the user's file may set and whose values differ: what is loaded, run or talked
/// to, which a running program does not change.
std::vector<std::string_view> changed_at_start_only(const Config& before, const Config& after);

/// Sets what a TOML text says. A text that is no TOML sets nothing and is a problem.
void apply_toml(EffectiveConfig& config, std::string_view text, const std::string& file,
                ConfigScope scope);

/// The user's file and the nearest .fathom.toml in `project` or a folder around it. A file that is
/// not there is no problem; one that cannot be read is. `project` may be empty.
EffectiveConfig load_config(const std::filesystem::path& project);

/// The files that load_config(project) reads if they are there; what has no place is left out.
std::vector<std::filesystem::path> config_files(const std::filesystem::path& project);

/// $XDG_CONFIG_HOME/fathom/fathom.toml, else ~/.config/fathom/fathom.toml; empty without a home.
std::filesystem::path user_config_file();

}  // namespace fathom::completion
