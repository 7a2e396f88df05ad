// fathom models: what is in the store, and what can be pulled.

#include <algorithm>
#include <memory>

#include <nlohmann/json.hpp>

#include "completion/model_store/catalogue.h"
#include "completion/model_store/store.h"
#include "editors/cli/command.h"
#include "editors/cli/model_options.h"
#include "editors/cli/output.h"
#include "editors/cli/progress.h"
#include "engine/base/system.h"

namespace fathom::cli {
namespace {

// The KV cache, scratch memory and everything else beside the weights.
constexpr double kMemoryFactor = 1.15;

Json fits(uint64_t size_bytes) {
  const std::optional<uint64_t> available = available_memory_bytes();
  if (!available) return nullptr;
  return static_cast<double>(size_bytes) * kMemoryFactor <= static_cast<double>(*available);
}

Json describe(std::string_view name, uint64_t size_bytes, const completion::CatalogueEntry* entry) {
  return {{"name", name},
          {"bytes", size_bytes},
          {"memory_bytes", static_cast<uint64_t>(static_cast<double>(size_bytes) * kMemoryFactor)},
          {"fits_in_memory", fits(size_bytes)},
          {"licence", entry ? Json(entry->licence) : Json(nullptr)},
          {"purpose", entry ? Json(entry->purpose) : Json(nullptr)}};
}

void print(const Json& models, const char* title) {
  write_out(fmt::format("{}\n", title));
  if (models.empty()) write_out("  none\n");
  for (const Json& m : models) {
    const auto text = [&](const char* key) {
      return m[key].is_null() ? std::string("-") : printable(m[key].get<std::string>());
    };
    const bool too_large = m["fits_in_memory"].is_boolean() && !m["fits_in_memory"].get<bool>();
    write_out(fmt::format("  {:<40} {:>8}  {:<26} {}{}\n", text("name"),
                          human_size(m["bytes"].get<uint64_t>()), text("licence"), text("purpose"),
                          too_large ? "; does not fit in the memory that is free" : ""));
  }
}

Result<ExitCode> models(bool json) {
  FATHOM_TRY(stored, completion::list_models(completion::model_store_folder()));
  Json pulled = Json::array(), available = Json::array();
  for (const completion::StoredModel& model : stored) {
    pulled.push_back(
        describe(model.name, model.size_bytes, completion::find_in_catalogue(model.name)));
    pulled.back()["path"] = model.path.string();
  }
  for (const completion::CatalogueEntry& entry : completion::catalogue()) {
    if (std::ranges::find(stored, entry.name, &completion::StoredModel::name) != stored.end())
      continue;
    available.push_back(describe(entry.name, static_cast<uint64_t>(entry.size_gb * 1e9), &entry));
    available.back()["repository"] = entry.repository;
  }
  if (json) {
    write_json({{"pulled", pulled}, {"available", available}});
  } else {
    print(pulled, "Pulled");
    print(available, "Can be pulled (fathom pull NAME); sizes are about");
  }
  return ExitCode::ok;
}

}  // namespace

Action add_models(CLI::App& command) {
  auto json = std::make_shared<bool>(false);
  add_json_option(command, *json);
  return [json] { return models(*json); };
}

}  // namespace fathom::cli
