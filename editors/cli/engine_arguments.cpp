#include "editors/cli/engine_arguments.h"

#include <filesystem>
#include <system_error>

namespace fathom::cli {

std::vector<std::string> engine_arguments(const ModelOptions& options) {
  std::vector<std::string> arguments;
  const auto add = [&](std::initializer_list<std::string> words) {
    arguments.insert(arguments.end(), words);
  };
  std::error_code error;
  if (!options.model.empty()) {
    const bool is_file = std::filesystem::exists(options.model, error);
    add({"--model",
         is_file ? std::filesystem::absolute(options.model, error).string() : options.model});
  }
  if (options.backend) add({"--backend", *options.backend});
  if (options.n_threads) add({"--threads", std::to_string(*options.n_threads)});
  if (options.force_fim) add({"--force-fim"});
  return arguments;
}

}  // namespace fathom::cli
