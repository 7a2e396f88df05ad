#include "lsp/review_task.h"

#include <algorithm>
#include <filesystem>
#include <memory>
#include <string_view>
#include <system_error>
#include <utility>

#include "completion/review/index_around.h"
#include "completion/review/report_parts.h"
#include "engine/base/mapped_file.h"
#include "lsp/document.h"
#include "lsp/find_lines.h"

namespace fathom::lsp {
namespace {

namespace fs = std::filesystem;
using completion::ChangeRequest;
using completion::Finding;
using completion::GitRepository;
using completion::LineRange;
using completion::ReviewedFile;

std::string without_slash(std::string path) {
  while (path.size() > 1 && path.ends_with('/')) path.pop_back();
  return path;
}

/// The repository's folder as the client would name it, who may have come there through links.
/// `folder` is in it.
std::string root_as_named(const fs::path& folder, const fs::path& working_tree) {
  const std::string root = without_slash(working_tree.string());
  std::error_code error;
  const std::string real = without_slash(fs::canonical(folder, error).string());
  if (error || (real != root && !real.starts_with(root + "/"))) return root;
  const std::string below = real.substr(root.size());  // "" or "/a/b"
  const std::string named = without_slash(folder.lexically_normal().string());
  if (!named.ends_with(below) || named.size() == below.size()) return root;
  return named.substr(0, named.size() - below.size());
}

/// Lines of what was reviewed, with LF between them.
std::string text_of(const ReviewedFile& file, LineRange lines) {
  std::string text;
  const auto add = [&](int number, std::string_view line) {
    if (number < lines.begin || number > lines.end) return;
    if (number != lines.begin) text += '\n';
    text += line;
  };
  if (file.text) {
    int number = 0;
    for (const std::string_view line : completion::split_lines(*file.text)) add(++number, line);
    return text;
  }
  for (const completion::Hunk& hunk : file.diff.hunks)
    for (const completion::DiffLine& line : hunk.lines) add(line.new_line, line.text);
  return text;
}

/// Finds the lines of findings in the files on disk. Keeps the file that it looked at last.
class Placer final {
 public:
  Placer(std::string root, const ReviewTask& task) : root_(std::move(root)), task_(task) {}

  /// Nothing if the lines are not there.
  std::optional<PlacedFinding> place(const Finding& finding, const ReviewedFile& file) {
    PlacedFinding placed{.path = root_ + "/" + finding.path,
                         .range = {},
                         .text = text_of(file, finding.lines),
                         .about = finding};
    if (path_ != placed.path) {
      path_ = placed.path;
      disk_ = read(file);
    }
    if (!disk_) return std::nullopt;
    const auto line =
        find_lines(*disk_, placed.text, static_cast<uint32_t>(finding.lines.begin - 1));
    if (!line) return std::nullopt;
    const auto n_lines = static_cast<uint32_t>(finding.lines.end - finding.lines.begin + 1);
    placed.range = range_of_lines(*disk_, *line, n_lines);
    return placed;
  }

 private:
  std::optional<Document> read(const ReviewedFile& file) const {
    const bool is_on_disk = task_.scope == ChangeRequest::Kind::working_tree && file.text;
    Result<std::string> text = is_on_disk ? Result<std::string>(*file.text)
                                          : read_text_file(path_, GitRepository::kMaxFileBytes);
    if (!text) return std::nullopt;
    return Document({.uri = {}, .path = {}, .language = {}}, 0, *std::move(text), task_.encoding);
  }

  const std::string root_;
  const ReviewTask& task_;
  std::string path_;
  std::optional<Document> disk_;
};

Result<ChangeRequest> request_of(const ReviewTask& task, const GitRepository& repository) {
  ChangeRequest request{.kind = task.scope, .revision = task.base};
  if (request.kind != ChangeRequest::Kind::base || !request.revision.empty()) return request;
  FATHOM_TRY(branch, repository.default_branch());
  request.revision = std::move(branch);
  return request;
}

}  // namespace

Result<ReviewOutcome> run_review_task(const completion::ModelUse& model, const ReviewTask& task) {
  fs::path folder = task.place;
  if (!folder.is_absolute()) {
    return fail(ErrorCode::invalid_argument,
                "no folder to review: open one, or a file of the repository");
  }
  std::error_code error;
  if (!fs::is_directory(folder, error)) folder = folder.parent_path();
  FATHOM_TRY(repository, GitRepository::find(folder));
  FATHOM_TRY(request, request_of(task, repository));
  FATHOM_TRY(input, repository.changes(request));
  FATHOM_TRY(files, repository.files(request));
  input.around = completion::index_around(input, files, completion::SecretFinder());
  task.on_begin();

  Placer placer(root_as_named(folder, repository.working_tree()), task);
  completion::ReviewOptions options = task.options;
  options.context_tokens = model.context_tokens;
  options.cancel = model.cancel;
  ReviewOutcome outcome;
  std::vector<PlacedFinding> early;
  int n_found = 0;
  options.on_finding = [&](const Finding& finding, const ReviewedFile& file) {
    if (++n_found > options.max_findings) return;  // the worst are known in the end
    std::optional<PlacedFinding> placed = placer.place(finding, file);
    if (!placed) return;
    early.push_back(*placed);
    task.on_finding(*std::move(placed));
  };
  completion::ReviewReport report = completion::review(model.generator, std::move(input), options);
  if (model.cancel.cancelled()) return fail(ErrorCode::cancelled, "cancelled");

  outcome.n_files = static_cast<int>(report.files.size());
  outcome.is_complete = report.is_complete();
  outcome.unreviewed = std::move(report.unreviewed);
  for (const Finding& finding : report.findings) {
    const auto known = std::ranges::find(
        early, finding.fingerprint, [](const PlacedFinding& f) { return f.about.fingerprint; });
    std::optional<PlacedFinding> placed;
    if (known != early.end()) {
      placed = *known;
    } else if (const ReviewedFile* file = completion::find_file(report, finding.path)) {
      placed = placer.place(finding, *file);
    }
    if (placed) {
      outcome.findings.push_back(*std::move(placed));
    } else {
      outcome.is_complete = false;
      outcome.unreviewed.push_back({.path = finding.path,
                                    .lines = finding.lines,
                                    .reason = "a finding is on lines that the file does not have "
                                              "any more: review it again"});
    }
  }
  return outcome;
}

}  // namespace fathom::lsp
