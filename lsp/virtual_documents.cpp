#include "lsp/virtual_documents.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace fathom::lsp {
namespace {

constexpr std::chrono::milliseconds kMinPause{200};

}  // namespace

std::string VirtualDocuments::add(std::string text) {
  if (documents_.size() >= kMaxDocuments) {
    documents_.erase(std::ranges::min_element(
        documents_, {}, [](const auto& entry) { return entry.second.number; }));
  }
  const uint64_t number = ++last_number_;
  std::string uri = fmt::format("{}:/explanation/{}.md", kScheme, number);
  documents_.emplace(uri, Document{.number = number, .text = std::move(text), .told = {}});
  return uri;
}

void VirtualDocuments::append(const std::string& uri, std::string_view text) {
  const auto found = documents_.find(uri);
  if (found == documents_.end()) return;
  Document& document = found->second;
  document.text += text;
  document.has_news = true;
  if (!document.is_being_told && Clock::now() - document.told >= kMinPause) tell(uri, document);
}

void VirtualDocuments::finish(const std::string& uri) {
  const auto found = documents_.find(uri);
  if (found == documents_.end()) return;
  found->second.is_finished = true;
  if (found->second.has_news && !found->second.is_being_told) tell(uri, found->second);
}

const std::string* VirtualDocuments::find(const std::string& uri) const {
  const auto found = documents_.find(uri);
  return found == documents_.end() ? nullptr : &found->second.text;
}

void VirtualDocuments::tell(const std::string& uri, Document& document) {
  document.is_being_told = true;
  document.has_news = false;
  document.told = Clock::now();
  router_.request("workspace/textDocumentContent/refresh", {{"uri", uri}}, [this, uri](bool) {
    const auto found = documents_.find(uri);
    if (found == documents_.end()) return;
    found->second.is_being_told = false;
    // What came since is told with the next piece, or now if there is no next one.
    if (found->second.is_finished && found->second.has_news) tell(uri, found->second);
  });
}

}  // namespace fathom::lsp
