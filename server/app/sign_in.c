/* SPDX-License-Identifier: Apache-2.0 */
#include "server/app/sign_in.h"

#include <stdio.h>
#include <string.h>

#include "server/core/account.h"
#include "server/core/changes.h"
#include "server/core/session.h"

static int fail(struct srv_core *core, int status, char error[SRV_ERROR_MAX]) {
  if (status == SRV_OK) return SRV_OK;
  snprintf(error, SRV_ERROR_MAX, "cannot make a link to sign in: %s", srv_core_error(core));
  return status;
}

/* In the audit log it is the server's: whoever can start it may do anything. */
static int make(struct srv_core *core, const char *url, const struct srv_account *account,
                int64_t life_us, char out[SRV_SIGN_IN_LINK_MAX], char error[SRV_ERROR_MAX]) {
  static const struct srv_actor server = {.type = "server", .name = "godwit server"};
  char token[SRV_TOKEN_LENGTH + 1];
  struct srv_link link;
  size_t length = strlen(url);
  if (length > 0 && url[length - 1] == '/') length--;
  int status = srv_core_create_link(core, account->id, life_us, token, &link);
  if (status != SRV_OK) return fail(core, status, error);
  snprintf(out, SRV_SIGN_IN_LINK_MAX, "%.*s/#/link/%s", (int)length, url, token);
  explicit_bzero(token, sizeof(token));
  srv_core_set_actor(core, &server);
  srv_core_audit_note(core, "makeLink", "account", account->id, account->email, "");
  srv_core_set_actor(core, NULL);
  return SRV_OK;
}

int srv_sign_in_first(struct srv_core *core, const char *url, char out[SRV_SIGN_IN_LINK_MAX],
                      char error[SRV_ERROR_MAX]) {
  bool needed = false;
  struct srv_account account;
  out[0] = 0;
  int status = srv_core_needs_setup(core, &needed);
  if (status != SRV_OK || !needed) return fail(core, status, error);
  status = srv_core_first_admin(core, &account);
  if (status != SRV_OK) return fail(core, status, error);
  return make(core, url, &account, 0, out, error);
}

struct names {
  char *text;
  size_t size, length;
};

static void add_name(void *context, const void *row) {
  struct names *names = context;
  const struct srv_account *account = row;
  int written = snprintf(names->text + names->length, names->size - names->length, "%s%s",
                         names->length == 0 ? "" : ", ", account->email);
  names->length += (size_t)written;
  if (names->length >= names->size) names->length = names->size - 1;
}

int srv_sign_in_new(struct srv_core *core, const char *url, const char *email,
                    char out[SRV_SIGN_IN_LINK_MAX], char error[SRV_ERROR_MAX]) {
  char text[128] = "";
  struct srv_account account;
  struct srv_query all = {.limit = 20};
  struct names names = {.text = text, .size = sizeof(text)};
  out[0] = 0;
  int status = srv_core_find_account(core, email, &account);
  if (status == SRV_OK) return make(core, url, &account, SRV_LINK_LIFE_US, out, error);
  if (status != SRV_ERR_NOT_FOUND) return fail(core, status, error);
  srv_core_list(core, SRV_ACCOUNT, &all, add_name, &names, NULL);
  snprintf(error, SRV_ERROR_MAX, "--new-link %.64s: there is no such account; there %s: %s", email,
           text[0] == 0 ? "is none" : "are", text);
  return status;
}
