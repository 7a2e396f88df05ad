#include "completion/review/index_around.h"

#include <algorithm>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "completion/privacy/secret_files.h"
#include "completion/syntax/words.h"
#include "completion/workspace/imports.h"
#include "completion/workspace/resolve_import.h"
#include "completion/workspace/terms.h"

namespace fathom::completion {
namespace {

constexpr size_t kMaxFileBytes = 256 << 10;
constexpr size_t kMaxReadFiles = 600;
constexpr size_t kMaxReadBytes = size_t{16} << 20;
constexpr size_t kMaxParsedFiles = 200;
constexpr size_t kMaxParsedBytes = size_t{4} << 20;
constexpr int kMaxDepth = 2;           // imports of imports: headers, and files that only re-export
constexpr size_t kMaxNeighbours = 32;  // of a changed file

using Names = std::set<std::string, std::less<>>;

/// The source files of the repository that may be shown.
const Language* language_of(const std::string& path) {
  const Language* language = find_language("", path);
  return language && !language->declarations.empty() && !is_secret_file(path) ? language : nullptr;
}

/// The identifiers of the added lines, but for those that are in every file.
Names names_added(const ReviewInput& input) {
  constexpr std::string_view kCommon =
      "and bool case char class const def else false for from func function if import in include "
      "int let new not null or public return self static string this true use using var void while";
  Names names;
  for (const ReviewedFile& file : input.files) {
    for (const Hunk& hunk : file.diff.hunks) {
      for (const DiffLine& line : hunk.lines) {
        if (line.kind != DiffLine::Kind::added) continue;
        for_each_identifier(line.text, [&](std::string_view name, size_t) {
          if (name.size() > 1 && !contains_word(kCommon, name)) names.emplace(name);
        });
      }
    }
  }
  return names;
}

class Gatherer final {
 public:
  Gatherer(const ReviewInput& input, const RepositoryFiles& repository, const SecretFinder& secrets)
      : input_(input), repository_(repository), secrets_(secrets), wanted_(names_added(input)) {
    for (const std::string& path : repository.paths)
      if (language_of(path)) names_.add(path);
  }

  std::shared_ptr<const WorkspaceIndex> gather() {
    std::vector<Place> next;
    for (const ReviewedFile& file : input_.files) {
      const std::string& path = file.diff.new_path;
      const Language* language = language_of(path);
      if (!language || !file.text || file.text->size() > kMaxFileBytes) continue;
      seen_.insert(path);
      next.push_back({path, language, *file.text});
    }
    for (const Place& changed : next) parse(changed);
    for (int depth = 0; depth < kMaxDepth; ++depth) {
      std::vector<Place> found;
      for (const Place& from : next) {
        for (const std::string& path : imported_by(from)) visit(path, found);
        if (depth == 0) visit_neighbours(from, found);
      }
      next = std::move(found);
    }
    return std::make_shared<const WorkspaceIndex>(std::move(index_));
  }

 private:
  struct Place {
    std::string path;
    const Language* language;
    std::string text;
  };

  std::vector<std::string> imported_by(const Place& from) const {
    std::vector<std::string> paths;
    const auto add = [&](std::vector<std::string> some) {
      paths.insert(paths.end(), some.begin(), some.end());
    };
    for (const Import& import : imports_of(from.text, *from.language)) {
      add(resolve_import(import, *from.language, from.path, names_));
      add(files_of_package(imports_package(import, *from.language).package, from.path));
    }
    return paths;
  }

  /// Those in the folder that is called like the package, or like the end of it.
  std::vector<std::string> files_of_package(std::string package, const std::string& from) const {
    for (const char separator : {'.', '\\', ':'}) std::ranges::replace(package, separator, '/');
    while (!package.empty()) {
      std::vector<std::string> files = names_.find_folder(package, from);
      if (!files.empty()) return files;
      const size_t slash = package.find('/');
      package.erase(0, slash == std::string::npos ? package.size() : slash + 1);
    }
    return {};
  }

  void visit_neighbours(const Place& from, std::vector<Place>& found) {
    std::vector<std::string> beside = names_.in_folder(folder_of(from.path));
    std::erase_if(beside, [&](const std::string& path) {
      return language_of(path)->chat_name != from.language->chat_name;
    });
    if (beside.size() > kMaxNeighbours) beside.resize(kMaxNeighbours);
    for (const std::string& path : beside) visit(path, found);
  }

  void visit(const std::string& path, std::vector<Place>& found) {
    if (n_read_ >= kMaxReadFiles || read_bytes_ >= kMaxReadBytes || !seen_.insert(path).second)
      return;
    ++n_read_;
    std::optional<std::string> text = repository_.read(path, kMaxFileBytes);
    if (!text) return;
    read_bytes_ += text->size();
    found.push_back({path, language_of(path), *std::move(text)});
    if (has_wanted(found.back().text)) parse(found.back());
  }

  bool has_wanted(std::string_view text) const {
    bool has = false;
    for_each_identifier(
        text, [&](std::string_view name, size_t) { has = has || wanted_.contains(name); });
    return has;
  }

  void parse(const Place& place) {
    if (n_parsed_ >= kMaxParsedFiles || parsed_bytes_ >= kMaxParsedBytes) return;
    ++n_parsed_;
    parsed_bytes_ += place.text.size();
    if (SourceFilePtr file = parse_source_file(place.path, *place.language, place.text, secrets_))
      index_.add(std::move(file));
  }

  const ReviewInput& input_;
  const RepositoryFiles& repository_;
  const SecretFinder& secrets_;
  const Names wanted_;
  FileNames names_;
  Names seen_;
  WorkspaceIndex index_;
  size_t n_read_ = 0;
  size_t read_bytes_ = 0;
  size_t n_parsed_ = 0;
  size_t parsed_bytes_ = 0;
};

}  // namespace

std::shared_ptr<const WorkspaceIndex> index_around(const ReviewInput& input,
                                                   const RepositoryFiles& repository,
                                                   const SecretFinder& secrets) {
  return Gatherer(input, repository, secrets).gather();
}

}  // namespace fathom::completion
