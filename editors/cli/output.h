// Results go to stdout through here; everything else goes to stderr.
//
// Threads: one at a time.

#pragma once

#include <string_view>

#include <nlohmann/json_fwd.hpp>

#include "engine/base/log.h"
#include "engine/base/result.h"

namespace fathom::cli {

using Json = nlohmann::ordered_json;  // keys appear in the order of the contract

/// Bytes as they are.
void write_out(std::string_view bytes);
/// As write_out(), visible at once.
void stream_out(std::string_view bytes);
/// One line of valid UTF-8 JSON; bytes that are not UTF-8 become U+FFFD.
void write_json(const Json& json);
/// Ends an unfinished line if a person is looking; scripts get exactly the text.
void end_text(std::string_view text);
/// Whether stdout is a terminal whose user has not said NO_COLOR (no-color.org).
bool wants_colour();
/// Errors: io (stdout took less than it was given).
Status flush_out();

/// "fathom: MESSAGE" on stderr, control characters of hostile input made harmless.
void report(std::string_view message);
/// Says how many secrets the model was not shown, if there were any.
void report_masked(int n_secrets);
/// A log of warnings and errors, and of progress if `verbose`, on stderr.
Log stderr_log(bool verbose);

/// `text` with control characters other than newline and tab replaced: names and messages from
/// model files must not drive the terminal.
std::string printable(std::string_view text);

}  // namespace fathom::cli
