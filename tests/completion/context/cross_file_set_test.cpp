// The set of small repositories in tests/data/cross_file: each has a cursor ($0) whose completion
// needs a declaration of another file. Counted is whether that is in the prompt.

#include <filesystem>
#include <fstream>
#include <memory>
#include <string>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "completion/completion_plan.h"
#include "completion/context/cross_file.h"
#include "completion/workspaces.h"
#include "engine/base/mapped_file.h"
#include "engine/checkpoint/checkpoint.h"
#include "engine/read_traits.h"
#include "tests/support/marked_text.h"

namespace fathom::completion {
namespace {

namespace fs = std::filesystem;

const fs::path kSet = fs::absolute("tests/data/cross_file");
constexpr int kMaxRequestTokens = 8192;  // of which a prompt gets 2,048

std::string without_blanks(std::string_view text) {
  std::string result;
  for (const char byte : text)
    if (!std::isspace(static_cast<unsigned char>(byte))) result += byte;
  return result;
}

class CrossFileSet : public testing::Test {
 protected:
  void SetUp() override {
    auto checkpoint = engine::Checkpoint::open("models/nano/fathom-nano.gguf");
    ASSERT_TRUE(checkpoint) << checkpoint.error().message;
    auto tokenizer = engine::Tokenizer::load(**checkpoint);
    ASSERT_TRUE(tokenizer) << tokenizer.error().message;
    tokenizer_ = *tokenizer;
    auto traits = engine::read_traits(**checkpoint, *tokenizer_);
    ASSERT_TRUE(traits) << traits.error().message;
    traits_ = *traits;
  }

  struct Case {
    std::string repository;
    std::string file;
    std::string needed_path;
    std::string needed_text;
  };

  static std::vector<Case> cases() {
    std::ifstream file(kSet / "manifest.json");
    std::vector<Case> cases;
    for (const auto& entry : nlohmann::json::parse(file))
      cases.push_back({.repository = entry["repository"],
                       .file = entry["file"],
                       .needed_path = entry["needs"]["path"],
                       .needed_text = entry["needs"]["text"]});
    return cases;
  }

  /// What of the prompt is not of the file with the cursor.
  std::string shown_of_others(const Case& c, int* n_tokens) {
    Log log;
    const auto workspaces =
        std::make_shared<Workspaces>(WorkspacesOptions{.threads = false, .limits = {}}, log);
    const std::string root = (kSet / c.repository).string();
    workspaces->open(root);
    const auto [text, cursor] =
        test::take_cursor(read_text_file(kSet / c.repository / c.file, 1 << 20).value());
    CompletionRequest request{.snapshot = std::make_shared<Snapshot>(Snapshot{
                                  .uri = "file:///" + c.file, .path = c.file, .text = text})};
    request.cursor = cursor;
    request.root = root;

    Documents documents;
    Document* document = documents.find(*request.snapshot);
    CrossFile cross_file(workspaces, secrets_);
    const auto& pieces = cross_file.pieces_for(request, *document, *tokenizer_,
                                               cross_file_tokens(kMaxRequestTokens));
    const CompletionPlan plan =
        plan_completion(request, document, pieces, traits_, *tokenizer_, kMaxRequestTokens);
    *n_tokens = static_cast<int>(plan.generate.prompt.size());
    const std::string prompt = tokenizer_->decode(plan.generate.prompt);
    return prompt.substr(0, prompt.find("#" + c.file + "\n"));
  }

  std::shared_ptr<const engine::Tokenizer> tokenizer_;
  engine::ModelTraits traits_;
  SecretFinder secrets_;
};

TEST_F(CrossFileSet, HasTheNeededDeclarationInNineOfTenPrompts) {
  int n_found = 0;
  int n_cases = 0;
  for (const Case& c : cases()) {
    int n_tokens = 0;
    const std::string shown = shown_of_others(c, &n_tokens);
    const bool found =
        without_blanks(shown).find(without_blanks(c.needed_text)) != std::string::npos;
    ++n_cases;
    n_found += found;
    EXPECT_LE(n_tokens, 2048) << c.repository;
    if (!found)
      std::printf("%s: not shown: %s; instead:\n%s\n", c.repository.c_str(), c.needed_text.c_str(),
                  shown.c_str());
  }
  std::printf("the needed declaration is shown in %d of %d\n", n_found, n_cases);
  EXPECT_GE(n_cases, 20);
  EXPECT_GE(n_found * 10, n_cases * 9);
}

}  // namespace
}  // namespace fathom::completion
