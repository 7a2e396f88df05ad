// The configuration of one session: the files' layers, and above them what the client said, in
// `initializationOptions`, in `workspace/didChangeConfiguration`, or when it was asked
// (`workspace/configuration`). The names are the configuration's own, in either case:
// completion.maxTokens is completion.max_tokens. docs/configuration.md lists them.
//
// Main thread only.

#pragma once

#include <set>
#include <string>
#include <vector>

#include "completion/config.h"
#include "lsp/json.h"

namespace fathom::lsp {

/// What a client said, not yet judged.
struct ClientSettings {
  struct Setting {
    std::string key;  // of the configuration: "completion.max_tokens"
    completion::ConfigValue value;
  };
  std::vector<Setting> settings;
  std::vector<std::string> problems;  // values that no key has
};

/// From an object of objects, or of dotted names, or a mix. The tables "client" and "trace", and
/// "token", are for others: what is in them is left out.
ClientSettings read_settings(const Json& json);

class Settings final {
 public:
  /// `base`: what the files say.
  explicit Settings(completion::EffectiveConfig base);

  const completion::Config& values() const { return effective_.values; }

  /// The client's word, which replaces what it said before.
  void set_client(ClientSettings client);
  /// The files have changed. Notes a problem for each key that only a restart applies.
  void set_base(completion::EffectiveConfig base);

  /// What is wrong and was not taken before: for people.
  std::vector<std::string> take_problems();

 private:
  void apply();

  completion::EffectiveConfig base_;
  ClientSettings client_;
  completion::EffectiveConfig effective_;
  std::vector<std::string> new_problems_;
  std::set<std::string> told_;  // problems that were taken and still are
};

}  // namespace fathom::lsp
