#include "completion/review/check_suggestions.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <system_error>
#include <utility>
#include <vector>

#include "completion/lines.h"
#include "completion/review/suggestion_gate.h"
#include "engine/base/run_command.h"

namespace fathom::completion {
namespace {

namespace fs = std::filesystem;

/// An empty folder that is gone with what is in it when this object is.
class TemporaryFolder final {
 public:
  TemporaryFolder() {
    std::error_code error;
    std::string name = (fs::temp_directory_path(error) / "fathom-check-XXXXXX").string();
    if (::mkdtemp(name.data()) != nullptr) path_ = name;
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  ~TemporaryFolder() {
    std::error_code error;
    if (!path_.empty()) fs::remove_all(path_, error);
  }

  /// Empty if it could not be made.
  const fs::path& path() const { return path_; }

 private:
  fs::path path_;
};

bool write_file(const fs::path& file, std::string_view text) {
  std::ofstream out(file, std::ios::binary);
  out.write(text.data(), static_cast<std::streamsize>(text.size()));
  return out.flush().good();
}

/// The end of what a command has printed, in whole lines.
std::string last_lines(const fs::path& file) {
  constexpr size_t kMaxBytes = 2000;
  std::ostringstream all;
  all << std::ifstream(file, std::ios::binary).rdbuf();
  const std::string text = all.str();
  if (text.size() <= kMaxBytes) return text;
  return text.substr(next_line(text, text.size() - kMaxBytes));
}

const std::string* text_of(const ReviewReport& report, const std::string& path) {
  for (const ReviewedFile& file : report.files)
    if (file.diff.new_path == path) return file.text.get();
  return nullptr;
}

}  // namespace

Result<std::string> check_suggestions(ReviewReport& report, const GitRepository& repository,
                                      const ChangeRequest& request, const SuggestionCheck& check) {
  std::vector<Finding*> suggested;
  for (Finding& finding : report.findings)
    if (finding.suggestion) suggested.push_back(&finding);
  if (suggested.empty()) return std::string();

  const TemporaryFolder folder;
  const fs::path files = folder.path() / "files";
  std::error_code error;
  if (folder.path().empty() || !fs::create_directory(files, error))
    return fail(ErrorCode::io, "no folder for the check can be made in the temporary folder");
  FATHOM_CHECK(repository.export_files(request, files));

  std::string failure;
  for (size_t i = 0; i < suggested.size(); ++i) {
    if (check.on_progress)
      check.on_progress(static_cast<int>(i) + 1, static_cast<int>(suggested.size()));
    std::optional<Suggestion>& suggestion = suggested[i]->suggestion;
    const fs::path file = files / suggested[i]->path;
    const std::string& before = *text_of(report, suggested[i]->path);
    if (!write_file(file, with_suggestions(before, {*suggestion})))
      return fail(ErrorCode::io, "{} cannot be written", file.string());
    const fs::path output = folder.path() / "output";
    const Result<int> code =
        run_command(check.command, files, output,
                    {.time = std::chrono::seconds(check.max_seconds), .cancel = check.cancel});
    suggestion->checked = code == 0;
    if (!suggestion->checked) {
      failure = code ? last_lines(output) : code.error().message;
      suggestion.reset();
      ++report.rejected.suggestions;
    }
    if (!write_file(file, before))
      return fail(ErrorCode::io, "{} cannot be written", file.string());
  }
  return failure;
}

}  // namespace fathom::completion
