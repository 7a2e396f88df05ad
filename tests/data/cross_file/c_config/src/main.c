#include <stdio.h>

#include "config.h"
#include "log.h"
#include "server.h"

int main(int argc, char **argv) {
  struct config config = {0};
  const int bad_line = config_load(&config, argc > 1 ? argv[1] : "server.conf");
  if (bad_line > 0) {
    log_error("line %d is no entry", bad_line);
    return 2;
  }
  const int port = config_get_int($0
  struct server *server = server_create(port, 16);
  const int result = server_run(server);
  server_destroy(server);
  return result;
}
