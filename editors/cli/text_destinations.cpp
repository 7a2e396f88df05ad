#include "editors/cli/text_destinations.h"

#include <fmt/format.h>

#include "completion/model_host.h"
#include "completion/remote/consent.h"

namespace fathom::cli {
namespace {

using completion::ConsentAnswer;
using completion::Role;

TextDestination destination(const completion::EffectiveConfig& config, Role role,
                            const std::filesystem::path& folder) {
  TextDestination result{.what =
                             role == Role::completion ? "completions" : "explanations and reviews"};
  const completion::RemoteServer server =
      completion::spec_of(completion::host_config(config.values), role, completion::Reach::servers)
          .remote;
  if (server.url.empty()) {
    result.why = "no server is configured for them";
    return result;
  }
  const bool is_own = role == Role::reasoning && !config.values.remote_reasoning_url.empty();
  const char* key = is_own ? "remote.reasoning_url" : "remote.completion_url";
  const std::string origin = origin_of(server);
  if (origin.empty()) {
    result.why = fmt::format("{} in {} is no address of a server, such as https://gpu.example:8080",
                             key, completion::origin_of(config, key));
    return result;
  }
  const completion::Consent consent(completion::consent_file());
  const std::string named =
      fmt::format("{} in {} names {}", key, completion::origin_of(config, key), origin);
  switch (consent.answer(origin, folder)) {
    case ConsentAnswer::yes:
      result.server = origin;
      result.why = fmt::format("{}, and {} allows it", named, consent.file().string());
      break;
    case ConsentAnswer::never:
      result.why = fmt::format("{}, but {} forbids it", named, consent.file().string());
      break;
    case ConsentAnswer::none:
      result.why = fmt::format(
          "{}, but nobody has allowed it yet: the first command or editor "
          "asks",
          named);
      break;
  }
  return result;
}

}  // namespace

std::vector<TextDestination> text_destinations(const completion::EffectiveConfig& config,
                                               const std::filesystem::path& folder) {
  return {destination(config, Role::completion, folder),
          destination(config, Role::reasoning, folder)};
}

}  // namespace fathom::cli
