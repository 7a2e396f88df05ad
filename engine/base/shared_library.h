// A library that is looked for while the program runs: for what it can do without.
//
// Threads: any. What was loaded stays until the program ends: threads that it started may run in
// its code.

#pragma once

#include <string>

#include "engine/base/result.h"

namespace fathom {

class SharedLibrary final {
 public:
  /// `name` as the system's loader takes it: "libnccl.so.2", or a path. Errors: not_found, with the
  /// loader's message.
  static Result<SharedLibrary> load(const std::string& name);

  /// The address of what it calls `name`; null if it has none.
  void* find(const char* name) const;

 private:
  explicit SharedLibrary(void* handle) : handle_(handle) {}

  void* handle_;
};

}  // namespace fathom
