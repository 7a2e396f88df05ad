#ifndef SERVER_H
#define SERVER_H

struct server;

struct server *server_create(int port, int backlog);
int server_run(struct server *server);
void server_destroy(struct server *server);

#endif
