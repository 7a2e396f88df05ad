#include "completion/model_location.h"

#include <algorithm>
#include <array>

#include "completion/builtin_model.h"
#include "completion/model_store/catalogue.h"
#include "completion/model_store/store.h"
#include "engine/base/user_paths.h"

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

}  // namespace

Result<ModelLocation> locate_model(std::string_view model) {
  if (std::ranges::find(kBuiltinNames, model) != kBuiltinNames.end()) return locate_builtin();

  std::error_code error;
  const fs::path path = expand_home(model);
  if (fs::exists(path, error))
    return ModelLocation{.embedded = false, .path = path, .description = path.string()};

  const fs::path store = model_store_folder();
  const bool is_name = path.filename() == path;
  if (is_name && !store.empty()) {
    if (const std::optional<fs::path> pulled = find_model(store, model))
      return ModelLocation{.embedded = false, .path = *pulled, .description = pulled->string()};
    if (find_in_catalogue(model))
      return fail(ErrorCode::not_found, "'{}' is not here yet; get it with `fathom pull {}`", model,
                  model);
    return fail(ErrorCode::not_found,
                "there is no model '{}': no file or folder of that name here, and none in {}; "
                "give the path of a GGUF file or of a Hugging Face folder, or leave --model out "
                "for the built-in model",
                model, store.string());
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
