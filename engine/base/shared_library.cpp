#include "engine/base/shared_library.h"

#include <dlfcn.h>

namespace fathom {

Result<SharedLibrary> SharedLibrary::load(const std::string& name) {
  void* handle = dlopen(name.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (handle != nullptr) return SharedLibrary(handle);
  const char* reason = dlerror();
  return fail(ErrorCode::not_found, "{}", reason != nullptr ? reason : name.c_str());
}

void* SharedLibrary::find(const char* name) const { return dlsym(handle_, name); }

}  // namespace fathom
