#include "completion/privacy/secret_files.h"

#include <algorithm>
#include <cctype>
#include <string>

#include "completion/syntax/words.h"

namespace fathom::completion {
namespace {

constexpr std::string_view kNames =
    ".env .envrc .netrc _netrc .npmrc .pypirc .htpasswd .pgpass .my.cnf .git-credentials .dev.vars "
    "credentials credentials.json credentials.toml service-account.json id_rsa id_dsa id_ecdsa "
    "id_ed25519 secrets.yml secrets.yaml secrets.json secrets.toml master.key terraform.tfstate "
    "wp-config.php";
constexpr std::string_view kExtensions =
    "pem key p8 p12 pfx jks keystore crt cert cer der asc gpg kdbx ppk tfvars ovpn";
constexpr std::string_view kFolders = ".ssh .gnupg .aws .azure .kube .docker";

}  // namespace

bool is_secret_file(std::string_view path) {
  std::string lower(path);
  std::transform(lower.begin(), lower.end(), lower.begin(), [](unsigned char byte) {
    return static_cast<char>(byte < 0x80 ? std::tolower(byte) : byte);
  });
  std::replace(lower.begin(), lower.end(), '\\', '/');

  const std::string_view all = lower;
  const size_t slash = all.rfind('/');
  const std::string_view name = all.substr(slash + 1);  // npos + 1 is 0
  if (contains_word(kNames, name) || name.starts_with(".env.")) return true;
  const size_t dot = name.rfind('.');
  if (dot != std::string_view::npos && contains_word(kExtensions, name.substr(dot + 1)))
    return true;

  if (slash == std::string_view::npos) return false;
  const std::string_view parents = all.substr(0, slash);
  return contains_word(kFolders, parents.substr(parents.rfind('/') + 1));
}

}  // namespace fathom::completion
