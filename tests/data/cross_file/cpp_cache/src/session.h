#pragma once

#include <cstdint>
#include <string>

#include "lru_cache.h"

struct Session {
  std::string user;
  int64_t expires_at = 0;
};

class SessionStore {
 public:
  explicit SessionStore(size_t capacity) : sessions_(capacity) {}
  /// "" if there is none, or if it has expired.
  std::string user_of(const std::string& token, int64_t now);
  void start(std::string token, Session session);

 private:
  LruCache<std::string, Session> sessions_;
};
