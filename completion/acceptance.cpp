#include "completion/acceptance.h"

#include <fstream>
#include <optional>
#include <span>
#include <utility>

#include <nlohmann/json.hpp>

#include "engine/base/atomic_file.h"
#include "engine/base/user_paths.h"

namespace fathom::completion {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;

constexpr std::streamsize kMaxFileBytes = 1 << 20;

void add(AcceptanceByLanguage& sum, const AcceptanceByLanguage& part) {
  for (const auto& [language, counts] : part) sum[language].add(counts);
}

/// What is not as this program writes it counts nothing.
AcceptanceByLanguage parse(const std::string& text) {
  AcceptanceByLanguage counts;
  const Json json = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  const auto languages = json.is_object() ? json.find("languages") : json.end();
  if (languages == json.end() || !languages->is_object()) return counts;
  for (const auto& [language, values] : languages->items()) {
    for (const AcceptanceField& field : kAcceptanceFields) {
      const auto value = values.is_object() ? values.find(std::string(field.name)) : values.end();
      if (value != values.end() && value->is_number_unsigned())
        counts[language].*field.count = value->get<uint64_t>();
    }
  }
  return counts;
}

std::string text_of(const AcceptanceByLanguage& counts) {
  Json languages = Json::object();
  for (const auto& [language, values] : counts)
    for (const AcceptanceField& field : kAcceptanceFields)
      languages[language][std::string(field.name)] = values.*field.count;
  return Json{{"version", 1}, {"languages", std::move(languages)}}.dump(
             2, ' ', false, Json::error_handler_t::replace) +
         "\n";
}

std::optional<std::string> read_file(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return std::nullopt;
  std::string text(kMaxFileBytes, '\0');
  file.read(text.data(), kMaxFileBytes);
  text.resize(static_cast<size_t>(file.gcount()));
  return text;
}

Status write_file(const fs::path& path, const std::string& text) {
  make_private_folder(path.parent_path());
  FATHOM_TRY(file, AtomicFile::create(path));
  FATHOM_CHECK(file.write(std::as_bytes(std::span(text))));
  return file.commit();
}

}  // namespace

void AcceptanceCounts::add(const AcceptanceCounts& other) {
  for (const AcceptanceField& field : kAcceptanceFields) this->*field.count += other.*field.count;
}

Acceptance::Acceptance(const Options& options, Log& log) : options_(options), log_(log) {
  if (!options_.file.empty()) thread_ = std::thread([this] { run(); });
}

Acceptance::~Acceptance() {
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
  }
  woken_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void Acceptance::add(std::string_view language, uint64_t AcceptanceCounts::*count) {
  const std::lock_guard lock(mutex_);
  ++(news_[std::string(language)].*count);
}

AcceptanceByLanguage Acceptance::counts() const {
  const std::lock_guard lock(mutex_);
  AcceptanceByLanguage sum = saved_;
  completion::add(sum, news_);
  return sum;
}

void Acceptance::run() {
  bool ending = false;
  write({});
  while (!ending) {
    AcceptanceByLanguage news;
    {
      std::unique_lock lock(mutex_);
      woken_.wait_for(lock, options_.delay, [this] { return ending_; });
      ending = ending_;
      news = news_;
    }
    if (!news.empty()) write(news);
  }
}

/// Adds `news` to the file and takes from it what others have added.
void Acceptance::write(const AcceptanceByLanguage& news) {
  AcceptanceByLanguage all = parse(read_file(options_.file).value_or(""));
  completion::add(all, news);
  if (!news.empty()) {
    if (const Status written = write_file(options_.file, text_of(all)); !written)
      return log_.warning("statistics are not saved: {}", written.error().message);
  }
  const std::lock_guard lock(mutex_);
  saved_ = std::move(all);
  // What was counted while the file was written stays news.
  for (const auto& [language, counts] : news) {
    AcceptanceCounts& rest = news_[language];
    for (const AcceptanceField& field : kAcceptanceFields) rest.*field.count -= counts.*field.count;
  }
  std::erase_if(news_, [](const auto& entry) { return entry.second == AcceptanceCounts(); });
}

fs::path statistics_file() { return user_state_path("statistics.json"); }

}  // namespace fathom::completion
