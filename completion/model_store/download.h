// One file over HTTPS: resumable, verified, and under its name only when it is complete.
//
// Bytes go into FILE.part; what they are a part of (the server's tag and length) is beside it in
// FILE.part.of. A later call goes on where the last one stopped if the server still has that very
// file. Proxies are taken from the environment as curl does (https_proxy, no_proxy), certificates
// from CURL_CA_BUNDLE or SSL_CERT_FILE if one is set.
//
// Threads: any; one download of a file at a time (the store's lock sees to it).

#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>

#include "engine/base/cancel.h"
#include "engine/base/result.h"

namespace fathom::completion {

struct DownloadOptions {
  std::string token;   // sent to the first host only, never after a redirect to another
  int timeout_s = 30;  // without a single byte
  std::string user_agent;
  CancelToken cancel;
  std::function<void(uint64_t done, uint64_t total)> progress;
};

struct RemoteFile {
  std::string url;
  std::string sha256;  // "": the server's, if it names one
};

/// What the server says of a file, after all redirects.
struct RemoteInfo {
  std::string tag;     // its own name for these very bytes; never empty
  std::string sha256;  // "": the server names none
  uint64_t size = 0;   // 0: the server does not say
};

/// Errors: not_found (404), invalid_argument (401, 403: a token is needed), io.
Result<RemoteInfo> look_up(const std::string& url, const DownloadOptions& options);

/// Errors: those of look_up; io (connection, stall, disk full: what is there is kept for the next
/// call), corrupt (another length or hash than announced: nothing is kept), cancelled (kept).
Status download(const RemoteFile& remote, const std::filesystem::path& file,
                const DownloadOptions& options);

}  // namespace fathom::completion
