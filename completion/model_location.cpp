#include "completion/model_location.h"

#include <algorithm>
#include <array>
#include <cstdlib>

#include "completion/builtin_model.h"

namespace fathom::completion {
namespace {

namespace fs = std::filesystem;

constexpr std::array<std::string_view, 4> kBuiltinNames = {"", "nano", "fathom-nano", "builtin"};
constexpr std::string_view kEmbeddedName = "the built-in model";

Result<ModelLocation> locate_builtin() {
  if (!embedded_model().empty())
    return ModelLocation{.embedded = true, .path = {}, .description = "built into this program"};
  if (const std::optional<fs::path> file = builtin_model_file())
    return ModelLocation{.embedded = false, .path = *file, .description = file->string()};
  return fail(ErrorCode::not_found,
              "the built-in model is missing: it is neither in this program nor in "
              "../share/fathom/models/nano/ beside it; install fathom again, or name a model with "
              "--model");
}

/// Where `fathom pull` keeps models; empty if there is no home directory.
fs::path pulled_models() {
  if (const char* data = std::getenv("XDG_DATA_HOME"); data && *data)
    return fs::path(data) / "fathom" / "models";
  if (const char* home = std::getenv("HOME"); home && *home)
    return fs::path(home) / ".local" / "share" / "fathom" / "models";
  return {};
}

}  // namespace

Result<ModelLocation> locate_model(std::string_view model) {
  if (std::ranges::find(kBuiltinNames, model) != kBuiltinNames.end()) return locate_builtin();

  std::error_code error;
  fs::path path(model);
  // A configuration file has no shell that would do this.
  if (const char* home = std::getenv("HOME"); home && model.starts_with("~/"))
    path = fs::path(home) / model.substr(2);
  if (fs::exists(path, error))
    return ModelLocation{.embedded = false, .path = path, .description = path.string()};

  const fs::path pulled = pulled_models();
  const bool is_name = path.filename() == path;
  if (is_name && !pulled.empty()) {
    for (const fs::path& candidate : {pulled / path, pulled / (path.string() + ".gguf")})
      if (fs::exists(candidate, error))
        return ModelLocation{
            .embedded = false, .path = candidate, .description = candidate.string()};
    return fail(ErrorCode::not_found,
                "there is no model '{}': no file or folder of that name here, and none in {}; "
                "give the path of a GGUF file or of a Hugging Face folder, or leave --model out "
                "for the built-in model",
                model, pulled.string());
  }
  return fail(ErrorCode::not_found,
              "there is no model at {}; give the path of a GGUF file or of a Hugging Face folder, "
              "or leave --model out for the built-in model",
              model);
}

Result<std::shared_ptr<const engine::Checkpoint>> open_model(std::string_view model) {
  FATHOM_TRY(location, locate_model(model));
  if (location.embedded)
    return engine::Checkpoint::open_memory(embedded_model(), std::string(kEmbeddedName));
  return engine::Checkpoint::open(location.path);
}

}  // namespace fathom::completion
