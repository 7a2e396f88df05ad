// How fathom reports what the outside world did wrong: a value or an Error, never an exception.
//
// Result is for files, JSON, model mismatch, memory, devices and cancellation. A broken promise of
// our own code is FATHOM_ASSERT (assert.h). The message of an Error is for people: what, where,
// what to do. Its code is for programs: it chooses what happens next.

#pragma once

#include <string>
#include <string_view>
#include <utility>

#include <fmt/format.h>
#include <tl/expected.hpp>

namespace fathom {

enum class ErrorCode {
  invalid_argument,  // the caller asked for something that cannot be
  not_found,
  io,
  corrupt,      // a file is not what its format says
  unsupported,  // well-formed, but not something fathom can do
  out_of_memory,
  device_lost,
  cancelled,
  internal,
};

/// "invalid_argument", "corrupt", ...: the spelling that logs and JSON output use.
std::string_view name_of(ErrorCode code);

struct [[nodiscard]] Error {
  ErrorCode code = ErrorCode::internal;
  std::string message;
};

template <class T>
using Result = tl::expected<T, Error>;
using Status = Result<void>;

/// The failing arm of a Result: `return fail(ErrorCode::io, "{}: cannot be read", path);`
template <class... Args>
tl::unexpected<Error> fail(ErrorCode code, fmt::format_string<Args...> format, Args&&... args) {
  return tl::unexpected<Error>(Error{code, fmt::format(format, std::forward<Args>(args)...)});
}

}  // namespace fathom

/// Names the value of a Result, or returns its error from the enclosing function.
#define FATHOM_TRY(name, expression)                                            \
  auto name##_or_error = (expression);                                          \
  if (!name##_or_error)                                                         \
    return tl::unexpected<::fathom::Error>(std::move(name##_or_error.error())); \
  auto& name = *name##_or_error

/// Returns the error of a Status from the enclosing function; goes on if there is none.
#define FATHOM_CHECK(expression)                                                \
  do {                                                                          \
    if (auto fathom_status = (expression); !fathom_status)                      \
      return tl::unexpected<::fathom::Error>(std::move(fathom_status.error())); \
  } while (false)
