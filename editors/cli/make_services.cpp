#include "editors/cli/make_services.h"

#include <chrono>
#include <memory>
#include <utility>

#include "completion/remote/consent.h"
#include "engine/base/file_faults.h"

namespace fathom::cli {
namespace {

constexpr std::chrono::seconds kConfigPeriod{2};  // how often to look for new settings

}  // namespace

Result<lsp::OwnServices> make_services(const ModelOptions& given, const completion::Config& config,
                                       Log& log) {
  const ModelOptions options = configured(given, config);
  FATHOM_TRY(runtime, runtime_options(options));
  survive_file_faults();  // somebody may copy a model over the one that is being loaded
  lsp::OwnServices services{
      .workspaces = config.cross_file ? std::make_shared<completion::Workspaces>(
                                            completion::WorkspacesOptions{}, log)
                                      : nullptr,
      .counters = std::make_shared<completion::Counters>(),
      .models = nullptr,
      .config_watch = std::make_unique<completion::ConfigWatch>(kConfigPeriod),
      .acceptance = std::make_unique<completion::Acceptance>(
          completion::Acceptance::Options{.file = completion::statistics_file()}, log),
      .consents = std::make_unique<lsp::ConsentDesk>(completion::consent_file())};
  runtime.workspaces = services.workspaces;
  runtime.counters = services.counters;
  services.models = std::make_unique<completion::ModelHost>(
      completion::runtime_loader(std::move(runtime), log),
      completion::ModelHostOptions{
          .config = completion::host_config(config),
          .chosen = given.model.empty() ? std::nullopt : std::optional(given.model)});
  return services;
}

}  // namespace fathom::cli
