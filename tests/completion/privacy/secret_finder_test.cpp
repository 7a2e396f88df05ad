#include "completion/privacy/secret_finder.h"

#include <string>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "completion/privacy/secret_rules.h"

namespace fathom::completion {
namespace {

/// `n` characters of `alphabet` without a visible pattern. Secrets in this file are made, not
/// written, so that nobody who scans the sources finds one.
std::string noise(size_t n, std::string_view alphabet) {
  std::string text;
  uint32_t state = 12345;
  while (text.size() < n) {
    state = state * 1664525u + 1013904223u;
    text += alphabet[(state >> 8) % alphabet.size()];
  }
  return text;
}

constexpr std::string_view kUpper = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
constexpr std::string_view kHex = "0123456789abcdef";
constexpr std::string_view kLetters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
constexpr std::string_view kWord = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";

struct Example {
  std::string rule;
  std::string before;
  std::string secret;
  std::string after;
};

std::vector<Example> examples() {
  const auto word = [](size_t n) { return noise(n, kWord); };
  const auto hex = [](size_t n) { return noise(n, kHex); };
  return {
      {"aws-access-key", "key = '", "AKIA" + noise(16, kUpper), "'"},
      {"aws-secret-key", "aws_secret_access_key=", word(40), ""},
      {"github-token", "git clone https://", "ghp_" + word(36), "@github.com/a/b"},
      {"github-fine-grained-token", "", "github_pat_" + word(82), ";"},
      {"gitlab-token", "TOKEN: ", "glpat-" + word(20), ""},
      {"google-api-key", "f(\"", "AIza" + word(35), "\")"},
      {"google-oauth-secret", "", "GOCSPX-" + word(28), ""},
      {"azure-client-secret", "x=", "abc8Q~" + word(34), ""},
      {"azure-storage-key", "AccountName=a;AccountKey=", word(86) + "==", ";Suffix=b"},
      {"openai-key", "", "sk-" + word(20) + "T3BlbkFJ" + word(20), ""},
      {"openai-project-key", "", "sk-proj-" + word(60), ""},
      {"sk-ant-key", "", "sk-ant-api03-" + word(95), ""},
      {"deepseek-key", "key: ", "sk-" + hex(32), ""},
      {"huggingface-token", "login ", "hf_" + noise(34, kLetters), " --now"},
      {"slack-token", "", "xoxb-" + noise(40, "0123456789-abc"), ""},
      {"slack-webhook", "https://hooks.slack.com/services/", "T0A/B0B/" + word(40), ""},
      {"discord-webhook", "https://discord.com/api/webhooks/123/", word(68), ""},
      {"stripe-key", "", "sk_live_" + word(24), ""},
      {"npm-token", "//r/:_x=", "npm_" + word(36), ""},
      {"pypi-token", "", "pypi-AgE" + word(80), ""},
      {"rubygems-key", "", "rubygems_" + hex(48), ""},
      {"jwt", "Cookie: ", "eyJ" + word(20) + ".eyJ" + word(40) + "." + word(43), ""},
      {"sendgrid-key", "", "SG." + word(22) + "." + word(43), ""},
      {"mailgun-key", "", "key-" + hex(32), ""},
      {"twilio-key", "", "SK" + hex(32), ""},
      {"telegram-bot-token", "bot", "123456789:AA" + word(33), ""},
      {"digitalocean-token", "", "dop_v1_" + hex(64), ""},
      {"vault-token", "", "hvs." + word(95), ""},
      {"terraform-token", "", word(14) + ".atlasv1." + word(64), ""},
      {"databricks-token", "", "dapi" + hex(32), ""},
      {"grafana-token", "", "glsa_" + word(32) + "_" + hex(8), ""},
      {"sentry-token", "", "sntrys_" + word(80), ""},
      {"shopify-token", "", "shpat_" + hex(32), ""},
      {"atlassian-token", "", "ATATT3" + word(186), ""},
      {"onepassword-token", "", "ops_eyJ" + word(120), ""},
      {"age-key", "", "AGE-SECRET-KEY-1" + noise(58, "QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L"), ""},
      {"alibaba-key", "", "LTAI" + word(20), ""},
      {"postman-key", "", "PMAK-" + hex(24) + "-" + hex(34), ""},
      {"linear-key", "", "lin_api_" + word(40), ""},
      {"notion-token", "", "ntn_" + noise(11, "0123456789") + word(35), ""},
      {"flyio-token", "", "fo1_" + word(43), ""},
      {"pulumi-token", "", "pul-" + hex(40), ""},
      {"square-token", "", "sq0atp-" + word(22), ""},
      {"password-in-url", "postgres://admin:", "hunter2", "@db.example.org/x"},
      {"authorization-header", "-H 'Authorization: Bearer ", word(32), "'"},
      {"curl-user", "curl -s -u admin:", "s3cret-pass", " https://example.org"},
      {"generic", "const DB_PASSWORD = \"", "k9-vX2pQ7w" + word(12), "\";"},
      {"private-key", "-----BEGIN RSA PRIVATE KEY-----", "\n" + word(64) + "\n" + word(60) + "==\n",
       "-----END RSA PRIVATE KEY-----"},
  };
}

TEST(SecretFinder, FindsAnExampleOfEveryRule) {
  const SecretFinder finder;
  std::vector<std::string_view> shown;
  for (const Example& example : examples()) {
    const std::string text =
        "first line\n" + example.before + example.secret + example.after + "\nlast line\n";
    const size_t begin = 11 + example.before.size();
    const auto found = finder.find(text);
    ASSERT_EQ(found.size(), 1u) << example.rule << ": " << text;
    EXPECT_EQ(found[0], (Secret{found[0].rule, begin, begin + example.secret.size()}))
        << example.rule << " found as "
        << text.substr(found[0].begin, found[0].end - found[0].begin);
    EXPECT_EQ(found[0].rule, example.rule);
    shown.push_back(found[0].rule);
  }
  for (const SecretRule& rule : secret_rules())
    EXPECT_NE(std::find(shown.begin(), shown.end(), rule.name), shown.end()) << rule.name;
}

TEST(SecretFinder, LeavesOrdinaryCodeAlone) {
  const SecretFinder finder;
  for (const std::string_view text : {
           "std::string token = next_token(stream);",
           "const char* password_field = \"password\";",
           "auth = Authorization(\"bearer\")",
           "API_KEY = os.environ[\"API_KEY\"]",
           "url = \"https://example.org:8080/path\"",
           "url = f\"postgres://{user}:{password}@{host}/db\"",
           "secret: ${{ secrets.DEPLOY_KEY }}",
           "assert token_count == \"aaaaaaaaaa1\"",
           "-----BEGIN PUBLIC KEY-----\nMFwwDQYJKoZIhvcNAQEBBQADSwAwSAJBAK\n-----END PUBLIC "
           "KEY-----",
           "-----BEGIN PRIVATE KEY-----\n...\n-----END PRIVATE KEY-----",
           "git checkout 0123456789abcdef0123456789abcdef01234567",
           "uuid = \"123e4567-e89b-12d3-a456-426614174000\"",
           "AKIAEXAMPLE",
           "",
       }) {
    EXPECT_TRUE(finder.find(text).empty()) << text;
  }
}

TEST(SecretFinder, FindsEverySecretOfALineAndOfALongLine) {
  const SecretFinder finder;
  const std::string a = "ghp_" + noise(36, kWord);
  const std::string b = "AKIA" + noise(16, kUpper);
  EXPECT_EQ(finder.find(a + " " + b + " " + a).size(), 3u);

  std::string minified(100'000, ';');
  minified += a + ";" + std::string(5000, 'x') + ";" + b;
  EXPECT_EQ(finder.find(minified).size(), 2u);
}

TEST(SecretFinder, TakesAnyBytes) {
  const SecretFinder finder;
  const std::string secret = "ghp_" + noise(36, kWord);
  const auto found = finder.find("\xff\xfe" + secret + "\x80\xc3");
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].begin, 2u);
  std::string all;
  for (int i = 0; i < 256; ++i) all += fmt::format("token{}", static_cast<char>(i));
  finder.find(all);
}

TEST(SecretFinder, MasksWithoutMovingAnything) {
  const std::string secret = "ghp_" + noise(36, kWord);
  const std::string text = "a\n" + secret + "\nb";
  const std::string masked = with_secrets_masked(text, SecretFinder().find(text));
  EXPECT_EQ(masked, "a\n" + std::string(40, '*') + "\nb");
}

TEST(SecretFinder, KnowsWhatATextWouldAdd) {
  const SecretFinder finder;
  const std::string secret = "ghp_" + noise(36, kWord);
  const std::string line = "token = ";
  EXPECT_TRUE(adds_secret(line, line.size(), secret, finder));
  EXPECT_TRUE(adds_secret(line + secret.substr(0, 10), line.size() + 10, secret.substr(10), finder))
      << "completed";
  EXPECT_FALSE(adds_secret(secret + "\n" + line, secret.size() + 1 + line.size(), secret, finder))
      << "there already";
  EXPECT_FALSE(adds_secret(secret + " + ", secret.size() + 3, "b;", finder)) << "left of it";
  EXPECT_FALSE(adds_secret("", 0, "return a;", finder));
}

}  // namespace
}  // namespace fathom::completion
