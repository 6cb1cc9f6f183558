#pragma once

#include "http/http.h"

/*
 * The simulated cloud seen from another process: a socket pair that carries requests one at a time,
 * each as a length and its parts. The cloud lives on when the client is killed, and finds out what
 * was under way then.
 */

/* The client's side, with points to die at before a request leaves and after it has left. Given for
 * the life of the process. A cloud that hangs up ends the process. */
struct transport wire_transport(int fd);

/* The cloud's side. Takes one request; false when the client has hung up. Texts in arena. */
bool wire_take(int fd, struct arena *arena, struct http_request *out);
/* Carries it out; what the client is to be told, in arena. */
struct http_response wire_handle(struct transport cloud, const struct http_request *req,
                                 struct arena *arena);
/* A client that is gone is nobody's mistake. */
void wire_answer(int fd, const struct http_response *res);
