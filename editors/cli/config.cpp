// fathom config: the effective configuration and where each value came from.

#include "completion/config.h"

#include <filesystem>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "editors/cli/command.h"
#include "editors/cli/model_options.h"
#include "editors/cli/output.h"

namespace fathom::cli {
namespace {

using completion::Config;
using completion::ConfigKey;
using completion::EffectiveConfig;

Json json_value(const Config& config, const ConfigKey& key) {
  return std::visit([&](auto member) { return Json(config.*member); }, key.member);
}

void print_json(const EffectiveConfig& config) {
  Json keys = Json::array();
  for (const ConfigKey& key : completion::config_keys())
    keys.push_back({{"name", key.name},
                    {"value", json_value(config.values, key)},
                    {"default", json_value(Config(), key)},
                    {"origin", completion::origin_of(config, key.name)},
                    {"project_may_set", key.project_may_set},
                    {"help", key.help}});
  write_json({{"file", completion::user_config_file().string()},
              {"keys", std::move(keys)},
              {"problems", config.problems}});
}

void print_text(const EffectiveConfig& config) {
  write_out(fmt::format("# yours: {}; a project's: .fathom.toml\n",
                        completion::user_config_file().string()));
  std::string_view table;
  for (const ConfigKey& key : completion::config_keys()) {
    const size_t dot = key.name.find('.');
    if (const auto name = key.name.substr(0, dot); name != table) {
      write_out(fmt::format("\n[{}]\n", name));
      table = name;
    }
    const std::string line = fmt::format("{} = {}", key.name.substr(dot + 1),
                                         printable(completion::value_text(config.values, key)));
    write_out(fmt::format("{:<32} # {} ({}{})\n", line, key.help,
                          printable(completion::origin_of(config, key.name)),
                          key.project_may_set ? "" : "; not for projects"));
  }
}

Result<ExitCode> show(bool json) {
  std::error_code error;
  const EffectiveConfig config = completion::load_config(std::filesystem::current_path(error));
  if (json) {
    print_json(config);
  } else {
    print_text(config);
  }
  for (const std::string& problem : config.problems) report(problem);
  return config.problems.empty() ? ExitCode::ok : ExitCode::usage;
}

}  // namespace

Action add_config(CLI::App& command) {
  auto json = std::make_shared<bool>(false);
  add_json_option(command, *json);
  return [json] { return show(*json); };
}

}  // namespace fathom::cli
