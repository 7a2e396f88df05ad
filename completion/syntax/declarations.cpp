#include "completion/syntax/declarations.h"

#include <algorithm>
#include <array>
#include <utility>

#include "completion/lines.h"
#include "completion/syntax/nodes.h"
#include "completion/syntax/words.h"

namespace fathom::completion {
namespace {

using Kind = Declaration::Kind;

// Hostile input nests without end, and nobody names what is 24 scopes deep.
constexpr int kMaxDepth = 24;

// Scopes that other files name only in passing.
constexpr std::string_view kTransparent =
    "namespace_definition namespace_declaration internal_module mod_item "
    "file_scoped_namespace_declaration linkage_specification";

// Parts of the names of nodes that declare a type, in every grammar.
constexpr std::array<std::string_view, 16> kTypeParts = {
    "class",  "struct",   "union", "enum",      "interface", "trait",      "impl",      "record",
    "object", "protocol", "type_", "typealias", "module",    "alias_decl", "companion", "delegate"};

// Nodes between a declaration and the name in it, for grammars without a field for the name.
constexpr std::string_view kNameCarriers =
    "variable_declaration variable_declarator property_element const_element variable_list "
    "assignment_statement assignment const_spec var_spec type_spec type_alias pattern "
    "init_declarator variable_name";

constexpr std::string_view kSpecs = "const_spec var_spec type_spec type_alias variable_declarator";

TSNode field(TSNode node, std::string_view name) {
  return ts_node_child_by_field_name(node, name.data(), static_cast<uint32_t>(name.size()));
}

bool is_identifier_kind(std::string_view kind) {
  return kind.ends_with("identifier") || kind == "name" || kind == "constant" || kind == "word";
}

bool is_type_kind(std::string_view kind) {
  return std::any_of(kTypeParts.begin(), kTypeParts.end(),
                     [kind](std::string_view part) { return kind.find(part) != kind.npos; });
}

/// "a::Cart<T>::total" is {total, Cart}; {"", ""} where the text is no name.
struct QualifiedName {
  std::string name;
  std::string container;
};

QualifiedName split_name(std::string_view text) {
  text = text.substr(0, text.find_first_of("(["));
  QualifiedName result;
  size_t end = text.size();
  int angles = 0;
  bool after_separator = true;
  for (size_t i = text.size(); i-- > 0;) {
    const char byte = text[i];
    if (byte == '>') ++angles;
    if (byte == '<') --angles;
    if (angles > 0 || byte == '<') {
      end = i;
      continue;
    }
    if (!is_word_byte(byte)) {
      if (byte == ':' || byte == '.') after_separator = true;
      end = i;
      continue;
    }
    if (i > 0 && is_word_byte(text[i - 1])) continue;
    if (!after_separator) break;
    after_separator = false;
    const std::string_view part = text.substr(i, end - i);
    if (result.name.empty()) {
      result.name = part;
    } else {
      result.container = part;
      break;
    }
  }
  const bool is_number = !result.name.empty() && result.name[0] >= '0' && result.name[0] <= '9';
  if (is_number || result.name.starts_with("operator")) return {};
  return result;
}

class Collector final {
 public:
  explicit Collector(const SyntaxTree& tree) : language_(tree.language()), text_(tree.text()) {}

  std::vector<Declaration> collect(const TSTree* tree) {
    visit_children(ts_tree_root_node(tree));
    return std::move(found_);
  }

 private:
  void visit_children(TSNode node) {
    if (depth_ == kMaxDepth) return;
    ++depth_;
    for_each_child(node, [this](TSNode child) { visit(child); });
    --depth_;
  }

  void visit(TSNode node) {
    if (!ts_node_is_named(node)) return;
    const std::string_view kind = kind_of(node);
    const uint32_t outer_begin = decoration_begin_;
    if (contains_word(language_.decorations, kind))
      decoration_begin_ = std::min(decoration_begin_, ts_node_start_byte(node));
    if (contains_word(kTransparent, kind)) {
      decoration_begin_ = kNone;
      visit_children(node);
    } else if (contains_word(language_.declarations, kind) ||
               contains_word(language_.symbols, kind)) {
      add(node, kind);
    } else if (!contains_word(language_.imports, kind) && !kind.ends_with("expression") &&
               kind != "comment") {
      visit_children(node);
    }
    decoration_begin_ = outer_begin;
  }

  void add(TSNode node, std::string_view kind) {
    const bool is_function = contains_word(language_.functions, kind);
    const bool is_type = !is_function && is_type_kind(kind);
    const TSNode body = body_of(node);
    // A mention of a type in C and C++, no declaration of it.
    if (is_type && kind.ends_with("_specifier") && ts_node_is_null(body)) return;

    const uint32_t n_children = ts_node_named_child_count(node);
    std::vector<TSNode> specs;
    for (uint32_t i = 0; i < n_children; ++i) {
      const TSNode child = ts_node_named_child(node, i);
      if (contains_word(kSpecs, kind_of(child))) specs.push_back(child);
    }
    const uint32_t begin = std::min(decoration_begin_, ts_node_start_byte(node));
    const size_t n_found = found_.size();
    if (specs.size() > 1) {
      for (const TSNode spec : specs)
        add_one(spec, spec, is_type, ts_node_start_byte(spec), body_of(spec));
    } else {
      add_one(node, specs.empty() ? node : specs[0], is_type, begin, body);
    }
    // A member of C++ may be a type and nothing else: `enum class State { open };`.
    if (!is_type && found_.size() == n_found && kind == "field_declaration") visit_children(node);
    if (!is_type) return;

    const bool is_named = found_.size() > n_found;
    const std::string outer = std::exchange(container_, is_named ? found_.back().name : container_);
    decoration_begin_ = kNone;
    visit_children(ts_node_is_null(body) ? node : body);
    container_ = outer;
  }

  void add_one(TSNode node, TSNode named, bool is_type, uint32_t begin, TSNode body) {
    bool has_parameters = false;
    const TSNode name_node = name_of(named, has_parameters, 0);
    if (ts_node_is_null(name_node) || kind_of(name_node).ends_with("_pattern")) return;
    QualifiedName name = split_name(text_of(name_node));
    if (name.name.empty()) return;

    const bool has_body = !ts_node_is_null(body);
    // Rust's and TypeScript's signatures have parameters and no body.
    const bool is_function = contains_word(language_.functions, kind_of(node)) || has_parameters ||
                             !ts_node_is_null(field(node, "parameters")) || (has_body && !is_type);
    uint32_t end = ts_node_end_byte(node);
    // Where C and C++ end a type with one, it is no part of the node.
    if (end < text_.size() && text_[end] == ';') ++end;
    uint32_t body_begin = end;
    if (has_body) {
      const std::string_view head =
          trim_right(text_.substr(begin, ts_node_start_byte(body) - begin));
      body_begin = begin + static_cast<uint32_t>(head.size());
    }
    if (name.container.empty()) name.container = container_of(node);
    found_.push_back({.name = std::move(name.name),
                      .container = std::move(name.container),
                      .kind = is_type       ? Kind::type
                              : is_function ? Kind::function
                                            : Kind::variable,
                      .begin = begin,
                      .end = end,
                      .body = body_begin});
  }

  /// By its place, or in Go by its receiver.
  std::string container_of(TSNode node) const {
    const TSNode receiver = field(node, "receiver");
    if (ts_node_is_null(receiver)) return container_;
    std::string_view inside = text_of(receiver);
    inside = inside.substr(0, inside.find_first_of("[)"));
    inside.remove_prefix(std::min(inside.find_last_of("( *") + 1, inside.size()));
    return std::string(inside);
  }

  /// Null if there is none.
  TSNode name_of(TSNode node, bool& has_parameters, int depth) const {
    if (const TSNode name = field(node, "name"); !ts_node_is_null(name)) return name;
    TSNode inner = field(node, "declarator");
    if (!ts_node_is_null(inner)) {
      while (true) {
        if (kind_of(inner) == "function_declarator") has_parameters = true;
        const TSNode next = field(inner, "declarator");
        if (ts_node_is_null(next)) break;
        inner = next;
      }
      const TSNode name =
          kind_of(inner) == "qualified_identifier" ? TSNode{} : field(inner, "name");
      return ts_node_is_null(name) ? inner : name;
    }
    for (const std::string_view name : {"left", "pattern"}) {
      if (const TSNode found = field(node, name); !ts_node_is_null(found)) return found;
    }
    if (kind_of(node) == "impl_item") return field(node, "type");
    if (is_identifier_kind(kind_of(node)) || depth == 4) return node;

    const uint32_t n = ts_node_named_child_count(node);
    for (uint32_t i = 0; i < n; ++i) {
      const TSNode child = ts_node_named_child(node, i);
      if (is_identifier_kind(kind_of(child))) return child;
      if (contains_word(kNameCarriers, kind_of(child)))
        return name_of(child, has_parameters, depth + 1);
    }
    return TSNode{};
  }

  /// Null if it has none. A function that is the value of a constant counts as the constant's body.
  TSNode body_of(TSNode declaration) const {
    if (const TSNode body = field(declaration, "body"); !ts_node_is_null(body)) return body;
    const uint32_t n = ts_node_named_child_count(declaration);
    if (n == 0) return TSNode{};
    const TSNode last = ts_node_named_child(declaration, n - 1);
    if (contains_word(language_.bodies, kind_of(last))) return last;
    const TSNode carrier = kind_of(last) == "variable_declarator" ? last : declaration;
    const TSNode value = field(carrier, "value");
    if (ts_node_is_null(value) || kind_of(value).find("function") == std::string_view::npos)
      return TSNode{};
    return field(value, "body");
  }

  std::string_view text_of(TSNode node) const {
    return text_.substr(ts_node_start_byte(node),
                        ts_node_end_byte(node) - ts_node_start_byte(node));
  }

  static constexpr uint32_t kNone = UINT32_MAX;

  const Language& language_;
  const std::string_view text_;
  int depth_ = 0;
  uint32_t decoration_begin_ = kNone;  // of the decorations around the node at hand
  std::string container_;              // the innermost type around it
  std::vector<Declaration> found_;
};

}  // namespace

std::vector<Declaration> declarations_of(const SyntaxTree& tree) {
  if (!tree.tree()) return {};
  return Collector(tree).collect(tree.tree());
}

std::string without_bodies(std::string_view text, const std::vector<Declaration>& declarations,
                           const Language& language, uint32_t begin, uint32_t end) {
  std::string result;
  uint32_t from = begin;
  for (const Declaration& inner : declarations) {
    const bool is_inside = inner.begin >= from && inner.end <= end;
    if (!is_inside || inner.kind != Declaration::Kind::function || inner.body == inner.end)
      continue;
    result += text.substr(from, inner.body - from);
    result += language.elided_body;
    from = inner.end;
  }
  result += text.substr(from, end - from);
  return to_lf(result);
}

}  // namespace fathom::completion
