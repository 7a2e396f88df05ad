// What a client has told its server and a new server would have to know: the parameters of
// initialize, settings, folders, and the open documents as they are now.
//
// Main thread only.

#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "lsp/document.h"
#include "lsp/json.h"
#include "lsp/position.h"

namespace fathom::lsp {

class ClientState final {
 public:
  /// `params` of initialize; what was known before is forgotten.
  void initialize(const Json& params);
  /// What client and server agreed on.
  void set_encoding(PositionEncoding encoding) { encoding_ = encoding; }

  /// A notification from the client. What does not fit is ignored, as a session does.
  void observe(std::string_view method, const Json& params);
  bool is_initialized() const { return initialized_; }

  /// The parameters of initialize as the client would give them now. `process_id` is the process
  /// that the server shall watch.
  Json initialize_params(int64_t process_id) const;
  /// Texts of the messages that follow the answer to initialize and bring a new server to where
  /// the old one was.
  std::vector<std::string> replay() const;

 private:
  struct Folder {
    std::string uri;
    std::string name;
  };
  struct OpenDocument {
    std::string language;
    Document document;
  };

  void change_folders(const Json& params);
  void open(const Json& params);
  void change(const Json& params);
  void close(const Json& params);

  std::string initialize_ = "{}";  // JSON, as all texts here
  std::vector<Folder> folders_;
  bool folders_changed_ = false;
  bool initialized_ = false;
  std::string configuration_;  // parameters of the last didChangeConfiguration; "": none came
  PositionEncoding encoding_ = PositionEncoding::utf16;
  std::map<std::string, OpenDocument> documents_;  // by URI
};

}  // namespace fathom::lsp
