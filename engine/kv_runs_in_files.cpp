#include "engine/kv_runs_in_files.h"

#include <algorithm>
#include <cstring>
#include <fstream>
#include <system_error>
#include <utility>

#include "engine/base/atomic_file.h"
#include "engine/base/sha256.h"
#include "engine/base/user_paths.h"

namespace fathom::engine {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kMagic = "fathomK1";
constexpr std::string_view kSuffix = ".rows";
constexpr size_t kDigits = 64;            // of a SHA-256
constexpr size_t kDigitsOfIdentity = 16;  // in a name
constexpr size_t kDigitsOfText = 32;
constexpr size_t kCountsAt = kMagic.size() + kDigits;
constexpr size_t kTokensAt = kCountsAt + 2 * sizeof(uint32_t);
constexpr uint32_t kMostTokens = 1 << 24;  // of a text
// A folder of so many files is listed and searched in milliseconds. Small ones count as more bytes
// than they have, so that there are no more.
constexpr uint64_t kMostFiles = 4096;
// How much of the limit is freed at once, and is written before others' files are counted again.
constexpr uint64_t kPartFreed = 16;

struct File {
  fs::path path;
  uint64_t size_bytes = 0;
  fs::file_time_type used;
};

/// The files that are runs, of whatever model, or were to become runs; used last comes first.
std::vector<File> files_in(const fs::path& folder) {
  std::vector<File> files;
  std::error_code error;
  for (fs::directory_iterator it(folder, error), end; !error && it != end; it.increment(error)) {
    const fs::path extension = it->path().extension();
    if (extension != kSuffix && extension != ".part") continue;
    std::error_code gone;
    if (it->symlink_status(gone).type() != fs::file_type::regular) continue;
    File file = {it->path(), it->file_size(gone), it->last_write_time(gone)};
    if (!gone) files.push_back(std::move(file));
  }
  std::ranges::sort(files, std::ranges::greater(), &File::used);
  return files;
}

void note_use(const fs::path& file, std::error_code& error) {
  fs::last_write_time(file, fs::file_time_type::clock::now(), error);
}

std::string sha256(std::string_view head, std::span<const float> rows = {}) {
  Sha256 hash;
  hash.update(std::as_bytes(std::span(head)));
  hash.update(std::as_bytes(rows));
  return hash.finish();
}

void append(std::string& text, std::span<const std::byte> bytes) {
  text.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
}

template <class T>
bool read_into(std::ifstream& file, std::span<T> values) {
  const auto n = static_cast<std::streamsize>(values.size_bytes());
  file.read(reinterpret_cast<char*>(values.data()), n);
  return file.gcount() == n;
}

}  // namespace

KvRunsInFiles::KvRunsInFiles(KvFolder folder, size_t words_per_token)
    : folder_(std::move(folder)), words_per_token_(words_per_token) {
  make_room(1);
  int n_damaged = 0;
  for (const File& file : files_in(folder_.path)) {
    const std::string name = file.path.filename();
    if (!is_own(name)) continue;
    if (std::optional<KvRun> run = read(name, nullptr)) {
      all_.push_back(std::move(*run));
    } else {
      remove(name);
      ++n_damaged;
    }
  }
  if (n_damaged > 0)
    folder_.log->info("{}: {} damaged files removed", folder_.path.string(), n_damaged);
}

uint64_t KvRunsInFiles::room_bytes() const {
  return folder_.limit_bytes - folder_.limit_bytes / kPartFreed * 2;
}

// Writing.

std::string KvRunsInFiles::head_of(const KvRun& run) const {
  std::string head(kMagic);
  head += folder_.identity;
  const uint32_t counts[] = {static_cast<uint32_t>(run.text.size()),
                             static_cast<uint32_t>(run.first)};
  append(head, std::as_bytes(std::span(counts)));
  append(head, std::as_bytes(std::span(run.text)));
  return head;
}

std::string KvRunsInFiles::name_of(std::string_view head_digest) const {
  return fmt::format("{}-{}{}", folder_.identity.substr(0, kDigitsOfIdentity),
                     head_digest.substr(0, kDigitsOfText), kSuffix);
}

bool KvRunsInFiles::is_own(std::string_view name) const {
  return name.ends_with(kSuffix) &&
         name.starts_with(folder_.identity.substr(0, kDigitsOfIdentity) + "-");
}

void KvRunsInFiles::add(KvRun run) {
  if (!is_writable_) return;
  const std::string head = head_of(run), head_digest = sha256(head);
  make_room(head.size() + 2 * kDigits + run.rows.size() * sizeof(float));
  if (const Status written = write(run, head, head_digest); !written) {
    folder_.log->warning("prompts are not kept for later: {}", written.error().message);
    is_writable_ = false;
    return;
  }
  run.file = name_of(head_digest);
  run.rows = {};
  all_.push_front(std::move(run));
}

Status KvRunsInFiles::write(const KvRun& run, std::string_view head,
                            std::string_view head_digest) const {
  const std::string digest = sha256(head_digest, run.rows);
  if (head_digest.empty() || digest.empty())
    return fail(ErrorCode::internal, "OpenSSL computes no SHA-256");
  make_private_folder(folder_.path);
  FATHOM_TRY(file,
             AtomicFile::create(folder_.path / name_of(head_digest), AtomicFile::Readers::owner));
  FATHOM_CHECK(file.write(std::as_bytes(std::span(head))));
  FATHOM_CHECK(file.write(std::as_bytes(std::span(head_digest))));
  FATHOM_CHECK(file.write(std::as_bytes(std::span(run.rows))));
  FATHOM_CHECK(file.write(std::as_bytes(std::span(digest))));
  return file.commit_soon();
}

/// Removes what was used least recently, of whatever model, until there is room.
void KvRunsInFiles::make_room(uint64_t n_bytes) {
  const auto counted = [&](uint64_t size_bytes) {
    return std::max(size_bytes, folder_.limit_bytes / kMostFiles);
  };
  n_bytes = counted(n_bytes);
  if (n_bytes <= unchecked_bytes_) {
    unchecked_bytes_ -= n_bytes;
    return;
  }
  std::vector<File> files = files_in(folder_.path);
  uint64_t size_bytes = 0;
  for (const File& file : files) size_bytes += counted(file.size_bytes);
  const uint64_t free_bytes = std::max(n_bytes, folder_.limit_bytes / kPartFreed);
  for (; !files.empty() && size_bytes + free_bytes > folder_.limit_bytes; files.pop_back()) {
    size_bytes -= counted(files.back().size_bytes);
    remove(files.back().path.filename());
  }
  unchecked_bytes_ = free_bytes - n_bytes;
}

void KvRunsInFiles::remove(const std::string& name) {
  std::error_code error;  // somebody else has removed it, or nobody can
  fs::remove(folder_.path / name, error);
  std::erase_if(all_, [&](const KvRun& run) { return run.file == name; });
}

void KvRunsInFiles::clear() {
  while (!all_.empty()) remove(std::string(all_.front().file));
}

// Reading.

/// A run and, if they are asked for, its rows; nothing: the file is not what it should be.
std::optional<KvRun> KvRunsInFiles::read(const std::string& name, std::vector<float>* rows) const {
  std::error_code error;
  const fs::path path = folder_.path / name;
  if (fs::symlink_status(path, error).type() != fs::file_type::regular) return std::nullopt;
  const uint64_t size = fs::file_size(path, error);
  std::ifstream file(path, std::ios::binary);
  std::string head(kTokensAt, '\0');
  if (error || !read_into(file, std::span(head))) return std::nullopt;
  uint32_t counts[2];
  std::memcpy(counts, head.data() + kCountsAt, sizeof(counts));
  const auto [n_text, first] = counts;
  if (n_text > kMostTokens || first >= n_text || size > folder_.limit_bytes) return std::nullopt;
  const uint64_t n_words = uint64_t{n_text - first} * words_per_token_;
  if (size != kTokensAt + n_text * sizeof(TokenId) + n_words * sizeof(float) + 2 * kDigits)
    return std::nullopt;

  KvRun run = {.text = std::vector<TokenId>(n_text),
               .first = static_cast<int>(first),
               .rows = {},
               .file = name};
  std::string head_digest(kDigits, '\0'), digest(kDigits, '\0');
  if (!read_into(file, std::span(run.text)) || !read_into(file, std::span(head_digest)))
    return std::nullopt;
  const std::string expected = head_of(run);
  if (!expected.starts_with(head) || sha256(expected) != head_digest ||
      name_of(head_digest) != name)
    return std::nullopt;
  if (rows == nullptr) return run;
  rows->resize(n_words);
  if (!read_into(file, std::span(*rows)) || !read_into(file, std::span(digest)) ||
      sha256(head_digest, *rows) != digest)
    return std::nullopt;
  return run;
}

std::span<const float> KvRunsInFiles::rows_of(Runs::const_iterator run) {
  const std::string name = run->file;
  if (read(name, &rows_)) return rows_;
  std::error_code error;
  if (fs::exists(folder_.path / name, error))
    folder_.log->info("{}: a damaged file removed", folder_.path.string());
  remove(name);
  return {};
}

bool KvRunsInFiles::use(Runs::const_iterator run) {
  std::error_code error;
  note_use(folder_.path / run->file, error);
  if (error == std::errc::no_such_file_or_directory) {
    remove(std::string(run->file));
    return false;
  }
  all_.splice(all_.begin(), all_, run);
  return true;
}

}  // namespace fathom::engine
