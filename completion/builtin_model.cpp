#include "completion/builtin_model.h"

#include "engine/base/system.h"

#if FATHOM_EMBED_MODEL
extern "C" const std::byte fathom_embedded_model_begin[];
extern "C" const std::byte fathom_embedded_model_end[];
#endif

namespace fathom::completion {

std::span<const std::byte> embedded_model() {
#if FATHOM_EMBED_MODEL
  return {fathom_embedded_model_begin, fathom_embedded_model_end};
#else
  return {};
#endif
}

std::optional<std::filesystem::path> builtin_model_file() {
  const std::optional<std::filesystem::path> executable = executable_path();
  if (!executable) return std::nullopt;
  std::error_code error;

  const std::filesystem::path installed = executable->parent_path().parent_path() / "share" /
                                          "fathom" / "models" / "nano" / "fathom-nano.gguf";
  if (std::filesystem::is_regular_file(installed, error)) return installed;

  // Only from the build tree: an installed binary must not depend on where it was built.
  const std::filesystem::path built = FATHOM_BUILD_DIR;
  const auto [end_of_prefix, rest] =
      std::mismatch(built.begin(), built.end(), executable->begin(), executable->end());
  const std::filesystem::path source = FATHOM_BUILTIN_MODEL;
  if (end_of_prefix == built.end() && std::filesystem::is_regular_file(source, error))
    return source;
  return std::nullopt;
}

}  // namespace fathom::completion
