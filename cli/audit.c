/* SPDX-License-Identifier: Apache-2.0 */
/* What went on: who changed what, and live events. */
#include <stdlib.h>
#include <string.h>

#include "cli/api.h"
#include "cli/output.h"
#include "cli/verbs.h"
#include "cli/words.h"

/* "ada@example.org" or "API key ci". */
static void describe_actor(char *out, size_t size, const json_t *actor) {
  const char *type = cli_text(actor, "type");
  snprintf(out, size, "%s%s", strcmp(type, "apiKey") == 0 ? "key " : "",
           cli_text(actor, "name")[0] != 0 ? cli_text(actor, "name") : type);
}

/* "rollout: false -> true, ..." of what changed. */
static char *describe_change(const json_t *entry) {
  json_t *before = json_object_get(entry, "before"), *after = json_object_get(entry, "after");
  const char *member;
  json_t *value;
  if (!json_is_object(after)) return NULL;
  if (!json_is_object(before)) return cli_json_line(after);
  json_t *change = json_object();
  json_object_foreach(after, member, value) {
    json_t *old = json_object_get(before, member);
    json_object_set_new(change, member,
                        json_pack("[O, O]", old != NULL ? old : json_null(), value));
  }
  char *line = cli_json_line(change);
  json_decref(change);
  return line;
}

static void print_audit(struct cli_session *session, const json_t *list) {
  static const char *const heading[] = {"TIME", "WHO", "WHAT", "OBJECT", "CHANGE (BEFORE, AFTER)"};
  struct cli_table table;
  json_t *entry;
  size_t i;
  cli_table_init(&table, heading, sizeof heading / sizeof heading[0]);
  json_array_foreach(list, i, entry) {
    char time[64], who[160];
    const char *name = cli_text(entry, "objectName");
    char *change = describe_change(entry);
    describe_actor(who, sizeof who, json_object_get(entry, "actor"));
    cli_table_add(&table, cli_format_time(time, sizeof time, cli_text(entry, "time")));
    cli_table_add(&table, who);
    cli_table_addf(&table, "%s %s", cli_text(entry, "action"), cli_text(entry, "kind"));
    cli_table_add(&table, name[0] != 0 ? name : cli_text(entry, "objectId"));
    if (change != NULL) {
      cli_table_addf(&table, "%.120s%s", change, strlen(change) > 120 ? "..." : "");
    } else {
      cli_table_add(&table, NULL);
    }
    free(change);
  }
  cli_table_print(session, &table);
}

int cli_audit(struct cli_session *session) {
  struct cli_address address;
  char start[CLI_TIME_SIZE];
  const char *limit = cli_option(session, "limit");
  json_t *list;
  int status = limit != NULL ? cli_check_count(session, "limit", limit, 1, 1000) : CLI_OK;
  if (status == CLI_OK) status = cli_read_time(session, "since", start);
  if (status != CLI_OK) return status;
  if (cli_switch(session, "server")) {
    cli_address_init_plain(&address, "audit");
  } else {
    cli_address_init(&address, session, "/audit");
  }
  cli_address_query(&address, "kind", cli_option(session, "kind"));
  cli_address_query(&address, "action", cli_option(session, "action"));
  cli_address_query(&address, "start", start[0] != 0 ? start : NULL);
  cli_address_query(&address, "perPage", limit != NULL ? limit : "50");
  status = cli_api_page(session, &address, &list);
  if (status != CLI_OK) return status;
  if (session->json) {
    cli_print_json(session, list);
  } else {
    print_audit(session, list);
  }
  json_decref(list);
  return CLI_OK;
}

/* --- live: server-sent events (HTML Living Standard 9.2) ---------------------- */

#define EVENT_MAX 65536u

struct reader {
  struct cli_session *session;
  char line[EVENT_MAX];
  size_t length;
  char event[32];
  bool failed;
};

static void print_event(struct reader *reader, const char *data) {
  struct cli_session *session = reader->session;
  json_t *value = json_loads(data, JSON_DECODE_ANY, NULL);
  if (value == NULL) return;
  if (session->json) {
    json_t *document = json_pack("{s:s, s:O}", "event", reader->event, "data", value);
    char *line = json_dumps(document, JSON_COMPACT);
    if (line != NULL) fprintf(session->out, "%s\n", line);
    free(line);
    json_decref(document);
  } else {
    char *line = cli_json_line(value);
    if (line != NULL) fprintf(session->out, "%-9s %s\n", reader->event, line);
    free(line);
  }
  json_decref(value);
  reader->failed = fflush(session->out) != 0;
}

/* "event: NAME" and "data: JSON"; the server sends one data line an event. */
static void take_line(struct reader *reader) {
  char *line = reader->line;
  if (strncmp(line, "event:", 6) == 0) {
    cli_printable(reader->event, sizeof reader->event, line + 6 + strspn(line + 6, " "));
  } else if (strncmp(line, "data:", 5) == 0) {
    print_event(reader, line + 5 + strspn(line + 5, " "));
  } else if (line[0] == 0) {
    reader->event[0] = 0;
  }
}

static bool take_piece(void *context, const char *data, size_t size) {
  struct reader *reader = context;
  for (size_t i = 0; i < size && !reader->failed; i++) {
    if (data[i] == '\n') {
      reader->line[reader->length] = 0;
      if (reader->length > 0 && reader->line[reader->length - 1] == '\r') {
        reader->line[reader->length - 1] = 0;
      }
      take_line(reader);
      reader->length = 0;
    } else if (reader->length + 1 < sizeof reader->line) {
      reader->line[reader->length++] = data[i];
    }
  }
  return !reader->failed;
}

int cli_live(struct cli_session *session) {
  struct cli_address address;
  const char *device = cli_option(session, "device");
  char id[CLI_ID_MAX + 1];
  if (device != NULL) {
    int status = cli_find_id(session, &cli_kind_device, device, id);
    if (status != CLI_OK) return status;
  }
  struct reader *reader = calloc(1, sizeof *reader);
  if (reader == NULL) return cli_fail(session, "no memory to listen with; free some");
  reader->session = session;
  cli_address_init(&address, session, "/live");
  cli_address_query(&address, "topics", cli_option(session, "topics"));
  cli_address_query(&address, "deviceId", device != NULL ? id : NULL);
  int status = cli_api_stream(session, &address, take_piece, reader);
  if (status == CLI_OK && !reader->failed) {
    status = cli_fail(session, "%s ended the events; run it again", session->config.url);
  }
  free(reader);
  return status;
}
