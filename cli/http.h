/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_HTTP_H
#define CLI_HTTP_H
/* One HTTP connection to the server, over libcurl. Redirects are not followed
 * (the API key would go along), only http and https are spoken, and a reply
 * has a cap. */
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "cli/config.h"

struct cli_session;

#define CLI_REPLY_MAX (16u * 1024 * 1024) /* JSON: a page of 1000 objects is under 2 MiB */
#define CLI_FILE_MAX \
  (1024u * 1024 * 1024) /* what CoAP's Block2 numbers can address at 1024 bytes */

struct cli_http_request {
  const char *method;
  const char *path; /* from the slash on, escaped, query included */
  const void *body; /* borrowed; NULL for none */
  size_t body_size;
  const char *content_type;    /* of the body */
  bool progress;               /* a bar on standard error where that is a terminal */
  FILE *sink;                  /* a good reply's body goes here instead of into memory */
  unsigned long long sink_max; /* its bytes at most; 0: CLI_FILE_MAX */
  /* A good reply's body goes here piece by piece; false ends it, which is no
   * error. NULL: not so. */
  bool (*take)(void *context, const char *data, size_t size);
  void *take_context;
  /* Where the reply says how many things it holds (x-total-count) and not how
   * many bytes: counts those that have come. NULL: the bar is of bytes. */
  long long (*count)(void *context);
  void *count_context;
  const char *counted; /* what they are: "captures" */
};

/* An export has no end but the disk's; this is one for a server that never
 * stops. A million captures of a second are 32 GB. */
#define CLI_EXPORT_MAX (256ull * 1024 * 1024 * 1024)

struct cli_http_reply {
  long status;
  char *body; /* malloc'd, NUL behind it; NULL when empty or sent to the sink */
  size_t size;
  size_t sunk;                 /* bytes given to the sink */
  char session[CLI_TOKEN_MAX]; /* the session's cookie, where the reply sets one */
};

/* CLI_OK: there is a reply, whatever its status; free it. Otherwise there was
 * none, and why is printed. */
int cli_http_send(struct cli_session *session, const struct cli_http_request *request,
                  struct cli_http_reply *reply);
void cli_http_reply_free(struct cli_http_reply *reply);
void cli_http_close(struct cli_session *session);

#endif
