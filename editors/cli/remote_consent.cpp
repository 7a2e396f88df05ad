#include "editors/cli/remote_consent.h"

#include <cstdio>
#include <filesystem>
#include <iostream>

#include "completion/remote/consent.h"
#include "completion/remote/remote_generator.h"
#include "editors/cli/output.h"
#include "engine/base/system.h"

namespace fathom::cli {

Status ask_for_consent(const completion::RemoteServer& server, const std::string& folder) {
  if (server.url.empty()) return {};
  const std::string origin = completion::origin_of(server);
  if (origin.empty()) return {};  // no address: nothing can be sent, and connecting says why
  std::error_code error;
  const std::filesystem::path place = folder.empty()
                                          ? std::filesystem::current_path(error)
                                          : std::filesystem::weakly_canonical(folder, error);
  const completion::Consent consent(completion::consent_file());
  const completion::ConsentAnswer answer = consent.answer(origin, place);
  if (answer == completion::ConsentAnswer::yes) return {};
  if (answer == completion::ConsentAnswer::never) {
    return fail(ErrorCode::invalid_argument,
                "nothing was sent: {} says that text of {} never goes to {}. Change its line "
                "\"never {} ...\", or give --model to compute here",
                consent.file().string(), place.string(), origin, origin);
  }
  if (!is_terminal(stdin) || !is_terminal(stderr)) {
    return fail(ErrorCode::invalid_argument,
                "nothing was sent: nobody has allowed yet that text of {} goes to {}. Run the "
                "command in a terminal once, or add the line \"{} {}\" to {}",
                place.string(), origin, origin, place.string(), consent.file().string());
  }
  fmt::print(stderr,
             "Your configuration names the server {}.\nText of files in {} would be sent to it{}, "
             "credentials masked. Send it? [y/N] ",
             printable(origin), printable(place.string()),
             completion::is_unencrypted(origin) ? ", unencrypted" : "");
  std::string typed;
  std::getline(std::cin, typed);
  if (typed != "y" && typed != "Y" && typed != "yes")
    return fail(ErrorCode::invalid_argument, "nothing was sent to {}", origin);
  return consent.record(origin, place, completion::ConsentAnswer::yes);
}

}  // namespace fathom::cli
