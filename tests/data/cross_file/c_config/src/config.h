#ifndef CONFIG_H
#define CONFIG_H

#include <stdbool.h>
#include <stddef.h>

#define CONFIG_MAX_ENTRIES 64

struct config_entry {
  char key[32];
  char value[96];
};

struct config {
  struct config_entry entries[CONFIG_MAX_ENTRIES];
  size_t n_entries;
};

/* Returns the number of the first line that is no entry, or 0. */
int config_load(struct config *config, const char *path);
const char *config_get(const struct config *config, const char *key, const char *fallback);
int config_get_int(const struct config *config, const char *key, int fallback);
bool config_get_bool(const struct config *config, const char *key, bool fallback);

#endif
