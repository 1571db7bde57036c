/* SPDX-License-Identifier: Apache-2.0 */
/* CAs that a project trusts or signs with, and revoked certificates. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cli/api.h"
#include "cli/output.h"
#include "cli/verbs.h"

#define FILE_MAX 16384u

/* --- base64, as certificates travel ------------------------------------------- */

static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

static json_t *to_base64(const unsigned char *data, size_t size) {
  char *text = malloc(size / 3 * 4 + 5), *end = text;
  if (text == NULL) return NULL;
  for (size_t i = 0; i < size; i += 3) {
    size_t left = size - i;
    unsigned bits = (unsigned)data[i] << 16 | (left > 1 ? (unsigned)data[i + 1] << 8 : 0) |
                    (left > 2 ? data[i + 2] : 0u);
    *end++ = digits[bits >> 18];
    *end++ = digits[bits >> 12 & 63];
    *end++ = left > 1 ? digits[bits >> 6 & 63] : '=';
    *end++ = left > 2 ? digits[bits & 63] : '=';
  }
  *end = '\0';
  json_t *string = json_string(text);
  free(text);
  return string;
}

/* What to_base64 makes, back; the length. out: as long as the text. */
static size_t from_base64(const char *text, char *out) {
  unsigned bits = 0, count = 0;
  size_t size = 0;
  for (; *text != '\0' && *text != '='; text++) {
    const char *digit = strchr(digits, *text);
    if (digit == NULL) continue;
    bits = bits << 6 | (unsigned)(digit - digits);
    count += 6;
    if (count < 8) continue;
    count -= 8;
    out[size++] = (char)(bits >> count);
  }
  return size;
}

static int add_file(struct cli_session *session, const char *path, json_t *body) {
  void *data;
  size_t size;
  int status = cli_read_file(session, path, FILE_MAX, &data, &size);
  if (status != CLI_OK) return status;
  json_object_set_new(body, "certFile", to_base64(data, size));
  free(data);
  return CLI_OK;
}

/* --output: the certificate as a PEM file. */
static int write_file(struct cli_session *session, const json_t *certificate) {
  const char *path = cli_option(session, "output"), *text = cli_text(certificate, "certFile");
  if (path == NULL) return CLI_OK;
  char *pem = malloc(strlen(text) + 1);
  if (pem == NULL) return cli_fail(session, "out of memory");
  size_t size = from_base64(text, pem);
  FILE *file = fopen(path, "w");
  bool well = file != NULL && fwrite(pem, 1, size, file) == size;
  if (file != NULL && fclose(file) != 0) well = false;
  free(pem);
  if (well) return CLI_OK;
  return cli_fail(session, "cannot write %s: %s", path, strerror(errno));
}

/* --- CAs --------------------------------------------------------------------------- */

static void print_ca(struct cli_session *session, const json_t *ca) {
  char time[64];
  cli_fact(session, "id", "%s", cli_text(ca, "id"));
  cli_fact(session, "subject", "%s", cli_text(ca, "subject"));
  cli_fact(session, "type", "%s", cli_text(ca, "certType"));
  cli_fact(session, "fingerprint", "%s", cli_text(ca, "fingerprint"));
  cli_fact(session, "valid from", "%s",
           cli_format_time(time, sizeof time, cli_text(ca, "notBefore")));
  cli_fact(session, "valid to", "%s", cli_format_time(time, sizeof time, cli_text(ca, "notAfter")));
  cli_fact(session, "signs here", "%s",
           json_is_true(json_object_get(ca, "canSign")) ? "yes" : "no");
  fflush(session->out);
  if (cli_text(ca, "warning")[0] != '\0') cli_warn(session, "%s", cli_text(ca, "warning"));
}

static int show_ca(struct cli_session *session, json_t *ca) {
  int status = write_file(session, ca);
  if (session->json)
    cli_print_json(session, ca);
  else
    print_ca(session, ca);
  json_decref(ca);
  return status;
}

static int set_days(struct cli_session *session, json_t *body) {
  const char *text = cli_option(session, "days");
  char *end;
  if (text == NULL) return CLI_OK;
  long days = strtol(text, &end, 10);
  if (text[0] < '0' || text[0] > '9' || *end != '\0')
    return cli_misuse(session, "--days %s: it is a number", text);
  json_object_set_new(body, "days", json_integer(days));
  return CLI_OK;
}

int cli_ca_create(struct cli_session *session) {
  struct cli_address address;
  json_t *data, *body = json_object();
  if (cli_option(session, "name") != NULL)
    json_object_set_new(body, "name", json_string(cli_option(session, "name")));
  int status = set_days(session, body);
  if (status != CLI_OK) {
    json_decref(body);
    return status;
  }
  cli_address_init(&address, session, "/ca");
  status = cli_api_send(session, "POST", &address, body, &data);
  return status == CLI_OK ? show_ca(session, data) : status;
}

int cli_certificate_add(struct cli_session *session) {
  struct cli_address address;
  json_t *data, *body = json_object();
  const char *type = cli_switch(session, "intermediate") ? "intermediate" : "root";
  json_object_set_new(body, "certType", json_string(type));
  int status = add_file(session, cli_argument(session, 0), body);
  if (status != CLI_OK) {
    json_decref(body);
    return status;
  }
  cli_address_init(&address, session, "/certificates");
  status = cli_api_send(session, "POST", &address, body, &data);
  return status == CLI_OK ? show_ca(session, data) : status;
}

int cli_certificate_show(struct cli_session *session) {
  struct cli_address address;
  json_t *data;
  cli_address_init(&address, session, "/certificates");
  cli_address_step(&address, cli_argument(session, 0));
  int status = cli_api_get(session, &address, &data);
  return status == CLI_OK ? show_ca(session, data) : status;
}

int cli_certificate_delete(struct cli_session *session) {
  struct cli_address address;
  cli_address_init(&address, session, "/certificates");
  cli_address_step(&address, cli_argument(session, 0));
  return cli_delete(session, &address, "CA", cli_argument(session, 0));
}

/* --- tables ------------------------------------------------------------------------- */

int cli_certificate_list(struct cli_session *session) {
  static const struct cli_column columns[] = {{"SUBJECT", "subject", CLI_CELL_TEXT},
                                              {"TYPE", "certType", CLI_CELL_TEXT},
                                              {"SIGNS HERE", "canSign", CLI_CELL_TEXT},
                                              {"VALID TO", "notAfter", CLI_CELL_TIME},
                                              {"FINGERPRINT", "fingerprint", CLI_CELL_DIGEST},
                                              {"ID", "id", CLI_CELL_TEXT},
                                              {0}};
  struct cli_address address;
  cli_address_init(&address, session, "/certificates");
  return cli_list(session, &address, columns);
}

int cli_certificate_device(struct cli_session *session) {
  static const struct cli_column columns[] = {
      {"SERIAL NUMBER", "serialNumber", CLI_CELL_TEXT}, {"ISSUED HERE", "issued", CLI_CELL_TEXT},
      {"VALID TO", "notAfter", CLI_CELL_TIME},          {"LAST USED", "lastUsed", CLI_CELL_TIME},
      {"FINGERPRINT", "fingerprint", CLI_CELL_DIGEST},  {0}};
  struct cli_address address;
  char id[CLI_ID_MAX + 1];
  int status = cli_find_id(session, &cli_kind_device, cli_argument(session, 0), id);
  if (status != CLI_OK) return status;
  cli_address_init(&address, session, "/devices");
  cli_address_step(&address, id);
  cli_address_plain(&address, "/certificates");
  return cli_list(session, &address, columns);
}

/* --- revocation ----------------------------------------------------------------------- */

int cli_certificate_revoked(struct cli_session *session) {
  static const struct cli_column columns[] = {{"SERIAL NUMBER", "serialNumber", CLI_CELL_TEXT},
                                              {"FINGERPRINT", "fingerprint", CLI_CELL_DIGEST},
                                              {"ID", "id", CLI_CELL_TEXT},
                                              {0}};
  struct cli_address address;
  cli_address_init(&address, session, "/revoked-certificates");
  return cli_list(session, &address, columns);
}

static int revoke_device(struct cli_session *session, const char *device) {
  struct cli_address address;
  char id[CLI_ID_MAX + 1];
  json_t *data;
  int status = cli_find_id(session, &cli_kind_device, device, id);
  if (status != CLI_OK) return status;
  cli_address_init(&address, session, "/devices");
  cli_address_step(&address, id);
  cli_address_plain(&address, "/revoke-certificates");
  status = cli_api_send(session, "POST", &address, json_object(), &data);
  if (status != CLI_OK) return status;
  if (session->json)
    cli_print_json(session, data);
  else
    cli_fact(session, "revoked", "%d", (int)json_integer_value(json_object_get(data, "revoked")));
  json_decref(data);
  return CLI_OK;
}

static int revoke_one(struct cli_session *session, const char *serial, const char *fingerprint,
                      const char *file) {
  struct cli_address address;
  json_t *data, *body = json_object();
  int status = CLI_OK;
  if (serial != NULL) json_object_set_new(body, "serialNumber", json_string(serial));
  if (fingerprint != NULL) json_object_set_new(body, "fingerprint", json_string(fingerprint));
  if (file != NULL) status = add_file(session, file, body);
  if (status != CLI_OK) {
    json_decref(body);
    return status;
  }
  cli_address_init(&address, session, "/revoked-certificates");
  status = cli_api_send(session, "POST", &address, body, &data);
  if (status != CLI_OK) return status;
  if (session->json) {
    cli_print_json(session, data);
  } else {
    const char *by = cli_text(data, "fingerprint");
    cli_fact(session, "revoked", "%s", by[0] != '\0' ? by : cli_text(data, "serialNumber"));
    cli_fact(session, "id", "%s", cli_text(data, "id"));
  }
  json_decref(data);
  return CLI_OK;
}

int cli_certificate_revoke(struct cli_session *session) {
  const char *serial = cli_option(session, "serial"), *device = cli_option(session, "device"),
             *fingerprint = cli_option(session, "fingerprint"), *file = cli_option(session, "file");
  int given = (serial != NULL) + (device != NULL) + (fingerprint != NULL) + (file != NULL);
  if (given != 1)
    return cli_misuse(session, "say which: one of --file, --serial, --fingerprint and --device");
  return device != NULL ? revoke_device(session, device)
                        : revoke_one(session, serial, fingerprint, file);
}

int cli_certificate_restore(struct cli_session *session) {
  struct cli_address address;
  cli_address_init(&address, session, "/revoked-certificates");
  cli_address_step(&address, cli_argument(session, 0));
  return cli_delete(session, &address, "revocation", cli_argument(session, 0));
}

/* --- the project's switches --------------------------------------------------------------- */

static int set_number(struct cli_session *session, json_t *body, const char *option,
                      const char *member) {
  const char *text = cli_option(session, option);
  char *end;
  if (text == NULL) return CLI_OK;
  long number = strtol(text, &end, 10);
  if (text[0] < '0' || text[0] > '9' || *end != '\0')
    return cli_misuse(session, "--%s %s: it is a number", option, text);
  json_object_set_new(body, member, json_integer(number));
  return CLI_OK;
}

static int project_body(struct cli_session *session, json_t *body) {
  const char *provision = cli_option(session, "auto-provision");
  if (provision != NULL && strcmp(provision, "on") != 0 && strcmp(provision, "off") != 0)
    return cli_misuse(session, "--auto-provision %s: it is on or off", provision);
  if (provision != NULL)
    json_object_set_new(body, "autoProvision", json_boolean(strcmp(provision, "on") == 0));
  if (cli_option(session, "name") != NULL)
    json_object_set_new(body, "name", json_string(cli_option(session, "name")));
  int status = set_number(session, body, "auto-provision-max", "autoProvisionMax");
  if (status == CLI_OK) status = set_number(session, body, "certificate-days", "certificateDays");
  if (status == CLI_OK && json_object_size(body) == 0)
    status = cli_misuse(session, "nothing to set; see `godwit project set --help`");
  return status;
}

int cli_project_set(struct cli_session *session) {
  struct cli_address address;
  json_t *data, *body = json_object();
  const char *id = cli_argument(session, 0);
  int status = project_body(session, body);
  if (status != CLI_OK) {
    json_decref(body);
    return status;
  }
  cli_address_init_plain(&address, "projects");
  cli_address_step(&address, id != NULL ? id : session->config.project);
  status = cli_api_send(session, "PATCH", &address, body, &data);
  if (status != CLI_OK) return status;
  if (session->json) {
    cli_print_json(session, data);
  } else {
    cli_fact(session, "project", "%s", cli_text(data, "id"));
    cli_fact(session, "auto-provision", "%s",
             json_is_true(json_object_get(data, "autoProvision")) ? "on" : "off");
    cli_fact(session, "made so", "%d of %d",
             (int)json_integer_value(json_object_get(data, "autoProvisioned")),
             (int)json_integer_value(json_object_get(data, "autoProvisionMax")));
    cli_fact(session, "certificate days", "%d",
             (int)json_integer_value(json_object_get(data, "certificateDays")));
  }
  json_decref(data);
  return CLI_OK;
}
