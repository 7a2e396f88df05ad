#include "completion/workspace/source_files.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <string_view>
#include <system_error>

#include "completion/privacy/secret_files.h"
#include "completion/syntax/language.h"
#include "completion/workspace/ignore_rules.h"
#include "engine/base/mapped_file.h"

namespace fathom::completion {
namespace {

namespace fs = std::filesystem;

constexpr size_t kMaxRulesBytes = 256 << 10;
constexpr int kMaxDepth = 64;

// Under everything that a person says.
constexpr std::string_view kDefaultRules = R"(.*
node_modules/
bower_components/
vendor/
venv/
site-packages/
__pycache__/
Pods/
Carthage/
DerivedData/
target/
build/
dist/
out/
obj/
CMakeFiles/
*.min.js
*.min.css
*.pb.go
*.pb.cc
*.pb.h
*_pb2.py
*_pb2_grpc.py
*.g.dart
*.designer.cs
*.generated.*
)";

using RulesPtr = std::shared_ptr<const IgnoreRules>;
using Stack = std::vector<RulesPtr>;  // the last one that knows decides

void add_rules(Stack& stack, const fs::path& file, const std::string& folder) {
  const Result<std::string> text = read_text_file(file, kMaxRulesBytes);
  if (text) stack.push_back(std::make_shared<const IgnoreRules>(*text, folder));
}

Stack rules_of_root(const fs::path& root) {
  Stack stack{std::make_shared<const IgnoreRules>(kDefaultRules, "")};
  add_rules(stack, root / ".git" / "info" / "exclude", "");
  return stack;
}

void add_rules_of_folder(Stack& stack, const fs::path& root, const std::string& folder) {
  const fs::path place = root / folder;
  add_rules(stack, place / ".gitignore", folder);
  add_rules(stack, place / ".fathomignore", folder);
}

bool is_ignored(const Stack& stack, const IgnoreRules::Entry& entry) {
  for (auto rules = stack.rbegin(); rules != stack.rend(); ++rules) {
    const IgnoreRules::Verdict verdict = (*rules)->verdict(entry);
    if (verdict != IgnoreRules::Verdict::unknown) return verdict == IgnoreRules::Verdict::ignored;
  }
  return false;
}

bool has_source_name(const std::string& path) {
  const Language* language = find_language("", path);
  return language && !language->declarations.empty() && !is_secret_file(path);
}

class Walk final {
 public:
  Walk(const fs::path& root, size_t max_files, const std::function<bool()>& stop)
      : root_(root), max_files_(max_files), stop_(stop) {}

  SourceFiles list() {
    Stack stack = rules_of_root(root_);
    enter("", stack, 0);
    std::sort(found_.paths.begin(), found_.paths.end());
    return std::move(found_);
  }

 private:
  void enter(const std::string& folder, Stack stack, int depth) {
    if (stop_() || depth == kMaxDepth) {
      found_.complete = false;
      return;
    }
    add_rules_of_folder(stack, root_, folder);
    std::vector<std::string> folders;
    std::vector<std::string> files;
    std::error_code error;
    for (fs::directory_iterator i(root_ / folder, error), end; !error && i != end;
         i.increment(error)) {
      std::error_code unknown;
      const fs::file_status status = i->symlink_status(unknown);
      std::string path = folder.empty() ? "" : folder + "/";
      path += i->path().filename().string();
      if (fs::is_directory(status)) folders.push_back(std::move(path));
      if (fs::is_regular_file(status) && has_source_name(path)) files.push_back(std::move(path));
    }
    // In an order of our own, so that a limit cuts at the same place on every file system.
    std::sort(folders.begin(), folders.end());
    std::sort(files.begin(), files.end());
    for (std::string& file : files) {
      if (is_ignored(stack, {.path = file, .is_folder = false})) continue;
      if (found_.paths.size() == max_files_) {
        found_.complete = false;
        return;
      }
      found_.paths.push_back(std::move(file));
    }
    for (const std::string& inner : folders)
      if (!is_ignored(stack, {.path = inner, .is_folder = true})) enter(inner, stack, depth + 1);
  }

  const fs::path& root_;
  const size_t max_files_;
  const std::function<bool()>& stop_;
  SourceFiles found_;
};

}  // namespace

SourceFiles list_source_files(const fs::path& root, size_t max_files,
                              const std::function<bool()>& stop) {
  return Walk(root, max_files, stop).list();
}

bool is_wanted_source(const fs::path& root, const std::string& path) {
  if (!has_source_name(path)) return false;
  Stack stack = rules_of_root(root);
  std::string folder;
  std::error_code error;
  while (true) {
    add_rules_of_folder(stack, root, folder);
    const size_t from = folder.empty() ? 0 : folder.size() + 1;
    const size_t slash = path.find('/', from);
    const bool is_folder = slash != std::string::npos;
    const std::string part = is_folder ? path.substr(0, slash) : path;
    if (is_ignored(stack, {.path = part, .is_folder = is_folder})) return false;
    if (fs::is_symlink(fs::symlink_status(root / part, error))) return false;
    if (!is_folder) return true;
    folder = part;
  }
}

bool is_ignore_file(const fs::path& path) {
  return path.filename() == ".gitignore" || path.filename() == ".fathomignore";
}

}  // namespace fathom::completion
