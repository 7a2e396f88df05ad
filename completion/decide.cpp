#include "completion/decide.h"

#include <algorithm>
#include <string>

#include "completion/lines.h"
#include "completion/syntax/words.h"

namespace fathom::completion {
namespace {

constexpr std::ptrdiff_t kMaxBehindCursor = 8;  // as llama.vim; closers are not counted

constexpr std::string_view kSecretNames =
    ".env .envrc .netrc _netrc .npmrc .pypirc .htpasswd .pgpass .git-credentials .dev.vars "
    "credentials credentials.json id_rsa id_dsa id_ecdsa id_ed25519 secrets.yml secrets.yaml "
    "secrets.json secrets.toml";
constexpr std::string_view kSecretExtensions =
    "pem key p8 p12 pfx jks keystore crt cert cer der asc gpg kdbx ppk";

}  // namespace

bool is_secret_file(std::string_view path) {
  std::string name(path.substr(path.find_last_of("/\\") + 1));  // npos + 1 is 0
  std::transform(name.begin(), name.end(), name.begin(),
                 [](unsigned char byte) { return byte < 0x80 ? std::tolower(byte) : byte; });
  if (contains_word(kSecretNames, name) || name.starts_with(".env.")) return true;
  const size_t dot = name.rfind('.');
  return dot != std::string::npos &&
         contains_word(kSecretExtensions, std::string_view(name).substr(dot + 1));
}

std::string_view forbidden_by(const Snapshot& snapshot, size_t cursor, Trigger trigger) {
  if (is_secret_file(snapshot.path) || is_secret_file(snapshot.uri)) return "secret_file";
  const std::string_view text = snapshot.text;
  const bool in_line_end =
      cursor > 0 && cursor < text.size() && text[cursor - 1] == '\r' && text[cursor] == '\n';
  if (in_line_end) return "position";
  if (trigger == Trigger::invoked) return {};

  const std::string_view rest = text.substr(cursor, line_end(text, cursor) - cursor);
  if (!rest.empty() && is_word_byte(rest[0]) && cursor > 0 && is_word_byte(text[cursor - 1])) {
    return "mid_word";
  }
  const auto n_behind = std::count_if(rest.begin(), rest.end(), [](char byte) {
    return !is_closer(byte) && byte != ' ' && byte != '\t' && byte != ';' && byte != ',';
  });
  return n_behind > kMaxBehindCursor ? "mid_line" : std::string_view();
}

}  // namespace fathom::completion
