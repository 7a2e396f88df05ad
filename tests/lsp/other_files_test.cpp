// What a session tells of other files: folders, saved and watched files, open documents, history.

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "completion/workspaces.h"
#include "tests/lsp/test_client.h"

namespace fathom::lsp {
namespace {

namespace fs = std::filesystem;

class OtherFiles : public testing::Test {
 protected:
  OtherFiles() {
    const auto* test = testing::UnitTest::GetInstance()->current_test_info();
    root_ = fs::temp_directory_path() / fmt::format("fathom-{}-{}", test->name(), getpid());
    fs::remove_all(root_);
    fs::create_directories(root_);
    write("a.py", "def alpha(saved): pass\n");
  }
  ~OtherFiles() override { fs::remove_all(root_); }

  void write(const std::string& path, std::string_view text) {
    std::ofstream(root_ / path) << text;
  }
  std::string uri(const std::string& path) const { return "file://" + (root_ / path).string(); }

  void initialize() {
    client_.initialize(
        {{"workspaceFolders", Json::array({{{"uri", uri("")}, {"name", "x"}}})},
         {"capabilities",
          {{"workspace", {{"didChangeWatchedFiles", {{"dynamicRegistration", true}}}}}}}});
  }

  /// The prompt of a completion behind "alpha(" in a document that was not open before.
  std::string prompt(const std::string& path) {
    client_.open(uri(path), "python", "x = alpha(");
    client_.request("textDocument/inlineCompletion", at(uri(path), 0, 10));
    client_.run();
    return client_.generator().prompt_text(client_.generator().requests().size() - 1);
  }

  fs::path root_;
  Log log_;
  std::shared_ptr<completion::Workspaces> workspaces_ = std::make_shared<completion::Workspaces>(
      completion::WorkspacesOptions{.threads = false, .limits = {}}, log_);
  TestClient client_{TestClient::Model::ready, nullptr, workspaces_};
};

bool has(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

TEST_F(OtherFiles, AreInThePromptAsTheyWereSavedOrWatched) {
  initialize();
  EXPECT_TRUE(has(prompt("one.py"), "#a.py\ndef alpha(saved): ..."));

  write("a.py", "def alpha(watched): pass\n");
  client_.notify("workspace/didChangeWatchedFiles",
                 {{"changes", Json::array({{{"uri", uri("a.py")}, {"type", 2}}})}});
  EXPECT_TRUE(has(prompt("two.py"), "def alpha(watched): ..."));

  write("a.py", "def alpha(by_us): pass\n");
  client_.notify("textDocument/didSave", {{"textDocument", {{"uri", uri("a.py")}}}});
  EXPECT_TRUE(has(prompt("three.py"), "def alpha(by_us): ..."));

  const auto asked = client_.sent("client/registerCapability");
  EXPECT_TRUE(std::any_of(asked.begin(), asked.end(), [](const Json& params) {
    return params["registrations"][0]["method"] == "workspace/didChangeWatchedFiles" &&
           has(params["registrations"][0]["registerOptions"]["watchers"][0]["globPattern"], ",py,");
  }));
}

TEST_F(OtherFiles, AreTheUnsavedDocumentsOfTheClientAndWhereItWas) {
  initialize();
  client_.open(uri("a.py"), "python", "def alpha(unsaved): pass\n\n\n\n\n\n\n\nnothing\n");
  client_.open(uri("notes.txt"), "plaintext", "one\ntwo\nthree\n");
  client_.notify("textDocument/didChange",
                 {{"textDocument", {{"uri", uri("notes.txt")}, {"version", 2}}},
                  {"contentChanges", Json::array({{{"range",
                                                    {{"start", {{"line", 1}, {"character", 0}}},
                                                     {"end", {{"line", 1}, {"character", 3}}}}},
                                                   {"text", "edited\nlines"}}})}});
  const std::string text = prompt("one.py");
  EXPECT_TRUE(has(text, "def alpha(unsaved): ...")) << text;
  EXPECT_FALSE(has(text, "alpha(saved)")) << text;
  EXPECT_TRUE(has(text, "one\nedited\nlines\nthree\n")) << text;

  client_.notify("textDocument/didClose", {{"textDocument", {{"uri", uri("a.py")}}}});
  client_.notify("textDocument/didClose", {{"textDocument", {{"uri", uri("notes.txt")}}}});
  const std::string after = prompt("two.py");
  EXPECT_TRUE(has(after, "def alpha(saved): ...")) << after;
  EXPECT_FALSE(has(after, "edited")) << after;
}

TEST_F(OtherFiles, AreNotShownIfThatIsTurnedOff) {
  initialize();
  client_.notify("workspace/didChangeConfiguration",
                 {{"settings", {{"fathom", {{"context", {{"crossFile", false}}}}}}}});
  EXPECT_FALSE(has(prompt("one.py"), "a.py"));
}

TEST_F(OtherFiles, AreIndexedAsLongAsAClientWorksInTheirFolder) {
  initialize();
  ASSERT_EQ(workspaces_->states().size(), 1u);
  client_.notify(
      "workspace/didChangeWorkspaceFolders",
      {{"event", {{"added", Json::array()}, {"removed", Json::array({{{"uri", uri("")}}})}}}});
  EXPECT_TRUE(workspaces_->states().empty());
  EXPECT_FALSE(has(prompt("one.py"), "a.py"));
  {
    TestClient other(TestClient::Model::ready, nullptr, workspaces_);
    other.initialize({{"rootUri", uri("")}});
    EXPECT_EQ(workspaces_->states().size(), 1u);
  }
  EXPECT_TRUE(workspaces_->states().empty());
}

}  // namespace
}  // namespace fathom::lsp
