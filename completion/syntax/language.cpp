#include "completion/syntax/language.h"

#include "completion/syntax/words.h"

extern "C" {
const TSLanguage* tree_sitter_bash();
const TSLanguage* tree_sitter_c();
const TSLanguage* tree_sitter_c_sharp();
const TSLanguage* tree_sitter_cpp();
const TSLanguage* tree_sitter_css();
const TSLanguage* tree_sitter_go();
const TSLanguage* tree_sitter_html();
const TSLanguage* tree_sitter_java();
const TSLanguage* tree_sitter_javascript();
const TSLanguage* tree_sitter_json();
const TSLanguage* tree_sitter_kotlin();
const TSLanguage* tree_sitter_lua();
const TSLanguage* tree_sitter_php();
const TSLanguage* tree_sitter_python();
const TSLanguage* tree_sitter_ruby();
const TSLanguage* tree_sitter_rust();
const TSLanguage* tree_sitter_scala();
const TSLanguage* tree_sitter_swift();
const TSLanguage* tree_sitter_toml();
const TSLanguage* tree_sitter_tsx();
const TSLanguage* tree_sitter_typescript();
const TSLanguage* tree_sitter_yaml();
const TSLanguage* tree_sitter_zig();
}

namespace fathom::completion {
namespace {

constexpr std::string_view kRoundSquareCurly = "{ } ( ) [ ]";

// Include guards are open in the middle of nearly every header.
constexpr std::string_view kCBrackets = "{ } ( ) [ ] #if #endif #ifdef #endif #ifndef #endif";
constexpr std::string_view kScriptBrackets = "{ } ( ) [ ] ${ }";

constexpr std::string_view kScriptOpeners =
    "{ statement_block { class_body { switch_body { interface_body { object_type { enum_body "
    "{ ERROR";
constexpr std::string_view kTypeScriptDeclarations =
    "function_declaration generator_function_declaration class_declaration method_definition "
    "lexical_declaration variable_declaration public_field_definition interface_declaration "
    "type_alias_declaration enum_declaration internal_module abstract_class_declaration "
    "function_signature method_signature abstract_method_signature property_signature";

constexpr Language kLanguages[] = {
    {
        .name = "c",
        .chat_name = "cpp",
        .lsp_ids = "c objective-c",
        .extensions = "c",
        .grammar = tree_sitter_c,
        .line_comment = "//",
        .elided_body = ";",
        .brackets = kCBrackets,
        .block_openers = "{ compound_statement { field_declaration_list { enumerator_list "
                         "{ ERROR",
        .imports = "preproc_include",
        .declarations = "function_definition struct_specifier union_specifier enum_specifier "
                        "type_definition declaration field_declaration preproc_def "
                        "preproc_function_def",
        .functions = "function_definition",
        .wrappers = "preproc_ifdef preproc_if linkage_specification declaration_list",
    },
    {
        .name = "cpp",
        .chat_name = "cpp",
        .lsp_ids = "cpp c++ cuda cuda-cpp objective-cpp",
        .extensions = "cpp cc cxx c++ h hh hpp hxx h++ inl ipp tpp cu cuh",
        .grammar = tree_sitter_cpp,
        .line_comment = "//",
        .elided_body = ";",
        .brackets = kCBrackets,
        .block_openers = "{ compound_statement { field_declaration_list { enumerator_list "
                         "{ ERROR",
        .imports = "preproc_include",
        .declarations = "function_definition class_specifier struct_specifier union_specifier "
                        "enum_specifier namespace_definition type_definition alias_declaration "
                        "using_declaration declaration field_declaration preproc_def "
                        "preproc_function_def",
        .functions = "function_definition",
        .decorations = "template_declaration",
        .wrappers = "preproc_ifdef preproc_if linkage_specification declaration_list",
    },
    {
        .name = "python",
        .chat_name = "python",
        .lsp_ids = "python",
        .extensions = "py pyi pyw",
        .grammar = tree_sitter_python,
        .line_comment = "#",
        .elided_body = " ...",
        .indented_blocks = true,
        .brackets = kRoundSquareCurly,
        .string_marks = "string_start string_end",
        .block_openers = ": function_definition : class_definition : if_statement : elif_clause "
                         ": else_clause : for_statement : while_statement : try_statement "
                         ": except_clause : finally_clause : with_statement : match_statement "
                         ": case_clause : ERROR",
        .header_words = "def class if elif else for while try except finally with async match case",
        .imports = "import_statement import_from_statement future_import_statement",
        .declarations = "function_definition class_definition",
        .functions = "function_definition",
        .decorations = "decorated_definition",
        .symbols = "assignment",
    },
    {
        .name = "javascript",
        .chat_name = "typescript",
        .lsp_ids = "javascript javascriptreact",
        .extensions = "js jsx mjs cjs",
        .grammar = tree_sitter_javascript,
        .line_comment = "//",
        .elided_body = " {}",
        .brackets = kScriptBrackets,
        .block_openers = "{ statement_block { class_body { switch_body { ERROR",
        .imports = "import_statement",
        .declarations = "function_declaration generator_function_declaration class_declaration "
                        "method_definition lexical_declaration variable_declaration "
                        "field_definition",
        .functions = "function_declaration generator_function_declaration method_definition",
        .decorations = "export_statement",
    },
    {
        .name = "typescript",
        .chat_name = "typescript",
        .lsp_ids = "typescript",
        .extensions = "ts mts cts",
        .grammar = tree_sitter_typescript,
        .line_comment = "//",
        .elided_body = ";",
        .brackets = kScriptBrackets,
        .block_openers = kScriptOpeners,
        .imports = "import_statement",
        .declarations = kTypeScriptDeclarations,
        .functions = "function_declaration generator_function_declaration method_definition",
        .decorations = "export_statement ambient_declaration",
        .wrappers = "expression_statement",
    },
    {
        .name = "tsx",
        .chat_name = "typescript",
        .lsp_ids = "typescriptreact",
        .extensions = "tsx",
        .grammar = tree_sitter_tsx,
        .line_comment = "//",
        .elided_body = ";",
        .brackets = kScriptBrackets,
        .block_openers = kScriptOpeners,
        .imports = "import_statement",
        .declarations = kTypeScriptDeclarations,
        .functions = "function_declaration generator_function_declaration method_definition",
        .decorations = "export_statement ambient_declaration",
        .wrappers = "expression_statement",
    },
    {
        .name = "go",
        .chat_name = "go",
        .lsp_ids = "go",
        .extensions = "go",
        .grammar = tree_sitter_go,
        .line_comment = "//",
        .brackets = kRoundSquareCurly,
        .block_openers = "{ block { field_declaration_list { interface_type "
                         "{ expression_switch_statement { type_switch_statement "
                         "{ select_statement { ERROR",
        .imports = "package_clause import_declaration",
        .declarations = "function_declaration method_declaration type_declaration "
                        "const_declaration var_declaration",
        .functions = "function_declaration method_declaration",
    },
    {
        .name = "rust",
        .chat_name = "rust",
        .lsp_ids = "rust",
        .extensions = "rs",
        .grammar = tree_sitter_rust,
        .line_comment = "//",
        .elided_body = ";",
        .brackets = kRoundSquareCurly,
        .block_openers = "{ block { declaration_list { field_declaration_list "
                         "{ enum_variant_list { match_block { ERROR",
        .imports = "use_declaration extern_crate_declaration",
        .declarations = "function_item impl_item trait_item mod_item struct_item enum_item "
                        "union_item type_item const_item static_item macro_definition "
                        "function_signature_item field_declaration",
        .functions = "function_item",
    },
    {
        .name = "java",
        .chat_name = "java",
        .lsp_ids = "java",
        .extensions = "java",
        .grammar = tree_sitter_java,
        .line_comment = "//",
        .elided_body = ";",
        .brackets = kRoundSquareCurly,
        .block_openers = "{ block { class_body { interface_body { enum_body { constructor_body "
                         "{ switch_block { ERROR",
        .imports = "package_declaration import_declaration",
        .declarations = "class_declaration interface_declaration enum_declaration "
                        "record_declaration method_declaration constructor_declaration "
                        "field_declaration",
        .functions = "method_declaration constructor_declaration",
    },
    {
        .name = "lua",
        .chat_name = "lua",
        .lsp_ids = "lua",
        .extensions = "lua",
        .grammar = tree_sitter_lua,
        .line_comment = "--",
        .elided_body = " end",
        // "then elseif": the elseif closes the branch before it and its own "then" opens the next.
        .brackets = "{ } ( ) [ ] function end do end then end then elseif repeat until",
        .block_openers = "then if_statement then elseif_statement else else_statement "
                         "do while_statement do for_statement do do_statement "
                         "repeat repeat_statement ) parameters then ERROR else ERROR do ERROR "
                         "repeat ERROR",
        .header_words = "if elseif else while for do repeat function local",
        .declarations = "function_declaration variable_declaration",
        .functions = "function_declaration",
        .symbols = "assignment_statement",
    },
    {
        .name = "csharp",
        .chat_name = "csharp",
        .lsp_ids = "csharp cs",
        .extensions = "cs csx",
        .grammar = tree_sitter_c_sharp,
        .line_comment = "//",
        .elided_body = ";",
        .brackets = kRoundSquareCurly,
        .block_openers = "{ block { declaration_list { enum_member_declaration_list { switch_body "
                         "{ accessor_list { ERROR",
        .imports = "using_directive file_scoped_namespace_declaration",
        .declarations = "namespace_declaration class_declaration struct_declaration "
                        "interface_declaration record_declaration enum_declaration "
                        "delegate_declaration method_declaration constructor_declaration "
                        "property_declaration field_declaration event_field_declaration",
        .functions = "method_declaration constructor_declaration",
    },
    {
        .name = "kotlin",
        .chat_name = "kotlin",
        .lsp_ids = "kotlin",
        .extensions = "kt kts",
        .grammar = tree_sitter_kotlin,
        .line_comment = "//",
        .brackets = kScriptBrackets,
        .block_openers = "{ function_body { class_body { enum_class_body { control_structure_body "
                         "{ when_expression { lambda_literal { ERROR",
        .imports = "package_header import_header",
        .declarations = "function_declaration class_declaration object_declaration "
                        "companion_object property_declaration type_alias secondary_constructor",
        .bodies = "function_body class_body enum_class_body",
        .functions = "function_declaration secondary_constructor",
        .wrappers = "import_list",
    },
    {
        .name = "swift",
        .chat_name = "swift",
        .lsp_ids = "swift",
        .extensions = "swift",
        .grammar = tree_sitter_swift,
        .line_comment = "//",
        .brackets = kRoundSquareCurly,
        .block_openers = "{ function_body { class_body { enum_class_body { protocol_body "
                         "{ if_statement { for_statement { while_statement { guard_statement "
                         "{ do_statement { switch_statement { catch_block { lambda_literal "
                         "{ computed_property { ERROR",
        .imports = "import_declaration",
        .declarations = "function_declaration class_declaration protocol_declaration "
                        "property_declaration typealias_declaration init_declaration "
                        "protocol_function_declaration protocol_property_declaration",
        .functions = "function_declaration init_declaration",
    },
    {
        .name = "scala",
        .chat_name = "scala",
        .lsp_ids = "scala",
        .extensions = "scala sc sbt",
        .grammar = tree_sitter_scala,
        .line_comment = "//",
        .brackets = kRoundSquareCurly,
        .block_openers = "{ block { template_body { case_block { enum_body { ERROR",
        .imports = "package_clause import_declaration",
        .declarations = "function_definition function_declaration class_definition "
                        "object_definition trait_definition enum_definition type_definition "
                        "val_definition var_definition given_definition",
        .functions = "function_definition",
    },
    {
        .name = "php",
        .chat_name = "php",
        .lsp_ids = "php",
        .extensions = "php phtml",
        .grammar = tree_sitter_php,
        .line_comment = "//",
        .elided_body = ";",
        .brackets = kRoundSquareCurly,
        .block_openers = "{ compound_statement { declaration_list { enum_declaration_list "
                         "{ match_block { switch_block { ERROR",
        .imports = "namespace_use_declaration",
        .declarations = "function_definition class_declaration interface_declaration "
                        "trait_declaration enum_declaration method_declaration "
                        "property_declaration const_declaration",
        .functions = "function_definition method_declaration",
    },
    {
        .name = "ruby",
        .chat_name = "ruby",
        .lsp_ids = "ruby",
        .extensions = "rb rake gemspec ru",
        .grammar = tree_sitter_ruby,
        .line_comment = "#",
        .elided_body = "; end",
        .brackets = "{ } ( ) [ ] #{ } def end class end module end begin end do end case end "
                    "if end unless end while end until end for end",
        // A condition behind a statement needs no end; the do of a loop has the loop's.
        .not_brackets = "if if_modifier unless unless_modifier while while_modifier "
                        "until until_modifier do do if if_guard unless unless_guard",
        .block_openers = "do do_block ) method_parameters then then else else begin begin "
                         "{ block ) ERROR do ERROR",
        .header_words = "def do if unless while until for begin else case",
        .declarations = "method singleton_method class module",
        .functions = "method singleton_method",
        .wrappers = "body_statement",
        .symbols = "assignment",
    },
    {
        .name = "bash",
        .chat_name = "shell",
        .lsp_ids = "shellscript bash sh",
        .extensions = "sh bash zsh bats",
        .grammar = tree_sitter_bash,
        .line_comment = "#",
        // "then elif": the elif closes the branch before it and its own "then" opens the next.
        .brackets = "{ } ( ) [ ] [[ ]] ${ } $( ) (( )) do done case esac then fi then elif",
        .not_brackets = ") case_item",
        .block_openers = "{ compound_statement do do_group then if_statement then elif_clause "
                         "else else_clause then ERROR do ERROR else ERROR { ERROR",
        .header_words = "if elif else for while until function do then",
        .declarations = "function_definition",
        .functions = "function_definition",
    },
    {
        .name = "zig",
        .chat_name = "zig",
        .lsp_ids = "zig",
        .extensions = "zig zon",
        .grammar = tree_sitter_zig,
        .line_comment = "//",
        .elided_body = ";",
        .brackets = kRoundSquareCurly,
        .block_openers = "{ block { struct_declaration { enum_declaration { union_declaration "
                         "{ switch_expression { ERROR",
        .declarations = "function_declaration variable_declaration test_declaration",
        .functions = "function_declaration test_declaration",
    },
    {
        .name = "css",
        .chat_name = "css",
        .lsp_ids = "css scss less",
        .extensions = "css",
        .grammar = tree_sitter_css,
        .brackets = kRoundSquareCurly,
        .block_openers = "{ block { keyframe_block_list { ERROR",
        .imports = "import_statement",
    },
    {
        .name = "html",
        .chat_name = "html",
        .lsp_ids = "html",
        .extensions = "html htm xhtml",
        .grammar = tree_sitter_html,
        .brackets = "< > </ > <! >",
    },
    {
        .name = "json",
        .chat_name = "json",
        .lsp_ids = "json jsonc",
        .extensions = "json jsonc webmanifest",
        .grammar = tree_sitter_json,
        .brackets = "{ } [ ]",
    },
    {
        .name = "toml",
        .chat_name = "toml",
        .lsp_ids = "toml",
        .extensions = "toml",
        .grammar = tree_sitter_toml,
        .line_comment = "#",
        .brackets = "{ } [ ] [[ ]]",
    },
    {
        .name = "yaml",
        .chat_name = "yaml",
        .lsp_ids = "yaml dockercompose github-actions-workflow",
        .extensions = "yml yaml",
        .grammar = tree_sitter_yaml,
        .line_comment = "#",
        .indented_blocks = true,
        .brackets = "{ } [ ]",
    },
};

}  // namespace

std::span<const Language> languages() { return kLanguages; }

const Language* find_language(std::string_view lsp_id, std::string_view path) {
  for (const Language& language : kLanguages) {
    if (contains_word(language.lsp_ids, lsp_id)) return &language;
  }
  // A known language that fathom does not parse: the editor knows better than the extension.
  if (!lsp_id.empty()) return nullptr;
  const size_t dot = path.rfind('.');
  if (dot == std::string_view::npos) return nullptr;
  for (const Language& language : kLanguages) {
    if (contains_word(language.extensions, path.substr(dot + 1))) return &language;
  }
  return nullptr;
}

}  // namespace fathom::completion
