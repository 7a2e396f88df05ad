#include "editors/cli/make_services.h"

#include <chrono>
#include <memory>
#include <utility>

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
          completion::Acceptance::Options{.file = completion::statistics_file()}, log)};
  runtime.workspaces = services.workspaces;
  runtime.counters = services.counters;
  completion::ModelHostConfig hosted = completion::host_config(config);
  hosted.completion.model = options.model;
  if (!hosted.completion.remote.url.empty() || !hosted.reasoning.remote.url.empty())
    log.warning("editors cannot ask yet whether text may be sent: for them, models compute here");
  hosted.completion.remote = {};
  hosted.reasoning.remote = {};
  services.models = std::make_unique<completion::ModelHost>(
      completion::runtime_loader(std::move(runtime), log),
      completion::ModelHostOptions{.config = std::move(hosted)});
  return services;
}

}  // namespace fathom::cli
