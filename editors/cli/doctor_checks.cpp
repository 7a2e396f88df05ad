#include "editors/cli/doctor_checks.h"

#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string_view>
#include <system_error>

#include <fmt/ranges.h>
#include <nlohmann/json.hpp>
#include <sys/stat.h>

#include "completion/acceptance.h"
#include "completion/config.h"
#include "completion/workspaces.h"
#include "editors/cli/output.h"
#include "editors/cli/socket_option.h"
#include "editors/cli/source_file.h"
#include "engine/base/mapped_file.h"
#include "engine/base/system.h"
#include "lsp/daemon_client.h"
#include "lsp/server_socket.h"

namespace fathom::cli {
namespace {

namespace fs = std::filesystem;

constexpr std::chrono::seconds kTimeout{5};
constexpr int kMaxIndexMs = 5000;

/// Files with rules of what to leave out that lie in the folder itself.
std::string ignore_files_in(const fs::path& folder) {
  std::vector<std::string_view> found;
  std::error_code error;
  for (const std::string_view name : {".gitignore", ".fathomignore"})
    if (fs::is_regular_file(folder / name, error)) found.push_back(name);
  return found.empty() ? "no .gitignore and no .fathomignore here"
                       : fmt::format("respecting {}", fmt::join(found, " and "));
}

Check without_daemon(const fs::path& socket) {
  std::error_code error;
  const bool is_stale = fs::exists(socket, error);
  return {.name = "daemon",
          .detail = is_stale ? "none runs; its socket was left behind and is removed by the next"
                             : "none runs; the first editor starts it"};
}

/// The daemon at `socket` has a port: whether its token lets a client in there.
Check check_port(const Json& status) {
  const auto port = status.value("port", uint16_t{0});
  const std::string token_file = status.value("token_file", "");
  Check check = {.name = "port", .detail = fmt::format("{} of this machine", port)};
  const auto warn = [&](const std::string& what, const std::string& advice) {
    check.level = Level::warn;
    check.detail += "; " + what;
    check.advice = advice;
    return check;
  };
  struct stat file {};
  const Result<std::string> token = read_text_file(token_file, 4096);
  if (!token) return warn(token.error().message, "restart the daemon: it writes a new token");
  if (::stat(token_file.c_str(), &file) == 0 && (file.st_mode & 0077) != 0)
    return warn(token_file + " is open to other users", "chmod 600 " + token_file);
  std::vector<std::string> answers;
  for (const bool ipv6 : {false, true}) {
    const std::string_view host = ipv6 ? "::1" : "127.0.0.1";
    const auto client = lsp::DaemonClient::open_port(
        {.ipv6 = ipv6, .port = port, .token = token->substr(0, token->find('\n'))}, kTimeout);
    if (client) {
      answers.push_back(fmt::format("{} answers", host));
    } else if (ipv6 && client.error().code == ErrorCode::not_found) {
      answers.push_back("::1 does not, which is so on machines without IPv6");
    } else {
      return warn(client.error().message, "restart the daemon; another program may have its port");
    }
  }
  check.detail += fmt::format(": {}", fmt::join(answers, ", "));
  return check;
}

}  // namespace

Check check_config() {
  std::error_code error;
  const completion::EffectiveConfig config = completion::load_config(fs::current_path(error));
  Check check = {.name = "configuration", .detail = completion::user_config_file().string()};
  if (config.problems.empty()) return check;
  check.level = Level::warn;
  check.detail = fmt::format("{}", fmt::join(config.problems, "; "));
  check.advice = "correct these lines; what is wrong there is not used";
  return check;
}

/// Where the daemon's socket lies: nobody else may reach it, or listen in its place.
Check check_runtime_folder() {
  const fs::path folder = lsp::default_socket_path().parent_path();
  Check check = {.name = "runtime folder", .detail = folder.string()};
  const char* from = std::getenv("XDG_RUNTIME_DIR");
  if (!from || !*from) check.detail += ", because XDG_RUNTIME_DIR is not set";
  if (const Status made = lsp::make_socket_folder(); !made) {
    check.level = Level::fail;
    check.detail = made.error().message;
    check.advice = "editors then keep an engine each; set XDG_RUNTIME_DIR to a folder of your own";
  }
  return check;
}

/// Statistics and logs: without a place for them they are lost, nothing else is.
Check check_state_folder() {
  const fs::path folder = completion::statistics_file().parent_path();
  if (folder.empty())
    return {.name = "state folder",
            .level = Level::warn,
            .detail = "there is none: neither XDG_STATE_HOME nor HOME is set",
            .advice = "statistics and the daemon's log are not kept"};
  std::error_code error;
  fs::create_directories(folder, error);
  if (!error && is_usable_folder(folder.string()))
    return {.name = "state folder", .detail = folder.string()};
  return {.name = "state folder",
          .level = Level::warn,
          .detail = fmt::format("{} cannot be written to", folder.string()),
          .advice = "statistics and the daemon's log are not kept; make the folder yours"};
}

Check check_index() {
  std::error_code error;
  const fs::path here = fs::current_path(error);
  const std::string project = project_root((here / "x").string());
  const std::string root = project.empty() ? here.string() : project;
  Log log = stderr_log(/*verbose=*/false);
  completion::Workspaces workspaces({.threads = false, .limits = {.max_build_ms = kMaxIndexMs}},
                                    log);
  workspaces.open(root);
  const completion::WorkspaceState state = workspaces.states().front();
  Check check = {.name = "index",
                 .detail = fmt::format("{}: {} source files, {:.1f} MB, in {:.1f} s, {}", root,
                                       state.files, double(state.text_bytes) / 1e6,
                                       state.ms_build / 1e3, ignore_files_in(root))};
  if (fs::directory_iterator(root, error); error) {
    check.level = Level::fail;
    check.detail = root + " cannot be read";
    check.advice = "completions there know one file only; make the folder readable";
  } else if (!state.complete) {
    check.level = Level::warn;
    check.advice = fmt::format(
        "only these were read in {} s or fit into the index; name what nobody needs in "
        ".fathomignore",
        kMaxIndexMs / 1000);
  } else if (state.files == 0) {
    check.level = Level::warn;
    check.advice = "nothing to know here; run this in a project, or see what .gitignore leaves out";
  }
  return check;
}

void check_daemon(const std::string& given, std::vector<Check>& checks) {
  const fs::path socket = daemon_socket(given);
  auto client = lsp::DaemonClient::open(socket, kTimeout);
  if (!client && client.error().code == ErrorCode::not_found)
    return checks.push_back(without_daemon(socket));
  Check& check = checks.emplace_back(Check{.name = "daemon", .level = Level::fail});
  check.advice = "it does not answer; end it (the file " + socket.string() +
                 ".lock has its pid): editors start a new one";
  if (!client) {
    check.detail = client.error().message;
    return;
  }
  const auto answer = client->request("fathom/status", "{}", kTimeout);
  const Json status = Json::parse(answer.value_or(""), nullptr, /*allow_exceptions=*/false);
  if (!status.is_object()) {
    check.detail = answer ? "its answer makes no sense" : answer.error().message;
    return;
  }
  check.level = Level::ok;
  check.advice.clear();
  const std::string version = status.value("version", "");
  check.detail =
      fmt::format("version {}, pid {}, {} clients, at {}", version, status.value("pid", 0),
                  status.value("clients", Json::array()).size(), socket.string());
  if (version != FATHOM_VERSION) {
    check.level = Level::warn;
    check.advice = fmt::format(
        "it is another version than this one ({}); end it, and editors start the new one",
        FATHOM_VERSION);
  }
  if (status.contains("port")) checks.push_back(check_port(status));
}

}  // namespace fathom::cli
