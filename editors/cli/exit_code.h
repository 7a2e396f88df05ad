// What the exit status of every command means. Scripts rely on it.

#pragma once

#include "engine/base/result.h"

namespace fathom::cli {

enum class ExitCode : int {
  ok = 0,
  findings = 1,       // the command worked and found something wrong, or a mismatch
  usage = 2,          // the command line, a file it names, or the configuration
  failure = 3,        // the engine failed, or the work is incomplete
  interrupted = 130,  // Ctrl-C, as shells report it
};

constexpr ExitCode exit_code_of(ErrorCode code) {
  switch (code) {
    case ErrorCode::invalid_argument:
    case ErrorCode::not_found:
    case ErrorCode::io:
      return ExitCode::usage;
    case ErrorCode::cancelled:
      return ExitCode::interrupted;
    case ErrorCode::corrupt:
    case ErrorCode::unsupported:
    case ErrorCode::out_of_memory:
    case ErrorCode::device_lost:
    case ErrorCode::internal:
      break;
  }
  return ExitCode::failure;
}

}  // namespace fathom::cli
