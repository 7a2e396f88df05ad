#include "completion/privacy/secret_rules.h"

namespace fathom::completion {
namespace {

constexpr SecretRule kRules[] = {
    {"aws-access-key", "akia asia abia acca", R"(\b(?:AKIA|ASIA|ABIA|ACCA)[A-Z2-7]{16}\b)", 3.0},
    {"aws-secret-key", "aws", R"((?i)aws.{0,40}?['"=:\s]\K[A-Za-z0-9/+]{40}(?=['"\s]|$))", 4.0},
    {"github-token", "ghp_ gho_ ghu_ ghs_ ghr_", R"(\bgh[pousr]_[A-Za-z0-9]{36,251}\b)", 3.0},
    {"github-fine-grained-token", "github_pat_", R"(\bgithub_pat_\w{82}\b)", 3.0},
    {"gitlab-token", "glpat- glrt- gldt- glcbt- glptt- glsoat-",
     R"(\bgl(?:pat|rt|dt|cbt|ptt|soat)-[\w.-]{20,64})", 3.0},
    {"google-api-key", "aiza", R"(\bAIza[\w-]{35}(?![\w-]))", 3.5},
    {"google-oauth-secret", "gocspx-", R"(\bGOCSPX-[\w-]{28}(?![\w-]))", 3.0},
    {"azure-client-secret", "q~", R"([A-Za-z0-9_~.]{3}\dQ~[A-Za-z0-9_~.-]{31,34})", 3.0},
    {"azure-storage-key", "accountkey", R"((?i)AccountKey=\K[A-Za-z0-9+/]{86}==)", 3.0},
    {"openai-key", "t3blbkfj", R"(\bsk-[\w-]{16,100}T3BlbkFJ[\w-]{16,100})", 3.0},
    {"openai-project-key", "sk-proj- sk-svcacct- sk-admin-",
     R"(\bsk-(?:proj|svcacct|admin)-[\w-]{40,200})", 3.0},
    {"sk-ant-key", "sk-ant-", R"(\bsk-ant-(?:api|admin|oat)\d{2}-[\w-]{80,120})", 3.0},
    {"deepseek-key", "sk-", R"(\bsk-[0-9a-f]{32}\b)", 2.5},
    {"huggingface-token", "hf_", R"(\b(?:hf|api_org)_[A-Za-z]{34}\b)", 2.0},
    {"slack-token", "xoxb- xoxp- xoxa- xoxe- xoxr- xoxs- xapp-",
     R"(\b(?:xox[abeprs]|xapp|xoxe\.xox[bp])-[\w-]{10,250})", 2.0},
    {"slack-webhook", "hooks.slack.com",
     R"(hooks\.slack\.com/(?:services|workflows|triggers)/\K[A-Za-z0-9+/]{40,60})", 2.0},
    {"discord-webhook", "discord", R"(discord(?:app)?\.com/api/webhooks/\d+/\K[\w-]{60,80})", 3.0},
    {"stripe-key", "sk_live rk_live sk_test rk_test sk_prod rk_prod whsec_",
     R"(\b(?:(?:sk|rk)_(?:live|test|prod)|whsec)_[A-Za-z0-9]{10,99}\b)", 2.0},
    {"npm-token", "npm_", R"(\bnpm_[A-Za-z0-9]{36}\b)", 2.0},
    {"pypi-token", "pypi-", R"(\bpypi-AgE[\w-]{50,1000})", 3.0},
    {"rubygems-key", "rubygems_", R"(\brubygems_[0-9a-f]{48}\b)", 2.0},
    {"jwt", "eyj", R"(\beyJ[\w-]{14,}\.eyJ[\w-]{14,}\.[\w-]{10,})", 3.0},
    {"sendgrid-key", "sg.", R"(\bSG\.[\w-]{22}\.[\w-]{43}(?![\w-]))", 2.0},
    {"mailgun-key", "key-", R"(\bkey-[0-9a-f]{32}\b)", 2.5},
    {"twilio-key", "sk", R"(\bSK[0-9a-f]{32}\b)", 3.0},
    {"telegram-bot-token", ":aa", R"((?<!\d)\d{8,10}:AA[\w-]{33}(?![\w-]))", 3.0},
    {"digitalocean-token", "dop_v1_ doo_v1_ dor_v1_", R"(\bdo[opr]_v1_[0-9a-f]{64}\b)", 3.0},
    {"vault-token", "hvs. hvb.", R"(\bhv[sb]\.[\w-]{90,300})", 3.0},
    {"terraform-token", ".atlasv1.", R"(\b[A-Za-z0-9]{14}\.atlasv1\.[\w=-]{60,70})", 3.5},
    {"databricks-token", "dapi", R"(\bdapi[0-9a-f]{32}(?:-\d)?\b)", 3.0},
    {"grafana-token", "glsa_ glc_", R"(\bgl(?:sa_[A-Za-z0-9]{32}_[0-9a-f]{8}|c_[\w+/=]{32,400}))",
     3.0},
    {"sentry-token", "sntrys_ sntryu_", R"(\bsntry[su]_[\w+/=-]{60,400})", 3.5},
    {"shopify-token", "shpat_ shpca_ shppa_ shpss_", R"(\bshp(?:at|ca|pa|ss)_[0-9a-fA-F]{32}\b)",
     2.0},
    {"atlassian-token", "atatt3", R"(\bATATT3[\w=-]{180,200})", 3.5},
    {"onepassword-token", "ops_eyj", R"(\bops_eyJ[\w+/=-]{100,})", 4.0},
    {"age-key", "age-secret-key-1", R"(\bAGE-SECRET-KEY-1[02-9AC-HJ-NP-Z]{58}\b)", 3.0},
    {"alibaba-key", "ltai", R"(\bLTAI[A-Za-z0-9]{17,21}\b)", 3.0},
    {"postman-key", "pmak-", R"(\bPMAK-[0-9a-f]{24}-[0-9a-f]{34}\b)", 3.0},
    {"linear-key", "lin_api_", R"(\blin_api_[A-Za-z0-9]{40}\b)", 2.0},
    {"notion-token", "ntn_", R"(\bntn_\d{11}[A-Za-z0-9]{32,40}\b)", 3.0},
    {"flyio-token", "fm1r_ fm2_ fo1_",
     R"(\b(?:fo1_[\w-]{43}|fm1[ar]_[\w+/=-]{100,}|fm2_[\w+/=-]{100,}))", 3.0},
    {"pulumi-token", "pul-", R"(\bpul-[0-9a-f]{40}\b)", 2.0},
    {"square-token", "sq0atp- sq0csp- eaaa", R"(\b(?:sq0(?:atp|csp)-|EAAA)[\w-]{22,60})", 3.0},
    {"password-in-url", "://",
     R"(\b[a-z][a-z0-9+.-]{1,20}://[^\s/:@'"]{1,64}:\K[^\s/:@'"${}<>%]{3,128}(?=@[\w.-]))", 1.5},
    {"authorization-header", "authorization",
     R"((?i)authorization['"]?\s*[:=]\s*['"]?(?:bearer|basic|token)\s+\K[\w.~+/=-]{16,})", 3.0},
    {"curl-user", "curl",
     R"(\bcurl\b.{0,200}?\s(?:-u|--user)[\s=]+['"]?[\w.@-]{1,64}:\K[^\s'"$]{3,128})", 2.0},
    // Anything that is called a secret and is a literal that looks random. The two lookaheads want
    // a digit and a letter: names of things ("access_token_url") have no digits.
    {"generic",
     "secret passw pwd token apikey api_key api-key auth credential access_key access-key",
     R"((?i)(?:secret|passw(?:or)?d|pwd|token|api[_-]?key|auth|credentials?|access[_-]?key)[\w-]{0,30})"
     R"(['"]?\]?\s{0,4}(?:=>|:=|[=:,(])\s{0,4}[rbf]?['"]\K)"
     R"((?=[^'"]{0,150}\d)(?=[^'"]{0,150}[a-z])[\w.~!@#%^*+/=-]{10,150}(?=['"]))",
     3.5},
};

}  // namespace

std::span<const SecretRule> secret_rules() { return kRules; }

}  // namespace fathom::completion
