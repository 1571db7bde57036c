/* SPDX-License-Identifier: Apache-2.0 */
/* The links that `godwit server` prints. */
#include <stdlib.h>
#include <string.h>

#include "tests/unit/server/app/server_process.h"

static struct server_process s;

/* What stands behind #/link/ in what it printed; "": nothing. */
static const char *printed_token(void) {
  static char token[80];
  const char *at = strstr(s.output, "/#/link/");
  snprintf(token, sizeof(token), "%.64s", at == NULL ? "" : at + strlen("/#/link/"));
  return token;
}

static long use(const char *token, json_t **account) {
  char body[128];
  int size = snprintf(body, sizeof(body), "{\"token\":\"%s\"}", token);
  const struct http_answer *answer =
      http_send(&s, &(struct http_request){.method = "POST",
                                           .path = "/v1/session/link",
                                           .body = body,
                                           .size = (size_t)size,
                                           .key = ""});
  if (account != NULL) {
    *account = json_incref(json_object_get(json_object_get(answer->document, "data"), "account"));
  }
  return answer->status;
}

TEST(the_first_start_prints_a_link_that_signs_an_admin_of_the_server_in_once) {
  json_t *account = NULL;
  server_start(&s, NULL, NULL);
  assert_non_null(strstr(s.output, "\"event\":\"signInLink\""));
  assert_int_equal(strlen(printed_token()), 64);
  assert_int_equal(use(printed_token(), &account), 200);
  assert_true(json_is_true(json_object_get(account, "serverAdmin")));
  assert_true(json_is_false(json_object_get(account, "hasPassword")));
  json_decref(account);
  assert_int_equal(use(printed_token(), NULL), 401);
  server_stop(&s);
}

TEST(as_long_as_nobody_has_a_password_each_start_prints_a_new_link_and_the_old_is_void) {
  char first[80];
  server_start(&s, NULL, NULL);
  snprintf(first, sizeof(first), "%s", printed_token());
  server_stop(&s);
  server_start(&s, NULL, NULL);
  assert_string_not_equal(first, printed_token());
  assert_int_equal(use(first, NULL), 401);
  assert_int_equal(use(printed_token(), NULL), 200);
  server_stop(&s);
}

TEST(a_link_for_a_lost_password_can_be_had_and_for_nobody_not) {
  server_start(&s, NULL, NULL);
  server_stop(&s);
  server_start(&s, NULL,
               (const char *[]){"--new-link", "Admin@localhost", "--public-url",
                                "http://localhost/models", NULL});
  assert_non_null(strstr(s.output, "http://localhost/models/#/link/"));
  assert_int_equal(use(printed_token(), NULL), 200);
  server_stop(&s);
  assert_int_equal(server_run(&s, NULL, (const char *[]){"--new-link", "eve@example.com", NULL}),
                   1);
  char *errors = server_errors(&s);
  if (strstr(errors, "there are: admin@localhost") == NULL) fail_msg("%s", errors);
  free(errors);
}
