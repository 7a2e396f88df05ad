// Where text goes by the configuration, and why: for people who want to know before they send it.

#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "completion/config.h"

namespace fathom::cli {

struct TextDestination {
  std::string what;    // "completions"
  std::string server;  // as origin_of(); "": text stays on this machine
  std::string why;
};

/// One for each role. Reads the file of consents.
std::vector<TextDestination> text_destinations(const completion::EffectiveConfig& config,
                                               const std::filesystem::path& folder);

}  // namespace fathom::cli
