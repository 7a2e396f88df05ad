#include "completion/active_requests.h"

#include <algorithm>

namespace fathom::completion {

ActiveRequests::Ticket ActiveRequests::add(const DocumentId& document, const CancelToken& own,
                                           Purpose purpose) {
  CancelSource source(own);
  active_.emplace(++last_id_, Active{source, document, purpose});
  return {last_id_, source.token()};
}

ActiveRequests::Ticket ActiveRequests::begin_latest(const DocumentId& document,
                                                    const CancelToken& own) {
  const std::lock_guard lock(mutex_);
  if (const auto latest = latest_.find(document); latest != latest_.end())
    active_.at(latest->second).source.cancel();
  const Ticket ticket = add(document, own, Purpose::answer);
  latest_[document] = ticket.id;
  return ticket;
}

ActiveRequests::Ticket ActiveRequests::begin(const DocumentId& document, const CancelToken& own) {
  const std::lock_guard lock(mutex_);
  return add(document, own, Purpose::answer);
}

std::optional<ActiveRequests::Ticket> ActiveRequests::begin_speculation(const DocumentId& document,
                                                                        Purpose purpose,
                                                                        uint64_t after) {
  const std::lock_guard lock(mutex_);
  if (closing_) return std::nullopt;
  if (const auto latest = latest_.find(document); latest != latest_.end()) {
    Active& other = active_.at(latest->second);
    const bool gives_way = purpose == Purpose::warm_up && other.purpose == Purpose::warm_up;
    if (latest->second == after) {
      other.is_ending = true;
    } else if (gives_way) {
      other.source.cancel();
    } else {
      return std::nullopt;
    }
  }
  const Ticket ticket = add(document, {}, purpose);
  latest_[document] = ticket.id;
  return ticket;
}

void ActiveRequests::end(uint64_t id) {
  // Notifies under the lock: once it is released, the waiter may destroy this object.
  const std::lock_guard lock(mutex_);
  const auto active = active_.find(id);
  const auto latest = latest_.find(active->second.document);
  if (latest != latest_.end() && latest->second == id) latest_.erase(latest);
  active_.erase(active);
  ended_.notify_all();
}

bool ActiveRequests::any_wanted() const {
  const std::lock_guard lock(mutex_);
  return std::ranges::any_of(active_,
                             [](const auto& a) { return a.second.purpose == Purpose::answer; });
}

bool ActiveRequests::is_alone(uint64_t id) const {
  const std::lock_guard lock(mutex_);
  return std::ranges::all_of(active_, [id](const auto& entry) {
    const Active& active = entry.second;
    return entry.first == id || active.is_ending || active.source.token().cancelled();
  });
}

void ActiveRequests::cancel_speculation(const DocumentId& document) {
  const std::lock_guard lock(mutex_);
  const auto latest = latest_.find(document);
  if (latest == latest_.end()) return;
  Active& active = active_.at(latest->second);
  if (active.purpose != Purpose::answer) active.source.cancel();
}

void ActiveRequests::cancel_latest(const DocumentId& document) {
  const std::lock_guard lock(mutex_);
  if (const auto latest = latest_.find(document); latest != latest_.end())
    active_.at(latest->second).source.cancel();
}

void ActiveRequests::cancel_client(uint64_t client) {
  const std::lock_guard lock(mutex_);
  for (auto& [id, active] : active_)
    if (active.document.client == client) active.source.cancel();
}

void ActiveRequests::cancel_all_and_wait() {
  std::unique_lock lock(mutex_);
  closing_ = true;
  for (auto& [id, active] : active_) active.source.cancel();
  ended_.wait(lock, [this] { return active_.empty(); });
}

}  // namespace fathom::completion
