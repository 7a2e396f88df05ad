// Configuration files: TOML, by toml++.

#include <fstream>
#include <optional>

#include <fmt/format.h>
#include <toml++/toml.h>

#include "completion/config.h"
#include "engine/base/user_paths.h"

namespace fathom::completion {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kProjectFile = ".fathom.toml";
constexpr std::streamsize kMaxFileBytes = 1 << 20;

std::string place_of(const std::string& file, const toml::source_region& source) {
  return fmt::format("{}:{}", file, source.begin.line);
}

class FileReader final {
 public:
  FileReader(EffectiveConfig& config, const std::string& file, ConfigScope scope)
      : config_(config), file_(file), scope_(scope) {}

  void read(const toml::table& table, const std::string& prefix) {
    for (const auto& [name, node] : table) {
      const std::string key = prefix + std::string(name.str());
      if (const toml::table* inner = node.as_table()) {
        read(*inner, key + ".");
      } else {
        read_value(key, node);
      }
    }
  }

 private:
  static std::optional<std::vector<std::string>> list_of_texts(const toml::node& node) {
    const toml::array* array = node.as_array();
    if (!array) return std::nullopt;
    std::vector<std::string> texts;
    for (const toml::node& element : *array) {
      const auto text = element.value_exact<std::string>();
      if (!text) return std::nullopt;
      texts.push_back(*text);
    }
    return texts;
  }

  void read_value(const std::string& key, const toml::node& node) {
    const std::string place = place_of(file_, node.source());
    if (const std::string forbidden = forbidden_to(scope_, key); !forbidden.empty()) {
      config_.problems.push_back(fmt::format("{}: {}", place, forbidden));
      return;
    }
    ConfigValue value = std::string();
    if (const auto flag = node.value_exact<bool>()) {
      value = *flag;
    } else if (const auto number = node.value_exact<int64_t>()) {
      value = *number;
    } else if (const auto text = node.value_exact<std::string>()) {
      value = *text;
    } else if (const auto list = list_of_texts(node)) {
      value = *list;
    } else {
      config_.problems.push_back(
          fmt::format("{}: {} must be a text, a whole number, true or false", place, key));
      return;
    }
    set(config_, key, value, file_, place);
  }

  EffectiveConfig& config_;
  const std::string& file_;
  const ConfigScope scope_;
};

void apply_file(EffectiveConfig& config, const fs::path& path, ConfigScope scope) {
  std::error_code error;
  if (path.empty() || !fs::exists(path, error)) return;
  std::ifstream file(path, std::ios::binary);
  std::string text(kMaxFileBytes + 1, '\0');
  if (!fs::is_regular_file(path, error) || !file ||
      (file.read(text.data(), kMaxFileBytes + 1), file.bad()) || file.gcount() > kMaxFileBytes) {
    config.problems.push_back(
        fmt::format("{}: cannot be read as a configuration file; is it a text file of at most 1 MB "
                    "that you may read?",
                    path.string()));
    return;
  }
  text.resize(static_cast<size_t>(file.gcount()));
  apply_toml(config, text, path.string(), scope);
}

fs::path project_config_file(const fs::path& project) {
  std::error_code error;
  fs::path folder = fs::absolute(project, error);
  while (!error && !folder.empty()) {
    if (fs::exists(folder / kProjectFile, error)) return folder / kProjectFile;
    // A repository ends the search: what is around it belongs to somebody else.
    if (fs::exists(folder / ".git", error) || folder == folder.parent_path()) return {};
    folder = folder.parent_path();
  }
  return {};
}

}  // namespace

void apply_toml(EffectiveConfig& config, std::string_view text, const std::string& file,
                ConfigScope scope) {
  try {
    FileReader(config, file, scope).read(toml::parse(text, file), "");
  } catch (const toml::parse_error& error) {
    config.problems.push_back(fmt::format("{}: {}; nothing of this file is used",
                                          place_of(file, error.source()), error.description()));
  }
}

EffectiveConfig load_config(const fs::path& project) {
  EffectiveConfig config;
  apply_file(config, user_config_file(), ConfigScope::user);
  if (!project.empty()) apply_file(config, project_config_file(project), ConfigScope::project);
  return config;
}

std::vector<fs::path> config_files(const fs::path& project) {
  std::vector<fs::path> files = {user_config_file()};
  if (!project.empty()) files.push_back(project_config_file(project));
  std::erase(files, fs::path());
  return files;
}

fs::path user_config_file() { return user_config_path("fathom.toml"); }

}  // namespace fathom::completion
