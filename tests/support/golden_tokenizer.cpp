#include "tests/support/golden_tokenizer.h"

#include <fstream>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <unistd.h>

#include "tests/support/golden.h"

namespace fathom::engine {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;

Json read(const fs::path& path) { return Json::parse(std::ifstream(path)); }

/// tokenizer.json, or that of the base with the keys of delta.json in place of its own.
Json read_tokenizer(const fs::path& folder) {
  if (!fs::exists(folder / "delta.json")) return read(folder / "tokenizer.json");
  const Json delta = read(folder / "delta.json");
  const std::string base = delta.at("base");
  Json json = read(folder.parent_path() / ("tokenizer-" + base) / "tokenizer.json");
  for (const auto& [key, value] : delta.items()) {
    if (key == "model_overrides") {
      json["model"].update(value);
    } else if (key != "base" && key != "note") {
      json[key] = value;
    }
  }
  return json;
}

}  // namespace

fs::path write_golden_tokenizer(const std::string& name,
                                const std::optional<std::string>& chat_template) {
  const fs::path source = shared_folder() / "golden" / ("tokenizer-" + name);
  if (!fs::exists(source)) return {};
  const fs::path folder =
      fs::temp_directory_path() / ("fathom-tokenizer-" + name + "-" + std::to_string(::getpid()));
  fs::create_directories(folder);
  std::ofstream(folder / "tokenizer.json") << read_tokenizer(source);
  Json config = read(source / "tokenizer_config.json");
  if (chat_template) config["chat_template"] = *chat_template;
  std::ofstream(folder / "tokenizer_config.json") << config;
  return folder;
}

std::shared_ptr<const Tokenizer> golden_tokenizer(const std::string& name,
                                                  const std::optional<std::string>& chat_template) {
  const fs::path folder = write_golden_tokenizer(name, chat_template);
  if (folder.empty()) return nullptr;
  auto tokenizer = Tokenizer::load(folder / "tokenizer.json");
  fs::remove_all(folder);
  if (!tokenizer) {
    ADD_FAILURE() << name << ": " << tokenizer.error().message;
    return nullptr;
  }
  return *std::move(tokenizer);
}

}  // namespace fathom::engine
