#include "server.h"

#include <stdlib.h>

struct server {
  int port;
  int backlog;
};

struct server *server_create(int port, int backlog) {
  struct server *server = malloc(sizeof *server);
  server->port = port;
  server->backlog = backlog;
  return server;
}
