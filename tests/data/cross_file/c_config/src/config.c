#include "config.h"

#include <stdlib.h>
#include <string.h>

const char *config_get(const struct config *config, const char *key, const char *fallback) {
  for (size_t i = 0; i < config->n_entries; ++i)
    if (strcmp(config->entries[i].key, key) == 0) return config->entries[i].value;
  return fallback;
}

int config_get_int(const struct config *config, const char *key, int fallback) {
  const char *value = config_get(config, key, NULL);
  return value ? atoi(value) : fallback;
}
