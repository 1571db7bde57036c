/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "server/app/options.h"
#include "tests/support/test.h"

static int parse(struct srv_options *options, int argc, const char *const *argv) {
  return srv_options_parse(options, argc, (char **)(uintptr_t)argv);
}
#define PARSE(...)                                                                         \
  parse(&options, (int)(sizeof((const char *[]){"server", __VA_ARGS__}) / sizeof(char *)), \
        (const char *[]){"server", __VA_ARGS__, NULL})

TEST(without_options_the_server_has_the_usual_ports_and_http_stays_on_this_machine) {
  struct srv_options options;
  const char *argv[] = {"server", NULL};
  assert_int_equal(parse(&options, 1, argv), 0);
  assert_int_equal(options.coap_port, 5684);
  assert_int_equal(options.http_port, 8080);
  assert_string_equal(options.http_bind, "127.0.0.1");
  assert_null(options.coap_bind);
  assert_int_equal(options.download_rate, 50);
}

TEST(options_are_taken) {
  struct srv_options options;
  assert_int_equal(PARSE("--data", "/x", "--coap-port=0", "--http-port", "65535", "--json-log",
                         "--log-level", "debug", "--http-bind", "::1", "--download-rate", "7"),
                   0);
  assert_string_equal(options.data, "/x");
  assert_int_equal(options.coap_port, 0);
  assert_int_equal(options.http_port, 65535);
  assert_true(options.json_log);
  assert_int_equal(options.log_level, SRV_LOG_DEBUG);
  assert_int_equal(options.download_rate, 7);
}

TEST(a_wrong_command_line_is_exit_code_2) {
  struct srv_options options;
  assert_int_equal(PARSE("--nonsense"), 2);
  assert_int_equal(PARSE("word"), 2);
  assert_int_equal(PARSE("--data"), 2);
  assert_int_equal(PARSE("--data", ""), 2);
  assert_int_equal(PARSE("--coap-port", "65536"), 2);
  assert_int_equal(PARSE("--http-port", "-1"), 2);
  assert_int_equal(PARSE("--http-port", "80x"), 2);
  assert_int_equal(PARSE("--log-level", "loud"), 2);
  assert_int_equal(PARSE("--download-rate", "0"), 2);
  assert_int_equal(PARSE("--download-rate", "-5"), 2);
  assert_int_equal(PARSE("--download-rate", "fast"), 2);
  assert_int_equal(PARSE("--download-rate", "1000001"), 2);
}

TEST(other_machines_are_let_in_with_tls_or_in_so_many_words) {
  struct srv_options options;
  assert_int_equal(PARSE("--http-bind", "0.0.0.0"), 2);
  assert_int_equal(PARSE("--http-bind", "::"), 2);
  assert_int_equal(PARSE("--http-bind", "192.168.1.2", "--public-url", "https://x.example"), 2);
  assert_int_equal(PARSE("--http-bind", "0.0.0.0", "--tls-cert", "c"), 2);
  assert_int_equal(PARSE("--tls-key", "k"), 2);
  assert_int_equal(PARSE("--tls-cert", "c", "--tls-key", "k", "--http-insecure"), 2);
  assert_int_equal(PARSE("--tls-cert", "c", "--tls-key", "k", "--public-url", "http://x"), 2);
  assert_int_equal(PARSE("--public-url", "models.example"), 2);
  assert_int_equal(PARSE("--http-bind", "0.0.0.0", "--http-insecure"), 0);
  assert_true(options.http_insecure);
  assert_int_equal(PARSE("--http-bind", "::", "--tls-cert", "c", "--tls-key", "k"), 0);
  assert_string_equal(options.tls_cert, "c");
  assert_int_equal(PARSE("--http-bind", "127.0.0.9"), 0);
}

TEST(names_are_collected_up_to_a_limit) {
  struct srv_options options;
  assert_int_equal(PARSE("--http-host", "a", "--http-host", "b"), 0);
  assert_string_equal(options.http_hosts[0], "a");
  assert_string_equal(options.http_hosts[1], "b");
  assert_null(options.http_hosts[2]);
#define H "--http-host", "x"
  assert_int_equal(PARSE(H, H, H, H, H, H, H, H), 0);
  assert_int_equal(PARSE(H, H, H, H, H, H, H, H, H), 2);
}

TEST(help_names_every_option_and_teaches_the_first_steps) {
  char *text = NULL;
  size_t size = 0;
  FILE *out = open_memstream(&text, &size);
  srv_options_help(out);
  fclose(out);
  static const char *const wanted[] = {
      "--data",          "--coap-port",  "--coap-bind",   "--http-port",  "--http-bind",
      "--log-level",     "--json-log",   "--new-api-key", "--tls-cert",   "--tls-key",
      "--http-insecure", "--public-url", "--http-host",   "godwit login", "godwit release create"};
  for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++) {
    if (strstr(text, wanted[i]) == NULL) fail_msg("%s", wanted[i]);
  }
  free(text);
}
