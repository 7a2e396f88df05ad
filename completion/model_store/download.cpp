#include "completion/model_store/download.h"

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <memory>
#include <optional>
#include <system_error>

#include <curl/curl.h>
#include <unistd.h>

#include "engine/base/mapped_file.h"
#include "engine/base/sha256.h"

namespace fathom::completion {
namespace {

namespace fs = std::filesystem;

constexpr uint64_t kKeptFree = 256 << 20;  // bytes of disk that a download leaves alone

struct CurlCloser {
  void operator()(CURL* curl) const { curl_easy_cleanup(curl); }
};
using Curl = std::unique_ptr<CURL, CurlCloser>;

bool is_sha256(std::string_view text) {
  return text.size() == 64 && std::ranges::all_of(text, [](unsigned char c) {
           return std::isdigit(c) || (c >= 'a' && c <= 'f');
         });
}

/// What the header lines of one transfer said, over all redirects.
struct Headers {
  std::string etag;         // of the last response
  std::string linked_etag;  // Hugging Face's, of the file behind the redirect
  uint64_t linked_size = 0;

  void take(std::string_view line) {
    if (line.starts_with("HTTP/")) return etag.clear();
    const size_t colon = line.find(':');
    if (colon == std::string_view::npos) return;
    std::string name(line.substr(0, colon));
    std::ranges::transform(name, name.begin(), [](unsigned char c) { return std::tolower(c); });
    std::string value(line.substr(colon + 1));
    std::erase_if(value, [](char c) { return c == '"' || c == ' ' || c == '\r' || c == '\n'; });
    if (name == "etag") etag = value;
    if (name == "x-linked-etag") linked_etag = value;
    if (name == "x-linked-size") linked_size = std::strtoull(value.c_str(), nullptr, 10);
  }
  const std::string& tag() const { return linked_etag.empty() ? etag : linked_etag; }
};

size_t on_header(char* bytes, size_t size, size_t n, void* headers) {
  static_cast<Headers*>(headers)->take({bytes, size * n});
  return size * n;
}

int on_progress(void* cancel, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
  return static_cast<const CancelToken*>(cancel)->cancelled() ? 1 : 0;
}

const char* certificates() {
  for (const char* name : {"CURL_CA_BUNDLE", "SSL_CERT_FILE"})
    if (const char* file = std::getenv(name); file && *file) return file;
  return nullptr;
}

/// A transfer of `url` with everything set that all transfers share; `headers` must outlive it.
Result<Curl> prepare(const std::string& url, const DownloadOptions& options, Headers& headers) {
  Curl curl(curl_easy_init());
  if (!curl) return fail(ErrorCode::internal, "the download library cannot be started");
  CURL* c = curl.get();
  const bool is_https = url.starts_with("https://");
  // A mirror without TLS is the choice of whoever named it; a redirect may not leave TLS.
  const char* protocols = is_https ? "https" : "http,https";
  curl_easy_setopt(c, CURLOPT_URL, url.c_str());
  curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, protocols);
  curl_easy_setopt(c, CURLOPT_REDIR_PROTOCOLS_STR, protocols);
  curl_easy_setopt(c, CURLOPT_FOLLOWLOCATION, 1L);
  curl_easy_setopt(c, CURLOPT_MAXREDIRS, 8L);
  curl_easy_setopt(c, CURLOPT_FAILONERROR, 1L);
  curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT, static_cast<long>(options.timeout_s));
  curl_easy_setopt(c, CURLOPT_LOW_SPEED_LIMIT, 1L);
  curl_easy_setopt(c, CURLOPT_LOW_SPEED_TIME, static_cast<long>(options.timeout_s));
  curl_easy_setopt(c, CURLOPT_USERAGENT, options.user_agent.c_str());
  curl_easy_setopt(c, CURLOPT_HEADERFUNCTION, on_header);
  curl_easy_setopt(c, CURLOPT_HEADERDATA, &headers);
  curl_easy_setopt(c, CURLOPT_NOPROGRESS, 0L);
  curl_easy_setopt(c, CURLOPT_XFERINFOFUNCTION, on_progress);
  curl_easy_setopt(c, CURLOPT_XFERINFODATA, &options.cancel);
  if (const char* file = certificates()) curl_easy_setopt(c, CURLOPT_CAINFO, file);
  if (!options.token.empty() && is_https) {  // curl keeps it from other hosts
    curl_easy_setopt(c, CURLOPT_HTTPAUTH, CURLAUTH_BEARER);
    curl_easy_setopt(c, CURLOPT_XOAUTH2_BEARER, options.token.c_str());
  }
  return curl;
}

long status_of(const Curl& curl) {
  long status = 0;
  curl_easy_getinfo(curl.get(), CURLINFO_RESPONSE_CODE, &status);
  return status;
}

tl::unexpected<Error> refused(const std::string& url, long status) {
  if (status == 404) return fail(ErrorCode::not_found, "{}: is not there (HTTP 404)", url);
  if (status == 401 || status == 403) {
    return fail(
        ErrorCode::invalid_argument,
        "{}: the server wants to know who asks (HTTP {}); accept the model's licence on its "
        "page, make an access token there, and set HF_TOKEN to it",
        url, status);
  }
  return fail(ErrorCode::io, "{}: the server answers HTTP {}; try again later", url, status);
}

tl::unexpected<Error> failed(const std::string& url, const Curl& curl, CURLcode code,
                             const DownloadOptions& options) {
  constexpr std::string_view kResume = "run the command again: it goes on where it stopped";
  switch (code) {
    case CURLE_HTTP_RETURNED_ERROR:
      return refused(url, status_of(curl));
    case CURLE_ABORTED_BY_CALLBACK:
      return fail(ErrorCode::cancelled, "stopped; {}", kResume);
    case CURLE_OPERATION_TIMEDOUT:
      return fail(ErrorCode::io, "{}: not a byte for {} s; {}", url, options.timeout_s, kResume);
    case CURLE_PARTIAL_FILE:
    case CURLE_RECV_ERROR:
      return fail(ErrorCode::io, "{}: the connection ended early; {}", url, kResume);
    default:
      return fail(ErrorCode::io, "{}: {}; {}", url, curl_easy_strerror(code), kResume);
  }
}

/// FILE.part, and what it is a part of.
class Part final {
 public:
  explicit Part(const fs::path& file)
      : bytes_(file.string() + ".part"), of_(bytes_.string() + ".of") {}

  const fs::path& path() const { return bytes_; }

  /// How much of `info` is there already; forgets a part of anything else.
  uint64_t resume(const RemoteInfo& info) {
    std::error_code error;
    const auto known = read_text_file(of_, 4096);
    const uint64_t size = fs::file_size(bytes_, error);
    const bool is_same = known && *known == identity(info) && !error;
    if (is_same && (info.size == 0 || size <= info.size)) return size;
    forget();
    std::ofstream(of_) << identity(info);
    return 0;
  }
  void forget() const {
    std::error_code ignored;
    fs::remove(bytes_, ignored);
    fs::remove(of_, ignored);
  }

 private:
  static std::string identity(const RemoteInfo& info) {
    return fmt::format("{} {}\n", info.tag, info.size);
  }

  fs::path bytes_;
  fs::path of_;
};

Result<std::string> hash_file(const fs::path& path) {
  FATHOM_TRY(file, MappedFile::open(path));
  Sha256 hash;
  hash.update(file.bytes());
  return hash.finish();
}

/// Takes the body of a transfer.
struct Body {
  CURL* curl = nullptr;
  std::FILE* out = nullptr;
  uint64_t begin = 0;  // bytes that were there before
  uint64_t size = 0;   // bytes that are there now
  uint64_t expected = 0;
  bool started = false;
  bool too_long = false;
  bool disk_failed = false;
  const DownloadOptions* options = nullptr;
};

/// A server that does not know ranges answers 200 and sends everything again.
bool start(Body& body) {
  body.started = true;
  long status = 0;
  curl_easy_getinfo(body.curl, CURLINFO_RESPONSE_CODE, &status);
  if (body.begin == 0 || status == 206) return true;
  body.begin = body.size = 0;
  return ftruncate(fileno(body.out), 0) == 0;
}

size_t on_body(char* bytes, size_t size, size_t n, void* data) {
  Body& body = *static_cast<Body*>(data);
  if (!body.started && !start(body)) body.disk_failed = true;
  if (body.expected > 0 && body.size + size * n > body.expected) body.too_long = true;
  if (body.too_long || body.disk_failed) return 0;
  if (std::fwrite(bytes, size, n, body.out) != n) {
    body.disk_failed = true;
    return 0;
  }
  body.size += size * n;
  if (body.options->progress) body.options->progress(body.size, body.expected);
  return size * n;
}

Status check_space(const fs::path& folder, uint64_t needed) {
  std::error_code error;
  const fs::space_info space = fs::space(folder, error);
  if (error || needed < space.available - std::min<uint64_t>(space.available, kKeptFree)) return {};
  return fail(ErrorCode::io,
              "{}: the disk has {:.1f} GB left, {:.1f} GB are needed; make room, or let "
              "XDG_DATA_HOME name a folder on another disk",
              folder.string(), static_cast<double>(space.available) / 1e9,
              static_cast<double>(needed) / 1e9);
}

/// Appends to the part until it is whole.
Status fetch(const std::string& url, const Part& part, const RemoteInfo& info, uint64_t begin,
             const DownloadOptions& options) {
  Headers headers;
  FATHOM_TRY(curl, prepare(url, options, headers));
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> out(
      std::fopen(part.path().c_str(), begin > 0 ? "ab" : "wb"), std::fclose);
  if (!out) {
    return fail(ErrorCode::io, "{}: cannot be written: {}", part.path().string(),
                std::strerror(errno));
  }
  Body body = {.curl = curl.get(),
               .out = out.get(),
               .begin = begin,
               .size = begin,
               .expected = info.size,
               .options = &options};
  curl_easy_setopt(curl.get(), CURLOPT_WRITEFUNCTION, on_body);
  curl_easy_setopt(curl.get(), CURLOPT_WRITEDATA, &body);
  // Not as CURLOPT_RESUME_FROM: curl then takes a server without ranges for an error.
  const std::string range = fmt::format("{}-", begin);
  if (begin > 0) curl_easy_setopt(curl.get(), CURLOPT_RANGE, range.c_str());

  const CURLcode code = curl_easy_perform(curl.get());
  const bool is_flushed = std::fflush(out.get()) == 0;
  if (body.too_long || (code == CURLE_OK && headers.tag() != info.tag)) {
    part.forget();
    return fail(ErrorCode::corrupt, "{}: {}; run the command again", url,
                body.too_long ? "the server sends more than it announced"
                              : "the file changed on the server while it was downloaded");
  }
  if (body.disk_failed || !is_flushed)
    return fail(ErrorCode::io, "{}: cannot be written: {}", part.path().string(),
                std::strerror(errno));
  if (code != CURLE_OK) return failed(url, curl, code, options);
  return {};
}

Status verify(const std::string& url, const Part& part, const RemoteInfo& info,
              const std::string& sha256) {
  std::error_code error;
  const uint64_t size = fs::file_size(part.path(), error);
  if (!error && info.size > 0 && size != info.size) {
    part.forget();
    return fail(ErrorCode::corrupt, "{}: {} bytes came, {} were announced; run the command again",
                url, size, info.size);
  }
  if (sha256.empty()) return {};
  FATHOM_TRY(hash, hash_file(part.path()));
  if (hash == sha256) return {};
  part.forget();
  return fail(ErrorCode::corrupt,
              "{}: what came is not what was announced (SHA-256 {}, expected {}); run the command "
              "again",
              url, hash, sha256);
}

}  // namespace

Result<RemoteInfo> look_up(const std::string& url, const DownloadOptions& options) {
  Headers headers;
  FATHOM_TRY(curl, prepare(url, options, headers));
  curl_easy_setopt(curl.get(), CURLOPT_NOBODY, 1L);
  const CURLcode code = curl_easy_perform(curl.get());
  if (code != CURLE_OK) return failed(url, curl, code, options);
  curl_off_t length = -1;
  curl_easy_getinfo(curl.get(), CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &length);
  RemoteInfo info = {.tag = headers.tag(),
                     .sha256 = is_sha256(headers.tag()) ? headers.tag() : "",
                     .size = headers.linked_size};
  if (info.size == 0 && length > 0) info.size = static_cast<uint64_t>(length);
  if (info.tag.empty())
    return fail(ErrorCode::io, "{}: the server does not say which version it has (no ETag)", url);
  return info;
}

Status download(const RemoteFile& remote, const fs::path& file, const DownloadOptions& options) {
  FATHOM_TRY(info, look_up(remote.url, options));
  Part part(file);
  const uint64_t begin = part.resume(info);
  FATHOM_CHECK(check_space(file.parent_path(), info.size - std::min(info.size, begin)));
  if (info.size == 0 || begin < info.size)
    FATHOM_CHECK(fetch(remote.url, part, info, begin, options));
  FATHOM_CHECK(verify(remote.url, part, info, remote.sha256.empty() ? info.sha256 : remote.sha256));

  std::error_code error;
  fs::rename(part.path(), file, error);
  if (error)
    return fail(ErrorCode::io, "{}: cannot be written: {}", file.string(), error.message());
  part.forget();
  return {};
}

}  // namespace fathom::completion
