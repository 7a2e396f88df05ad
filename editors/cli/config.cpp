// fathom config: the effective configuration and where each value came from.

#include "completion/config.h"

#include <filesystem>
#include <sstream>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "editors/cli/command.h"
#include "editors/cli/model_options.h"
#include "editors/cli/output.h"
#include "editors/cli/text_destinations.h"

namespace fathom::cli {
namespace {

using completion::Config;
using completion::ConfigKey;
using completion::EffectiveConfig;

struct Options {
  bool json = false;
  bool schema = false;
};

Json json_value(const Config& config, const ConfigKey& key) {
  return std::visit([&](auto member) { return Json(config.*member); }, key.member);
}

/// What a file or an editor may say for the key, as JSON Schema.
Json schema_of(const ConfigKey& key) {
  Json schema = {{"description", key.help}, {"default", json_value(Config(), key)}};
  if (std::holds_alternative<bool Config::*>(key.member)) {
    schema["type"] = "boolean";
  } else if (std::holds_alternative<int Config::*>(key.member)) {
    schema["type"] = "integer";
    schema["minimum"] = key.low;
    schema["maximum"] = key.high;
  } else if (key.is_list) {
    schema["type"] = {"string", "array"};
    schema["items"] = {{"type", "string"}, {"pattern", "^[^ ]+$"}};
  } else {
    schema["type"] = "string";
    std::istringstream choices{std::string(key.choices)};
    for (std::string choice; choices >> choice;) schema["enum"].push_back(choice);
  }
  schema["x-projectMaySet"] = key.project_may_set;
  return schema;
}

/// Of fathom.toml, and, its names with dots, of an editor's settings.
void print_schema() {
  Json tables = Json::object();
  for (const ConfigKey& key : completion::config_keys()) {
    const size_t dot = key.name.find('.');
    Json& table = tables[std::string(key.name.substr(0, dot))];
    table["type"] = "object";
    table["additionalProperties"] = false;
    table["properties"][std::string(key.name.substr(dot + 1))] = schema_of(key);
  }
  write_json({{"$schema", "https://json-schema.org/draft/2020-12/schema"},
              {"title", "Configuration of fathom"},
              {"type", "object"},
              {"additionalProperties", false},
              {"properties", std::move(tables)}});
}

Json destinations_json(const std::vector<TextDestination>& destinations) {
  Json list = Json::array();
  for (const TextDestination& destination : destinations)
    list.push_back(
        {{"what", destination.what}, {"server", destination.server}, {"why", destination.why}});
  return list;
}

void print_json(const EffectiveConfig& config, const std::vector<TextDestination>& destinations) {
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
              {"text_goes_to", destinations_json(destinations)},
              {"problems", config.problems}});
}

void print_text(const EffectiveConfig& config, const std::vector<TextDestination>& destinations) {
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
  write_out("\n# where text of this folder goes\n");
  for (const auto& [what, server, why] : destinations)
    write_out(fmt::format("# {}: {} ({})\n", what, server.empty() ? "this machine" : server,
                          printable(why)));
}

Result<ExitCode> show(const Options& options) {
  if (options.schema) {
    print_schema();
    return ExitCode::ok;
  }
  std::error_code error;
  const std::filesystem::path folder = std::filesystem::current_path(error);
  const EffectiveConfig config = completion::load_config(folder);
  const std::vector<TextDestination> destinations = text_destinations(config, folder);
  if (options.json) {
    print_json(config, destinations);
  } else {
    print_text(config, destinations);
  }
  for (const std::string& problem : config.problems) report(problem);
  return config.problems.empty() ? ExitCode::ok : ExitCode::usage;
}

}  // namespace

Action add_config(CLI::App& command) {
  auto options = std::make_shared<Options>();
  add_json_option(command, options->json);
  command.add_flag("--schema", options->schema,
                   "print the JSON schema of all keys, for editors and for checking fathom.toml");
  command.footer(fmt::format(
      "Yours is {};\n"
      "a project's is .fathom.toml in its root, which cannot set what is loaded or run.\n"
      "Exit status: 0 all is well, 2 something in these files is wrong and not used.",
      completion::user_config_file().string()));
  return [options] { return show(*options); };
}

}  // namespace fathom::cli
