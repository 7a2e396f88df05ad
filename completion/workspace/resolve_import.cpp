#include "completion/workspace/resolve_import.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "completion/syntax/words.h"
#include "completion/workspace/import_rules.h"

namespace fathom::completion {
namespace {

using Form = ImportForm;

/// `target` with '/' for its separator.
std::string as_path(std::string_view target, std::string_view separator) {
  std::string path;
  while (!target.empty()) {
    if (!separator.empty() && target.starts_with(separator)) {
      path += '/';
      target.remove_prefix(separator.size());
    } else {
      path += target[0];
      target.remove_prefix(1);
    }
  }
  return path;
}

/// "a/b" and "../c" are "a/c"; "" if it leads out of the workspace.
std::string joined(std::string_view folder, std::string_view relative) {
  std::vector<std::string_view> parts;
  const auto add = [&](std::string_view path) {
    while (!path.empty()) {
      const size_t slash = std::min(path.find('/'), path.size());
      const std::string_view part = path.substr(0, slash);
      path.remove_prefix(std::min(slash + 1, path.size()));
      if (part.empty() || part == ".") continue;
      if (part != "..") {
        parts.push_back(part);
      } else if (parts.empty()) {
        return false;
      } else {
        parts.pop_back();
      }
    }
    return true;
  };
  if (!add(folder) || !add(relative)) return {};
  std::string path;
  for (const std::string_view part : parts) {
    if (!path.empty()) path += '/';
    path += part;
  }
  return path;
}

class Resolver final {
 public:
  Resolver(const ImportRule& rule, const std::string& from, const FileNames& files)
      : rule_(rule), from_(from), files_(files) {}

  std::vector<std::string> resolve(const Import& import) {
    switch (rule_.form) {
      case Form::none:
        return {};
      case Form::quoted:
        return quoted(import.target);
      case Form::python:
        return python(import);
      case Form::script:
        return script(import.target);
      case Form::go:
        return go(import.target);
      case Form::rust:
        return rust(import.target);
      case Form::dotted:
      case Form::namespaces:
        return dotted(import.target);
    }
    return {};
  }

 private:
  /// `path` with each of the rule's extensions, in this very place.
  std::string exactly(const std::string& path) const {
    return with_extensions(
        path, [&](const std::string& p) { return files_.contains(p) ? p : std::string(); });
  }
  /// The same at the end of any path.
  std::string anywhere(const std::string& path) const {
    return with_extensions(path, [&](const std::string& p) { return files_.find(p, from_); });
  }

  template <class Look>
  std::string with_extensions(const std::string& path, Look&& look) const {
    if (path.empty()) return {};
    if (std::string found = look(path); !found.empty()) return found;
    std::string_view words = rule_.extensions;
    for (std::string_view word = take_word(words); !word.empty(); word = take_word(words)) {
      if (std::string found = look(path + std::string(word)); !found.empty()) return found;
    }
    return {};
  }

  static std::vector<std::string> list(std::string path) {
    if (path.empty()) return {};
    return {std::move(path)};
  }

  std::vector<std::string> quoted(const std::string& target) const {
    const std::string near = joined(folder_of(from_), target);
    if (std::string found = exactly(near); !found.empty()) return list(std::move(found));
    if (std::string found = anywhere(joined("", target)); !found.empty())
      return list(std::move(found));
    return list(anywhere(joined("", as_path(target, rule_.separator))));
  }

  std::vector<std::string> python(const Import& import) const {
    std::string_view target = import.target;
    std::string base;
    const bool is_relative = target.starts_with('.');
    if (is_relative) {
      base = folder_of(from_);
      target.remove_prefix(1);
      while (target.starts_with('.')) {
        base = folder_of(base);
        target.remove_prefix(1);
      }
    }
    std::string path = as_path(target, ".");
    const auto look = [&](const std::string& p) {
      return is_relative ? exactly(joined(base, p)) : anywhere(p);
    };
    std::vector<std::string> found = list(look(path));
    // from package import module
    for (const std::string& name : import.names) {
      std::string module = look(path.empty() ? name : path + "/" + name);
      if (!module.empty()) found.push_back(std::move(module));
    }
    return found;
  }

  std::vector<std::string> script(const std::string& target) const {
    std::string path = target;
    // TypeScript names the file that it will become.
    for (const std::string_view extension : {".js", ".jsx", ".mjs"})
      if (path.ends_with(extension)) path.resize(path.size() - extension.size());
    if (target.starts_with('.')) {
      const std::string near = joined(folder_of(from_), path);
      std::string found = exactly(near);
      return list(found.empty() ? exactly(joined(folder_of(from_), target)) : std::move(found));
    }
    // Aliases of the source folder; a package has no file at the end of such a path.
    for (const std::string_view alias : {"@/", "~/", "#/"})
      if (path.starts_with(alias)) return list(anywhere(path.substr(alias.size())));
    return path.find('/') == std::string::npos ? std::vector<std::string>() : list(anywhere(path));
  }

  std::vector<std::string> go(std::string_view target) const {
    // The module's name is no folder: its first parts are left out until a folder is found.
    const bool is_standard = target.substr(0, target.find('/')).find('.') == target.npos;
    while (true) {
      std::vector<std::string> found = files_.find_folder(target, from_);
      if (!found.empty()) return found;
      const size_t slash = target.find('/');
      if (slash == std::string_view::npos) return {};
      target.remove_prefix(slash + 1);
      if (is_standard && target.find('/') == std::string_view::npos && standard(target)) return {};
    }
  }
  /// Folders of the standard library that projects have, too.
  static bool standard(std::string_view name) {
    return contains_word("http json rand template user parser token types utf8 log", name);
  }

  std::vector<std::string> rust(const std::string& target) const {
    std::string path = as_path(target, "::");
    std::string base;
    bool has_base = false;
    const auto strip = [&](std::string_view word) {
      const bool is_first = path == word || path.starts_with(std::string(word) + "/");
      if (is_first) path.erase(0, std::min(word.size() + 1, path.size()));
      return is_first;
    };
    if (strip("crate")) {
      // From the crate's root; its folder may be any.
    } else if (strip("self")) {
      base = module_folder();
      has_base = true;
    } else if (path.starts_with("super")) {
      base = module_folder();
      has_base = true;
      while (strip("super")) base = folder_of(base);
    } else if (strip("std") || strip("core") || strip("alloc")) {
      return {};
    } else {
      // Another crate of the workspace, or a module beside.
      if (std::string found = shortened(
              path, [&](const std::string& p) { return exactly(joined(module_folder(), p)); });
          !found.empty())
        return list(std::move(found));
      const size_t slash = path.find('/');
      if (slash == std::string::npos) return {};
      path.erase(0, slash + 1);
    }
    return list(shortened(path, [&](const std::string& p) {
      return has_base ? exactly(joined(base, p)) : anywhere(p);
    }));
  }

  /// Where the modules in the file at hand lie.
  std::string module_folder() const {
    const std::string_view folder = folder_of(from_);
    const std::string_view name =
        std::string_view(from_).substr(folder.empty() ? 0 : folder.size() + 1);
    if (name == "mod.rs" || name == "lib.rs" || name == "main.rs") return std::string(folder);
    return joined(folder, name.substr(0, name.rfind('.')));
  }

  /// What `look` finds for `path`, or for it without its last parts: those name what is inside.
  template <class Look>
  static std::string shortened(std::string path, Look&& look) {
    for (int i = 0; i < 3 && !path.empty(); ++i) {
      if (std::string found = look(path); !found.empty()) return found;
      path = folder_of(path);
    }
    return {};
  }

  std::vector<std::string> dotted(const std::string& target) const {
    if (rule_.extensions.empty()) return {};
    if (target.ends_with(".php")) return quoted(target);
    std::string path = as_path(target, rule_.separator);
    for (const std::string_view rest : {"/*", "/_"})
      if (path.ends_with(rest)) path.resize(path.size() - rest.size());
    if (std::string found = shortened(path, [&](const std::string& p) { return anywhere(p); });
        !found.empty() && path.find('/') != std::string::npos)
      return list(std::move(found));
    // PSR-4: the namespace's first parts stand for a folder of another name.
    while (rule_.form == Form::namespaces) {
      const size_t slash = path.find('/');
      if (slash == std::string::npos) break;
      path.erase(0, slash + 1);
      if (std::string found = anywhere(path); !found.empty()) return list(std::move(found));
    }
    return {};
  }

  const ImportRule& rule_;
  const std::string& from_;
  const FileNames& files_;
};

}  // namespace

std::vector<std::string> resolve_import(const Import& import, const Language& language,
                                        const std::string& from, const FileNames& files) {
  const ImportRule* rule = import_rule_of(language);
  if (!rule) return {};
  std::vector<std::string> found = Resolver(*rule, from, files).resolve(import);
  std::erase(found, from);
  return found;
}

PackageImport imports_package(const Import& import, const Language& language) {
  const ImportRule* rule = import_rule_of(language);
  if (!rule || rule->package.empty()) return {};
  std::string_view target = import.target;
  const size_t last = target.rfind(rule->separator);
  // C# imports whole namespaces; the others name what they want of a package.
  if (rule->extensions.empty()) return {.package = std::string(target), .names = {}};
  if (!import.names.empty() && rule->form == Form::dotted)
    return {.package = std::string(target), .names = import.names};
  if (last == std::string_view::npos) return {};
  const std::string_view name = target.substr(last + rule->separator.size());
  const std::string package(target.substr(0, last));
  if (name == "*" || name == "_") return {.package = package, .names = {}};
  return {.package = package, .names = {std::string(name)}};
}

}  // namespace fathom::completion
