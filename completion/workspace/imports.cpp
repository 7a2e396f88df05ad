#include "completion/workspace/imports.h"

#include <algorithm>

#include "completion/lines.h"
#include "completion/syntax/words.h"
#include "completion/workspace/import_rules.h"
#include "completion/workspace/terms.h"

namespace fathom::completion {
namespace {

using Form = ImportForm;

constexpr size_t kMaxImportBytes = 64 << 10;

/// Takes the first line off `text`, without its end.
std::string_view take_line(std::string_view& text) {
  const size_t newline = std::min(text.find('\n'), text.size());
  const std::string_view line = text.substr(0, newline);
  text.remove_prefix(std::min(newline + 1, text.size()));
  return trim_right(line);
}

/// What stands between the first pair of quotes of any kind; "" if there is none.
std::string_view first_quoted(std::string_view text) {
  const size_t open = text.find_first_of("\"'`<");
  if (open == std::string_view::npos) return {};
  const char closer = text[open] == '<' ? '>' : text[open];
  const size_t close = text.find(closer, open + 1);
  if (close == std::string_view::npos) return {};
  return text.substr(open + 1, close - open - 1);
}

void take_words(std::string_view text, std::string_view except, std::vector<std::string>& out) {
  for_each_identifier(text, [&](std::string_view word, size_t) {
    if (!contains_word(except, word)) out.emplace_back(word);
  });
}

/// The names of "a, b as c, type d": the original ones. `behind` introduces the local name.
std::vector<std::string> listed_names(std::string_view list, std::string_view behind) {
  std::vector<std::string> names;
  bool is_alias = false;
  for_each_identifier(list, [&](std::string_view word, size_t) {
    if (word == behind) {
      is_alias = true;
    } else if (is_alias) {
      is_alias = false;
    } else if (!contains_word("type typeof default", word)) {
      names.emplace_back(word);
    }
  });
  return names;
}

class Reader final {
 public:
  Reader(std::string_view text, const ImportRule& rule)
      : rest_(text.substr(0, kMaxImportBytes)), rule_(rule) {}

  std::vector<Import> read() {
    while (!rest_.empty()) {
      const std::string_view line = trim(take_line(rest_));
      if (!line.empty()) read_statement(line);
    }
    return std::move(imports_);
  }

 private:
  void read_statement(std::string_view line) {
    switch (rule_.form) {
      case Form::none:
        return;
      case Form::quoted:
        return read_quoted(line);
      case Form::python:
        return read_python(line);
      case Form::script:
        return read_script(line);
      case Form::go:
        return read_go(line);
      case Form::rust:
        return read_rust(line);
      case Form::dotted:
        return read_dotted(line);
      case Form::namespaces:
        return read_namespace(line);
    }
  }

  /// `line` and what follows it up to `closer`, if `line` has `opener` without it.
  std::string until(std::string_view line, char opener, char closer) {
    std::string statement(line);
    while (statement.find(opener) != std::string::npos &&
           statement.find(closer) == std::string::npos && !rest_.empty()) {
      statement += ' ';
      statement += trim(take_line(rest_));
    }
    return statement;
  }

  void add(std::string_view target, std::vector<std::string> names = {}) {
    if (!target.empty() && target.size() < 256)
      imports_.push_back({.target = std::string(target), .names = std::move(names)});
  }

  /// Where one of the rule's keywords ends in `line`, as a word with a blank, a quote or a bracket
  /// behind it; npos if there is none.
  size_t behind_keyword(std::string_view line) const {
    std::string_view words = rule_.keywords;
    for (std::string_view word = take_word(words); !word.empty(); word = take_word(words)) {
      const size_t at = line.find(word);
      if (at == std::string_view::npos) continue;
      const size_t end = at + word.size();
      const bool begins = at == 0 || !is_word_byte(line[at - 1]);
      if (begins && end < line.size() && !is_word_byte(line[end])) return end;
    }
    return std::string_view::npos;
  }

  void read_quoted(std::string_view line) {
    // "# include" is as good as "#include".
    std::string joined(line);
    if (joined.starts_with("# ")) joined.erase(1, joined.find_first_not_of(' ', 1) - 1);
    if (rule_.language == "bash") return read_sourced(line);
    const bool is_directive = rule_.keywords.starts_with('#');
    for (const std::string_view comment : {"#", "//", "--"})
      if (!is_directive && joined.starts_with(comment)) return;
    const size_t end = behind_keyword(joined);
    if (end == std::string::npos) return;
    add(first_quoted(std::string_view(joined).substr(end)));
  }

  /// Of the path the name alone: what is before it is mostly a variable.
  void read_sourced(std::string_view line) {
    std::string_view words = rule_.keywords;
    for (std::string_view word = take_word(words); !word.empty(); word = take_word(words)) {
      if (!line.starts_with(word) || line.substr(word.size(), 1) != " ") continue;
      std::string_view file = trim(line.substr(word.size()));
      file = file.substr(0, file.find_first_of(" ;"));
      while (file.ends_with('"') || file.ends_with('\'')) file.remove_suffix(1);
      return add(file.substr(file.find_last_of("\"'/") + 1));
    }
  }

  void read_python(std::string_view line) {
    if (line.starts_with("from ")) {
      const std::string statement = until(line, '(', ')');
      const size_t import = statement.find(" import ");
      const size_t bracket = statement.find(" import(");
      const size_t at = std::min(import, bracket);
      if (at == std::string::npos) return;
      const std::string_view all = statement;
      const std::string_view listed = all.substr(at + 8, all.find('#', at) - at - 8);
      add(trim(all.substr(5, at - 5)), listed_names(listed, "as"));
    } else if (line.starts_with("import ")) {
      std::string_view list = line.substr(7, line.find('#') - 7);
      while (!list.empty()) {
        const size_t comma = std::min(list.find(','), list.size());
        const std::string_view one = trim(list.substr(0, comma));
        add(one.substr(0, one.find(' ')));
        list.remove_prefix(std::min(comma + 1, list.size()));
      }
    }
  }

  void read_script(std::string_view line) {
    const bool is_import = line.starts_with("import ") || line.starts_with("import{");
    const bool is_export = line.starts_with("export {") || line.starts_with("export *");
    if (is_import || is_export) {
      const std::string statement = until(line, '{', '}');
      const std::string_view all = statement;
      const size_t from = from_in(all);
      if (is_export && from == std::string_view::npos) return;
      const std::string_view list =
          from == std::string_view::npos ? std::string_view() : all.substr(6, from - 6);
      const bool is_everything = list.find('*') != std::string_view::npos;
      add(first_quoted(all), is_everything ? std::vector<std::string>() : listed_names(list, "as"));
    } else if (const size_t require = line.find("require("); require != std::string_view::npos) {
      const size_t equals = line.find('=');
      std::vector<std::string> names;
      if (equals != std::string_view::npos && equals < require)
        take_words(line.substr(0, equals), "const let var", names);
      add(first_quoted(line.substr(require)), std::move(names));
    }
  }

  /// The word that is followed by a quote.
  static size_t from_in(std::string_view statement) {
    for (size_t at = statement.find("from"); at != std::string_view::npos;
         at = statement.find("from", at + 1)) {
      const size_t behind = statement.find_first_not_of(' ', at + 4);
      if (behind != std::string_view::npos &&
          (statement[behind] == '"' || statement[behind] == '\''))
        return at;
    }
    return std::string_view::npos;
  }

  void read_go(std::string_view line) {
    if (!line.starts_with("import")) return;
    std::string statement = until(line, '(', ')');
    std::string_view rest = statement;
    while (true) {
      const std::string_view target = first_quoted(rest);
      if (target.empty()) return;
      add(target);
      rest.remove_prefix(static_cast<size_t>(target.data() - rest.data()) + target.size() + 1);
    }
  }

  void read_rust(std::string_view line) {
    for (const std::string_view prefix : {"pub(crate) ", "pub(super) ", "pub "})
      if (line.starts_with(prefix)) line.remove_prefix(prefix.size());
    if (line.starts_with("mod ") && line.ends_with(';'))
      return add("self::" + std::string(trim(line.substr(4, line.size() - 5))));
    if (!line.starts_with("use ")) return;
    std::string statement(line);
    while (statement.find(';') == std::string::npos && !rest_.empty())
      statement += trim(take_line(rest_));
    add_rust_tree("", statement.substr(4, statement.find(';') - 4), 0);
  }

  /// "a::{b, c::d as e}" is a::b and a::c::d.
  void add_rust_tree(const std::string& prefix, std::string_view tree, int depth) {
    tree = trim(tree);
    const size_t brace = tree.find('{');
    if (brace == std::string_view::npos || depth > 8) {
      const std::string_view path = trim(tree.substr(0, tree.find(" as ")));
      const std::string whole = prefix + std::string(path);
      const size_t last = whole.rfind("::");
      std::string name = last == std::string::npos ? whole : whole.substr(last + 2);
      if (name == "self" && last != std::string::npos) return add(whole.substr(0, last));
      if (name == "*") return add(whole.substr(0, last));
      return add(whole, {std::move(name)});
    }
    const std::string inner_prefix = prefix + std::string(tree.substr(0, brace));
    int nesting = 0;
    size_t from = brace + 1;
    for (size_t i = brace; i < tree.size(); ++i) {
      if (tree[i] == '{') ++nesting;
      if (tree[i] == '}') --nesting;
      const bool ends = (tree[i] == ',' && nesting == 1) || nesting == 0;
      if (!ends) continue;
      const std::string_view one = trim(tree.substr(from, i - from));
      if (!one.empty()) add_rust_tree(inner_prefix, one, depth + 1);
      from = i + 1;
      if (nesting == 0) return;
    }
  }

  void read_dotted(std::string_view line) {
    if (line.starts_with("global ")) line.remove_prefix(7);
    const std::string keyword = std::string(rule_.keywords) + " ";
    if (!line.starts_with(keyword)) return;
    line.remove_prefix(keyword.size());
    if (line.starts_with("static ")) line.remove_prefix(7);
    if (const size_t equals = line.find('='); equals != std::string_view::npos)
      line.remove_prefix(equals + 1);
    line = trim(line.substr(0, line.find(';')));
    // A statement or a declaration, no import: using (var file = ...), using var x.
    if (line.find_first_of("( ") != std::string_view::npos && rule_.language == "csharp") return;
    std::vector<std::string> names;
    if (const size_t brace = line.find('{'); brace != std::string_view::npos) {
      names = listed_names(line.substr(brace), "as");
      line = line.substr(0, brace);
      if (line.ends_with('.')) line.remove_suffix(1);
    }
    add(line.substr(0, line.find(' ')), std::move(names));
  }

  void read_namespace(std::string_view line) {
    if (!line.starts_with("use ")) {
      const size_t end = behind_keyword(line);
      if (end != std::string_view::npos) add(first_quoted(line.substr(end)));
      return;
    }
    const std::string statement = until(line, '{', '}');
    std::string_view target = std::string_view(statement).substr(4, statement.find(';') - 4);
    for (const std::string_view kind : {"function ", "const "})
      if (target.starts_with(kind)) target.remove_prefix(kind.size());
    const size_t brace = target.find('{');
    if (brace == std::string_view::npos) {
      target = trim(target.substr(0, target.find(" as ")));
      const std::string_view name = target.substr(target.rfind('\\') + 1);
      return add(target, {std::string(name)});
    }
    for (const std::string& name : listed_names(target.substr(brace), "as"))
      add(std::string(target.substr(0, brace)) + name, {name});
  }

  std::string_view rest_;
  const ImportRule& rule_;
  std::vector<Import> imports_;
};

}  // namespace

std::vector<Import> imports_of(std::string_view text, const Language& language) {
  const ImportRule* rule = import_rule_of(language);
  if (!rule) return {};
  return Reader(text, *rule).read();
}

std::string package_of(std::string_view text, const Language& language) {
  const ImportRule* rule = import_rule_of(language);
  if (!rule || rule->package.empty()) return {};
  const std::string keyword = std::string(rule->package) + " ";
  text = text.substr(0, kMaxImportBytes);
  while (!text.empty()) {
    std::string_view line = trim(take_line(text));
    if (!line.starts_with(keyword)) continue;
    line.remove_prefix(keyword.size());
    return std::string(trim(line.substr(0, line.find_first_of(";{ "))));
  }
  return {};
}

}  // namespace fathom::completion
