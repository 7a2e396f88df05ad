// Where fathom's own files of a user lie (XDG Base Directory Specification: a relative path in a
// variable counts as unset).
//
// Threads: any, while nobody changes the environment.

#pragma once

#include <filesystem>
#include <string_view>

namespace fathom {

/// The path that a configuration file names: it has no shell that knows "~/".
std::filesystem::path expand_home(std::string_view path);

/// $XDG_CONFIG_HOME/fathom/NAME, else ~/.config/fathom/NAME; empty without a home, as the others.
std::filesystem::path user_config_path(std::string_view name);
/// $XDG_DATA_HOME/fathom/NAME, else ~/.local/share/fathom/NAME.
std::filesystem::path user_data_path(std::string_view name);
/// $XDG_STATE_HOME/fathom/NAME, else ~/.local/state/fathom/NAME.
std::filesystem::path user_state_path(std::string_view name);
/// $XDG_CACHE_HOME/fathom/NAME, else ~/.cache/fathom/NAME.
std::filesystem::path user_cache_path(std::string_view name);

/// Makes a folder that only this user may enter, and those around it, unless it is there. Whether
/// that went well is seen by who uses it.
void make_private_folder(const std::filesystem::path& folder);

}  // namespace fathom
