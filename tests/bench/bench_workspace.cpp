// How long a workspace takes to index, what memory the index takes, and how long it takes to choose
// what a prompt shows of other files: bench_workspace [N_FILES].
//
// The workspace is made up, the same each time: Python, TypeScript, Go and C++ in folders of 25
// files, which import each other; about 6 KB a file. It is written to a temporary folder.

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <unistd.h>

#include "completion/context/cross_file.h"
#include "completion/workspaces.h"
#include "engine/base/system.h"
#include "engine/checkpoint/checkpoint.h"
#include "engine/tokenizer/tokenizer.h"

namespace {

using namespace fathom;
namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

constexpr int kFilesInFolder = 25;
constexpr int kFunctions = 22;
constexpr int kQueries = 400;
constexpr int kMaxTokens = 637;  // what a prompt of 2,048 tokens has for other files

constexpr const char* kWords[] = {
    "order",   "invoice", "parser", "buffer", "socket",  "matrix", "player", "sensor",
    "cache",   "ledger",  "widget", "token",  "graph",   "filter", "stream", "record",
    "session", "planet",  "route",  "budget", "letter",  "signal", "branch", "folder",
    "pixel",   "volume",  "ticket", "report", "address", "engine", "bridge", "forest"};

/// Numbers that are the same on every machine.
class Dice {
 public:
  explicit Dice(uint64_t seed) : state_(seed * 0x9E3779B97F4A7C15u + 1) {}
  size_t roll(size_t n) {
    state_ ^= state_ << 13;
    state_ ^= state_ >> 7;
    state_ ^= state_ << 17;
    return static_cast<size_t>(state_ % n);
  }
  std::string word() { return kWords[roll(std::size(kWords))]; }

 private:
  uint64_t state_;
};

struct Form {
  const char* extension;
  const char* import;    // of module {0} in folder {1}
  const char* type;      // {0}: name
  const char* function;  // {0}: name, {1} {2} {3}: words, {4}: another function
};

constexpr Form kForms[] = {
    {"py", "from pkg{1}.module_{0} import Type{0}, helper_{0}\n",
     "class Type{0}:\n    {1}_count: int = 0\n    {2}_name: str = \"\"\n\n    def update_{1}(self, "
     "value):\n        self.{1}_count += value\n        return self.{2}_name\n\n",
     "def {0}({1}, {2}_list, limit=10):\n    {3}_total = 0\n    for {1}_item in {2}_list:\n        "
     "if {1}_item.{3} > limit:\n            {3}_total += {4}({1}_item)\n    return {3}_total\n\n"},
    {"ts", "import {{ Type{0}, helper_{0} }} from \"../pkg{1}/module_{0}\";\n",
     "export class Type{0} {{\n  {1}Count = 0;\n  {2}Name = \"\";\n  update{1}(value: number): "
     "string {{\n    this.{1}Count += value;\n    return this.{2}Name;\n  }}\n}}\n",
     "export function {0}({1}: number, {2}List: number[], limit = 10): number {{\n  let {3}Total = "
     "0;\n  for (const {1}Item of {2}List) {{\n    if ({1}Item > limit) {3}Total += {4}({1}Item, "
     "[]);\n  }}\n  return {3}Total;\n}}\n\n"},
    {"go", "import \"example.com/bench/pkg{1}\"\n",
     "type Type{0} struct {{\n\t{1}Count int\n\t{2}Name string\n}}\n\nfunc (t *Type{0}) "
     "Update{1}(value int) string {{\n\tt.{1}Count += value\n\treturn t.{2}Name\n}}\n\n",
     "func {0}({1} int, {2}List []int, limit int) int {{\n\t{3}Total := 0\n\tfor _, {1}Item := "
     "range "
     "{2}List {{\n\t\tif {1}Item > limit {{\n\t\t\t{3}Total += {4}({1}Item, nil, "
     "limit)\n\t\t}}\n\t}}\n\treturn {3}Total\n}}\n\n"},
    {"h", "#include \"pkg{1}/module_{0}.h\"\n",
     "class Type{0} {{\n public:\n  std::string update_{1}(int value) {{\n    {1}_count_ += "
     "value;\n    return {2}_name_;\n  }}\n\n private:\n  int {1}_count_ = 0;\n  std::string "
     "{2}_name_;\n}};\n\n",
     "inline int {0}(int {1}, const std::vector<int>& {2}_list, int limit = 10) {{\n  int "
     "{3}_total "
     "= 0;\n  for (const int {1}_item : {2}_list) {{\n    if ({1}_item > limit) {3}_total += "
     "{4}({1}_item, {2}_list);\n  }}\n  return {3}_total;\n}}\n\n"},
};

const Form& form_of(int file) { return kForms[file / kFilesInFolder % 4]; }

std::string path_of(int file) {
  return fmt::format("pkg{}/module_{}.{}", file / kFilesInFolder, file, form_of(file).extension);
}

std::string text_of(int file, int n_files) {
  Dice dice(static_cast<uint64_t>(file));
  const Form& form = form_of(file);
  std::string text = std::string_view(form.extension) == "go" ? "package bench\n\n" : "";
  std::vector<int> imported;
  for (int i = 0; i < 3; ++i) {
    const int folder = file / kFilesInFolder;
    int other = folder * kFilesInFolder + static_cast<int>(dice.roll(kFilesInFolder));
    // Some from another folder of the same language.
    if (i == 0 && folder >= 4) other -= 4 * kFilesInFolder;
    other = std::min(other, n_files - 1);
    imported.push_back(other);
    text += fmt::format(fmt::runtime(form.import), other, other / kFilesInFolder);
  }
  text += '\n';
  text += fmt::format(fmt::runtime(form.type), file, dice.word(), dice.word());
  for (int i = 0; i < kFunctions; ++i) {
    const std::string name = i == 0 ? fmt::format("helper_{}", file)
                                    : fmt::format("{}_{}_{}", dice.word(), dice.word(), i);
    text += fmt::format(fmt::runtime(form.function), name, dice.word(), dice.word(), dice.word(),
                        fmt::format("helper_{}", imported[dice.roll(imported.size())]));
  }
  return text;
}

/// Bytes that are resident now.
uint64_t resident_bytes() {
  uint64_t pages = 0;
  uint64_t resident = 0;
  std::ifstream("/proc/self/statm") >> pages >> resident;
  return resident * static_cast<uint64_t>(sysconf(_SC_PAGESIZE));
}

double ms_since(Clock::time_point start) {
  return std::chrono::duration<double, std::milli>(Clock::now() - start).count();
}

/// Cursors in the middle of functions, a new one each time: nothing is kept from the one before.
std::vector<double> query(const std::string& root, int n_files,
                          const std::shared_ptr<completion::Workspaces>& workspaces,
                          const engine::Tokenizer& tokenizer) {
  const completion::SecretFinder secrets;
  completion::CrossFile cross_file(workspaces, secrets);
  completion::Documents documents;
  std::vector<double> times;
  size_t n_pieces = 0;
  Dice dice(42);
  for (int i = 0; i < kQueries; ++i) {
    const int file = static_cast<int>(dice.roll(static_cast<size_t>(n_files)));
    std::string text = text_of(file, n_files);
    const size_t cursor = text.find("helper_", text.size() / 2);
    if (cursor == std::string::npos) continue;
    completion::CompletionRequest request{
        .snapshot = std::make_shared<completion::Snapshot>(completion::Snapshot{
            .uri = fmt::format("file:///{}", i), .path = path_of(file), .text = std::move(text)})};
    request.cursor = cursor;
    request.root = root;
    completion::Document* document = documents.find(*request.snapshot);
    document->tree.update(request.snapshot->text);  // an editor's document is parsed already
    const Clock::time_point start = Clock::now();
    n_pieces += cross_file.pieces_for(request, *document, tokenizer, kMaxTokens).size();
    times.push_back(ms_since(start));
  }
  fmt::print("pieces        {:.1f} a prompt\n",
             static_cast<double>(n_pieces) / static_cast<double>(times.size()));
  std::sort(times.begin(), times.end());
  return times;
}

}  // namespace

int main(int argc, char** argv) {
  const int n_files = argc > 1 ? std::atoi(argv[1]) : 5000;
  const fs::path root = fs::temp_directory_path() / fmt::format("bench_workspace-{}", getpid());
  size_t n_bytes = 0;
  for (int i = 0; i < n_files; ++i) {
    const std::string text = text_of(i, n_files);
    n_bytes += text.size();
    fs::create_directories((root / path_of(i)).parent_path());
    std::ofstream(root / path_of(i)) << text;
  }
  const auto checkpoint = engine::Checkpoint::open("models/nano/fathom-nano.gguf");
  if (!checkpoint) return fmt::print(stderr, "{}\n", checkpoint.error().message), 2;
  const auto tokenizer = engine::Tokenizer::load(**checkpoint);
  if (!tokenizer) return fmt::print(stderr, "{}\n", tokenizer.error().message), 2;

  release_free_memory();
  const uint64_t before = resident_bytes();
  Log log;
  const auto workspaces =
      std::make_shared<completion::Workspaces>(completion::WorkspacesOptions{}, log);
  workspaces->open(root.string());
  workspaces->wait_until_ready(root.string(), std::chrono::minutes(5));
  const completion::WorkspaceState state = workspaces->states().at(0);
  const uint64_t peak = peak_resident_bytes() - before;
  release_free_memory();
  fmt::print("workspace     {} files, {:.1f} MB\n", n_files, static_cast<double>(n_bytes) / 1e6);
  fmt::print("indexed       {} files, {} declarations, {} chunks{}\n", state.files,
             state.declarations, state.chunks, state.complete ? "" : " (not all)");
  fmt::print("time          {:.1f} s\n", state.ms_build / 1000);
  fmt::print("memory        {:.0f} MB, {:.0f} MB at most\n",
             static_cast<double>(resident_bytes() - before) / 1e6, static_cast<double>(peak) / 1e6);
  const std::vector<double> times = query(root.string(), n_files, workspaces, **tokenizer);
  const auto at = [&](size_t percent) { return times[(times.size() - 1) * percent / 100]; };
  fmt::print("context       p50 {:.1f} ms, p95 {:.1f} ms, most {:.1f} ms\n", at(50), at(95),
             times.back());
  fs::remove_all(root);
}
