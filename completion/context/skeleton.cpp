#include "completion/context/skeleton.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "completion/lines.h"

namespace fathom::completion {
namespace {

using Kind = Declaration::Kind;

/// The first whole lines that fit; the first `max` bytes of one line that does not.
std::string first_lines(std::string text, size_t max) {
  if (text.size() > max) {
    const size_t newline = text.rfind('\n', max);
    text.resize(newline == std::string::npos ? next_character(text, max) : newline);
  }
  text.resize(trim_right(text).size());
  if (!text.empty()) text += '\n';
  return text;
}

std::string text_without_bodies(const SourceFile& file, uint32_t begin, uint32_t end) {
  return without_bodies(file.text, file.declarations, *file.language, begin, end);
}

/// Of the declaration, with the indentation of its first line.
std::string member_text(const SourceFile& file, const Declaration& member) {
  const size_t start = line_start(file.text, member.begin);
  const std::string_view before = std::string_view(file.text).substr(start, member.begin - start);
  std::string text(is_blank(before) ? before : std::string_view());
  text += text_without_bodies(file, member.begin, member.end);
  return text;
}

/// `text`, which begins at a declaration's first word, without the indentation that its line has.
std::string at_margin(const SourceFile& file, const Declaration& declaration, std::string text) {
  const size_t start = line_start(file.text, declaration.begin);
  std::string indent("\n");
  indent.append(file.text, start, declaration.begin - start);
  if (indent.size() == 1 || !is_blank(indent)) return text;
  for (size_t at = text.find(indent); at != std::string::npos; at = text.find(indent, at + 1))
    text.erase(at + 1, indent.size() - 1);
  return text;
}

bool contains(const Declaration& outer, const Declaration& inner) {
  return &outer != &inner && outer.begin <= inner.begin && inner.end <= outer.end;
}

/// The type of the same name that stands before it; null if it is the first. Rust's impl stands
/// behind what it implements for.
const Declaration* first_of_name(const SourceFile& file, const Declaration& type) {
  for (const Declaration& other : file.declarations) {
    if (&other == &type) return nullptr;
    if (other.kind == Kind::type && other.name == type.name) return &other;
  }
  return nullptr;
}

class TypeSkeleton final {
 public:
  TypeSkeleton(const SourceFile& file, const Declaration& type,
               const std::map<std::string, float, std::less<>>& wanted)
      : file_(file), type_(type), wanted_(wanted) {}

  std::string text() const {
    std::string whole = text_without_bodies(file_, type_.begin, type_.end);
    if (whole.size() > kMaxSkeletonBytes) whole = in_part();
    whole = first_lines(std::move(whole), kMaxSkeletonBytes);
    add_methods_elsewhere(whole);
    return whole;
  }

 private:
  std::string in_part() const {
    const std::string_view text = file_.text;
    std::string header(trim_right(text.substr(type_.begin, type_.body - type_.begin)));
    const size_t behind = text.find_first_not_of(" \t\r\n", type_.body);
    const bool has_brace = behind != std::string_view::npos && behind < type_.end &&
                           text[behind] == '{' && type_.body < type_.end;
    if (has_brace) header += " {";
    header = to_lf(header + "\n");

    std::vector<const Declaration*> members;
    for (const Declaration& member : file_.declarations)
      if (contains(type_, member) && owner_of(file_, member) == &type_) members.push_back(&member);
    if (members.empty()) return text_without_bodies(file_, type_.begin, type_.end);
    std::stable_sort(members.begin(), members.end(), [&](const auto* a, const auto* b) {
      return wanted_.contains(a->name) > wanted_.contains(b->name);
    });

    std::vector<std::pair<uint32_t, std::string>> lines;
    size_t size = header.size();
    for (const Declaration* member : members) {
      std::string line = member_text(file_, *member) + "\n";
      if (size + line.size() > kMaxSkeletonBytes) continue;
      size += line.size();
      lines.emplace_back(member->begin, std::move(line));
    }
    std::sort(lines.begin(), lines.end());
    for (const auto& [begin, line] : lines) header += line;
    return header;
  }

  void add_methods_elsewhere(std::string& text) const {
    for (const Declaration& member : file_.declarations) {
      if (member.container != type_.name || contains(type_, member)) continue;
      const std::string line = member_text(file_, member) + "\n";
      if (text.size() + line.size() <= kMaxSkeletonBytes) text += line;
    }
  }

  const SourceFile& file_;
  const Declaration& type_;
  const std::map<std::string, float, std::less<>>& wanted_;
};

}  // namespace

std::string skeleton_of(const SourceFile& file, const Declaration& declaration,
                        const std::map<std::string, float, std::less<>>& wanted) {
  std::string text =
      declaration.kind == Kind::type
          ? TypeSkeleton(file, declaration, wanted).text()
          : first_lines(text_without_bodies(file, declaration.begin, declaration.end),
                        kMaxSkeletonBytes);
  return at_margin(file, declaration, std::move(text));
}

const Declaration* owner_of(const SourceFile& file, const Declaration& declaration) {
  if (declaration.kind == Kind::type) return first_of_name(file, declaration);
  const Declaration* owner = nullptr;
  for (const Declaration& type : file.declarations) {
    // The innermost one comes last.
    if (type.kind == Kind::type && contains(type, declaration)) owner = &type;
  }
  if (owner) {
    const Declaration* first = first_of_name(file, *owner);
    return first ? first : owner;
  }
  if (declaration.container.empty()) return nullptr;
  for (const Declaration& type : file.declarations)
    if (type.kind == Kind::type && type.name == declaration.container) return &type;
  return nullptr;
}

}  // namespace fathom::completion
