// fathom rm: removes a pulled model.

#include <cstdio>
#include <iostream>
#include <memory>

#include "completion/model_store/store.h"
#include "editors/cli/command.h"
#include "editors/cli/output.h"
#include "engine/base/system.h"

namespace fathom::cli {
namespace {

struct Options {
  std::string name;
  bool yes = false;
};

bool is_sure(const std::string& name) {
  fmt::print(stderr, "Remove the model '{}'? [y/N] ", printable(name));
  std::string answer;
  std::getline(std::cin, answer);
  return answer == "y" || answer == "yes";
}

Result<ExitCode> rm(const Options& options) {
  if (!options.yes && is_terminal(stdin) && !is_sure(options.name)) {
    report("nothing was removed");
    return ExitCode::ok;
  }
  FATHOM_CHECK(completion::remove_model(completion::model_store_folder(), options.name));
  return ExitCode::ok;
}

}  // namespace

Action add_rm(CLI::App& command) {
  auto options = std::make_shared<Options>();
  command.add_option("NAME", options->name, "a model of `fathom models`")->required();
  command.add_flag("--yes", options->yes, "do not ask");
  return [options] { return rm(*options); };
}

}  // namespace fathom::cli
