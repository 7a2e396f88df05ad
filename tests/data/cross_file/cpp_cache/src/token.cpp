#include "token.h"

#include <random>

std::string random_token(int n_bytes) {
  std::random_device device;
  std::string token;
  for (int i = 0; i < n_bytes; ++i) token += "0123456789abcdef"[device() % 16];
  return token;
}

bool is_well_formed(const std::string& token) { return token.size() >= 16; }
