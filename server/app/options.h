/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SERVER_APP_OPTIONS_H
#define SERVER_APP_OPTIONS_H
/* The command line of `godwit server`. Texts borrow argv. */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "cli/command.h"
#include "server/core/log.h"

#define SRV_HTTP_HOSTS_MAX 8

struct srv_options {
  const char *data;
  const char *coap_bind;
  uint16_t coap_port;
  const char *http_bind;
  uint16_t http_port;
  const char *tls_cert; /* both or neither */
  const char *tls_key;
  bool http_insecure; /* other machines may come without TLS */
  const char *public_url;
  const char *http_hosts[SRV_HTTP_HOSTS_MAX + 1]; /* NULL-terminated */
  const char *dtls_cert;                          /* both or neither */
  const char *dtls_key;
  const char *csr_command;
  uint32_t download_rate; /* devices that begin in a second */
  enum srv_log_level log_level;
  bool json_log;
  bool new_api_key;
  const char *new_link; /* an e-mail; NULL: none */
  bool no_virtual_devices;
  bool help;
  bool version;
};

/* 0, or 2 with one line on stderr that says what was wrong. */
int srv_options_parse(struct srv_options *options, int argc, char **argv);
void srv_options_help(FILE *out);
/* The same for the CLI's manual pages and completion. */
const struct cli_option *srv_options_table(void);
#endif
