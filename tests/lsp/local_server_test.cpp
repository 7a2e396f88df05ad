#include "lsp/local_server.h"

#include <memory>
#include <optional>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "lsp/door.h"
#include "lsp/json_text.h"
#include "lsp/message.h"

namespace fathom::lsp {
namespace {

constexpr const char* kUri = "file:///p/a.txt";

/// An editor, a door, and sessions that take each other's place.
class DoorToSessions final : public Door::Host {
 public:
  void connect() {
    server_.reset();
    door_.on_server_lost();
    server_.emplace(
        loop_, SessionOptions{.version = "1"}, services_,
        [this](std::string body) { door_.on_server(std::move(body)); }, log_);
    door_.on_connected();
    run();
  }
  void request(int id, const std::string& method, const Json& params) {
    door_.on_client(to_text(request_message(id, method, params)));
    run();
  }
  void notify(const std::string& method, const Json& params) {
    door_.on_client(to_text(notification_message(method, params)));
    run();
  }
  Session& session() { return server_->session(); }

  void to_client(std::string body) override { sent_.push_back(parse_json(body)); }
  void to_server(std::string body) override { server_->receive(body); }
  void watch_process(int64_t) override {}
  void replace_server(std::string reason) override { ADD_FAILURE() << reason; }
  void leave() override {}

  std::vector<Json> answers(int id) const {
    std::vector<Json> found;
    for (const Json& message : sent_)
      if (!message.contains("method") && message.at("id") == id) found.push_back(message);
    return found;
  }

 private:
  void run() {
    loop_.context().restart();
    loop_.context().poll();
  }

  Log log_;
  EventLoop loop_;
  completion::ModelHost models_{
      [](const completion::LoadOrder&) -> Result<completion::LoadedModel> {
        return fail(ErrorCode::not_found, "there is no model here");
      },
      {.threads = false}};
  Services services_{.models = models_};
  std::optional<LocalServer> server_;
  Door door_{*this, {.version = "1", .process_id = 1, .engine_arguments = {}}, log_};
  std::vector<Json> sent_;
};

/// The text of a document in an editor, and edits of it in UTF-16, written without fathom's code.
class EditorText final {
 public:
  explicit EditorText(uint32_t seed) : random_(seed) {}

  /// A random change as it goes over the wire.
  Json edit() {
    const auto [begin, end] = std::minmax({any(text_.size()), any(text_.size())});
    std::u32string inserted;
    for (size_t i = any(4); i > 0; --i) inserted += U"ab\n\u00E9\U0001F600"[any(4)];
    const Json change = {{"range", {{"start", position(begin)}, {"end", position(end)}}},
                         {"text", utf8(inserted)}};
    text_.replace(begin, end - begin, inserted);
    return change;
  }
  std::string text() const { return utf8(text_); }

 private:
  size_t any(size_t most) { return random_() % (most + 1); }

  Json position(size_t offset) const {
    int line = 0;
    int character = 0;
    for (size_t i = 0; i < offset; ++i) {
      character += text_[i] > 0xFFFF ? 2 : 1;
      if (text_[i] != U'\n') continue;
      ++line;
      character = 0;
    }
    return {{"line", line}, {"character", character}};
  }

  static std::string utf8(const std::u32string& text) {
    std::string out;
    for (const char32_t c : text) {
      if (c == 0x1F600) {
        out += "\xF0\x9F\x98\x80";
      } else if (c == 0xE9) {
        out += "\xC3\xA9";
      } else {
        out += char(c);
      }
    }
    return out;
  }

  std::mt19937 random_;
  std::u32string text_;
};

TEST(LocalServer, AnswersTheDoorAsASessionDoes) {
  DoorToSessions world;
  world.request(1, "initialize", Json::object());
  world.connect();
  ASSERT_EQ(world.answers(1).size(), 1u);
  EXPECT_EQ(world.answers(1)[0]["result"]["serverInfo"]["version"], "1");
  world.notify("initialized", Json::object());
  world.request(2, "unknown/method", Json::object());
  ASSERT_EQ(world.answers(2).size(), 1u);
  EXPECT_EQ(world.answers(2)[0]["error"]["code"], int(RpcError::method_not_found));
}

TEST(LocalServer, HasTheTextOfTheEditorWhicheverServerItIs) {
  DoorToSessions world;
  world.request(1, "initialize", Json::object());
  world.connect();
  world.notify("initialized", Json::object());
  world.notify(
      "textDocument/didOpen",
      {{"textDocument", {{"uri", kUri}, {"languageId", "text"}, {"version", 0}, {"text", ""}}}});
  EditorText editor(7);
  for (int version = 1; version <= 300; ++version) {
    Json changes = Json::array();
    for (int i = 0; i < 1 + version % 3; ++i) changes.push_back(editor.edit());
    world.notify("textDocument/didChange", {{"textDocument", {{"uri", kUri}, {"version", version}}},
                                            {"contentChanges", std::move(changes)}});
    if (version % 10 == 0) world.connect();
    const Document* document = world.session().documents().find(kUri);
    ASSERT_NE(document, nullptr);
    ASSERT_EQ(document->text(), editor.text()) << version;
    ASSERT_EQ(document->version(), version);
  }
}

}  // namespace
}  // namespace fathom::lsp
