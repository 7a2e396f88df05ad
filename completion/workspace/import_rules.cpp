#include "completion/workspace/import_rules.h"

namespace fathom::completion {
namespace {

using Form = ImportForm;

constexpr ImportRule kRules[] = {
    {"c", Form::quoted, "#include", "", "", ""},
    {"cpp", Form::quoted, "#include", "", "", ""},
    {"python", Form::python, "", ".py .pyi /__init__.py", ".", ""},
    {"javascript", Form::script, "", ".js .jsx .ts .tsx .mjs .cjs /index.js /index.ts", "", ""},
    {"typescript", Form::script, "", ".ts .tsx .d.ts .js .jsx /index.ts /index.tsx /index.js", "",
     ""},
    {"tsx", Form::script, "", ".tsx .ts .d.ts .js .jsx /index.ts /index.tsx /index.js", "", ""},
    {"go", Form::go, "", "", "", ""},
    {"rust", Form::rust, "", ".rs /mod.rs /lib.rs", "::", ""},
    {"java", Form::dotted, "import", ".java", ".", "package"},
    {"kotlin", Form::dotted, "import", ".kt .java", ".", "package"},
    {"scala", Form::dotted, "import", ".scala", ".", "package"},
    {"csharp", Form::dotted, "using", "", ".", "namespace"},
    {"php", Form::namespaces, "require require_once include include_once", ".php", "\\",
     "namespace"},
    {"ruby", Form::quoted, "require require_relative load autoload", ".rb", "", ""},
    {"lua", Form::quoted, "require dofile", ".lua /init.lua", ".", ""},
    {"bash", Form::quoted, "source .", "", "", ""},
    {"zig", Form::quoted, "@import", "", "", ""},
};

}  // namespace

const ImportRule* import_rule_of(const Language& language) {
  for (const ImportRule& rule : kRules)
    if (rule.language == language.name) return &rule;
  return nullptr;
}

}  // namespace fathom::completion
