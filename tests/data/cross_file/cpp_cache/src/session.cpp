#include "session.h"

#include "token.h"

std::string SessionStore::user_of(const std::string& token, int64_t now) {
  if (!is_well_formed(token)) return "";
  const auto session = sessions_.$0
  if (!session || session->expires_at <= now) return "";
  return session->user;
}

void SessionStore::start(std::string token, Session session) {
  sessions_.insert(std::move(token), std::move(session));
}
