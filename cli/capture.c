/* SPDX-License-Identifier: Apache-2.0 */
/* `godwit capture`: look at what devices sent, say what it is, throw it away. */
#include "cli/capture.h"

#include <stdlib.h>
#include <string.h>

#include "cli/output.h"
#include "cli/verbs.h"
#include "cli/words.h"

#define LIMIT_DEFAULT "50"
#define LIMIT_MAX 1000        /* the server's largest page */
#define LABELLED_AT_ONCE 1000 /* the server's limit of one request */

void cli_capture_address(struct cli_address *address, const struct cli_session *session,
                         const char *id) {
  cli_address_init(address, session, "/captures");
  cli_address_step(address, id);
}

int cli_capture_check_id(struct cli_session *session, const char *id) {
  if (cli_is_id(id)) return CLI_OK;
  return cli_misuse(session, "'%s' is no capture's id; see `godwit capture list`", id);
}

int cli_capture_find(struct cli_session *session, const char *id, json_t **capture) {
  struct cli_address address;
  *capture = NULL;
  int status = cli_capture_check_id(session, id);
  if (status != CLI_OK) return status;
  cli_capture_address(&address, session, id);
  return cli_api_get(session, &address, capture);
}

const char *cli_capture_extension(const char *content_type) {
  static const struct {
    const char *type, *extension;
  } known[] = {
      {"audio/wav", ".wav"},         {"audio/flac", ".flac"}, {"audio/ogg", ".ogg"},
      {"audio/mpeg", ".mp3"},        {"image/jpeg", ".jpg"},  {"image/png", ".png"},
      {"image/gif", ".gif"},         {"image/bmp", ".bmp"},   {"application/json", ".json"},
      {"application/cbor", ".cbor"}, {"text/plain", ".txt"},
  };
  for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
    if (strcmp(known[i].type, content_type) == 0) return known[i].extension;
  }
  return strncmp(content_type, "image/x-portable", 16) == 0 ? ".pnm" : ".bin";
}

/* --- filters ------------------------------------------------------------------------ */

static int add_model(struct cli_session *session, struct cli_address *address, const char *model) {
  char package[128];
  const char *at = strrchr(model, '@');
  if (at == NULL || at == model || at[1] == 0 || (size_t)(at - model) >= sizeof package) {
    return cli_misuse(session, "--model is '%s'; write PACKAGE@VERSION, for example model@1.0.0",
                      model);
  }
  snprintf(package, sizeof package, "%.*s", (int)(at - model), model);
  cli_address_query(address, "modelPackage", package);
  cli_address_query(address, "modelVersion", at + 1);
  return CLI_OK;
}

int cli_capture_filters(struct cli_session *session, struct cli_address *address) {
  const char *device = cli_option(session, "device");
  const char *model = cli_option(session, "model");
  char id[CLI_ID_MAX + 1], start[CLI_TIME_SIZE], end[CLI_TIME_SIZE];
  if (cli_switch(session, "unlabelled") && cli_option(session, "label") != NULL) {
    return cli_misuse(session, "--label and --unlabelled contradict; drop one");
  }
  int status = cli_read_time(session, "since", start);
  if (status == CLI_OK) status = cli_read_time(session, "until", end);
  if (status == CLI_OK && device != NULL) {
    status = cli_find_id(session, &cli_kind_device, device, id);
  }
  if (status != CLI_OK) return status;
  if (device != NULL) cli_address_query(address, "deviceId", id);
  cli_address_query(address, "start", start[0] != 0 ? start : NULL);
  cli_address_query(address, "end", end[0] != 0 ? end : NULL);
  if (model != NULL) status = add_model(session, address, model);
  if (cli_switch(session, "unlabelled")) cli_address_query(address, "labelled", "false");
  cli_address_query(address, "label", cli_option(session, "label"));
  cli_address_query(address, "heard", cli_option(session, "heard"));
  cli_address_query(address, "path", cli_option(session, "path"));
  cli_address_query(address, "scoreMin", cli_option(session, "min-score"));
  cli_address_query(address, "scoreMax", cli_option(session, "max-score"));
  return status;
}

/* --- showing -------------------------------------------------------------------------- */

static const char *model_of(char *out, size_t size, const json_t *capture) {
  const json_t *model = json_object_get(capture, "model");
  const char *version = cli_text(model, "version");
  snprintf(out, size, "%s%s%s", cli_text(model, "package"), version[0] != 0 ? "@" : "", version);
  return out;
}

static const char *score_of(char *out, size_t size, const json_t *capture) {
  const json_t *score = json_object_get(capture, "score");
  out[0] = 0;
  if (json_is_number(score)) snprintf(out, size, "%.2f", json_number_value(score));
  return out;
}

static long long size_of(const json_t *capture) {
  return (long long)json_integer_value(json_object_get(capture, "size"));
}

/* By name; the id where it has gone. */
static const char *device_of(const json_t *capture) {
  const char *name = cli_text(capture, "deviceName");
  return name[0] != 0 ? name : cli_text(capture, "deviceId");
}

static void print_list(struct cli_session *session, const json_t *captures) {
  static const char *const heading[] = {"ID",    "TIME",  "DEVICE", "TYPE", "SIZE",
                                        "MODEL", "HEARD", "SCORE",  "LABEL"};
  struct cli_table table;
  char text[256];
  json_t *capture;
  size_t i;
  cli_table_init(&table, heading, 9);
  json_array_foreach(captures, i, capture) {
    cli_table_add(&table, cli_text(capture, "id"));
    cli_table_add(&table, cli_format_time(text, sizeof text, cli_text(capture, "time")));
    cli_table_add(&table, device_of(capture));
    cli_table_add(&table, cli_text(capture, "contentType"));
    cli_table_add(&table, cli_format_bytes(text, sizeof text, size_of(capture)));
    cli_table_add(&table, model_of(text, sizeof text, capture));
    cli_table_add(&table, cli_text(capture, "heard"));
    cli_table_add(&table, score_of(text, sizeof text, capture));
    cli_table_add(&table, cli_text(capture, "label"));
  }
  cli_table_print(session, &table);
}

static int get_list(struct cli_session *session, json_t **captures) {
  struct cli_address address;
  const char *limit = cli_option(session, "limit");
  if (limit != NULL && cli_switch(session, "all")) {
    return cli_misuse(session, "--limit and --all contradict; drop one");
  }
  if (limit == NULL) limit = LIMIT_DEFAULT;
  int status = cli_check_count(session, "limit", limit, 1, LIMIT_MAX);
  cli_address_init(&address, session, "/captures");
  if (status == CLI_OK) status = cli_capture_filters(session, &address);
  if (status != CLI_OK) return status;
  if (cli_switch(session, "all")) return cli_api_list(session, &address, captures);
  cli_address_query(&address, "perPage", limit);
  return cli_api_page(session, &address, captures);
}

int cli_capture_list(struct cli_session *session) {
  json_t *captures = NULL;
  int status = get_list(session, &captures);
  if (status != CLI_OK) return status;
  if (session->json) {
    cli_print_json(session, captures);
  } else {
    print_list(session, captures);
  }
  json_decref(captures);
  return CLI_OK;
}

static void print_capture(struct cli_session *session, const json_t *capture) {
  char text[256];
  cli_fact(session, "capture", "%s", cli_text(capture, "id"));
  cli_fact(session, "device", "%s", device_of(capture));
  cli_fact(session, "path", ".s/%s", cli_text(capture, "path"));
  cli_fact(session, "time", "%s", cli_format_time(text, sizeof text, cli_text(capture, "time")));
  cli_fact(session, "type", "%s", cli_text(capture, "contentType"));
  cli_fact(session, "size", "%s", cli_format_bytes(text, sizeof text, size_of(capture)));
  cli_fact(session, "sha256", "%s", cli_text(capture, "digest"));
  cli_fact(session, "model", "%s", model_of(text, sizeof text, capture));
  cli_fact(session, "heard", "%s", cli_text(capture, "heard"));
  cli_fact(session, "score", "%s", score_of(text, sizeof text, capture));
  cli_fact(session, "label", "%s", cli_text(capture, "label"));
  const json_t *provenance = json_object_get(capture, "provenance");
  char *line = provenance != NULL ? cli_json_line(provenance) : NULL;
  if (line != NULL) cli_fact(session, "provenance", "%s", line);
  free(line);
}

int cli_capture_show(struct cli_session *session) {
  json_t *capture;
  int status = cli_capture_find(session, cli_argument(session, 0), &capture);
  if (status != CLI_OK) return status;
  if (session->json) {
    cli_print_json(session, capture);
  } else {
    print_capture(session, capture);
  }
  json_decref(capture);
  return status;
}

int cli_capture_download(struct cli_session *session) {
  struct cli_address address;
  char name[128];
  const char *id = cli_argument(session, 0), *output = cli_option(session, "output");
  json_t *capture;
  int status = cli_capture_find(session, id, &capture);
  if (status != CLI_OK) return status;
  snprintf(name, sizeof name, "%.64s%s", id,
           cli_capture_extension(cli_text(capture, "contentType")));
  if (output == NULL) output = name; /* hex digits and an ending of ours */
  cli_capture_address(&address, session, id);
  cli_address_plain(&address, "/content");
  status = cli_api_download_file(session, &address, output, size_of(capture));
  if (status == CLI_OK && session->json) cli_print_json(session, capture);
  if (status == CLI_OK && !session->json) cli_fact(session, "written", "%s", output);
  json_decref(capture);
  return status;
}

/* --- labels ----------------------------------------------------------------------------- */

static int send_labels(struct cli_session *session, const char *label, json_t *ids) {
  struct cli_address address;
  json_t *answer, *body = json_object(), *text = json_string(label);
  if (text == NULL) {
    json_decref(body);
    json_decref(ids);
    return cli_misuse(session, "the label is no UTF-8; give it as text");
  }
  json_object_set_new(body, "label", text);
  json_object_set_new(body, "ids", ids);
  cli_address_init(&address, session, "/captures/label");
  int status = cli_api_send(session, "POST", &address, body, &answer);
  if (status == CLI_OK) json_decref(answer);
  return status;
}

/* One line of --from, "ID,LABEL", into the ids of its label. */
static int read_pair(struct cli_session *session, size_t number, char *line, json_t *by_label) {
  char *comma = strchr(line, ',');
  if (comma == NULL || comma[1] == 0) {
    return cli_fail(session, "line %zu is '%s'; write CAPTURE,LABEL; nothing was labelled", number,
                    line);
  }
  *comma = 0;
  if (!cli_is_id(line)) {
    return cli_fail(session, "line %zu: '%s' is no capture's id; nothing was labelled", number,
                    line);
  }
  json_t *ids = json_object_get(by_label, comma + 1);
  if (ids == NULL) {
    ids = json_array();
    if (json_object_set_new(by_label, comma + 1, ids) != 0) {
      return cli_fail(session, "line %zu: the label is no UTF-8; nothing was labelled", number);
    }
  }
  json_array_append_new(ids, json_string(line));
  return CLI_OK;
}

/* Empty lines and those from '#' on are passed over. */
static int read_pairs(struct cli_session *session, char *text, json_t *by_label) {
  size_t number = 0;
  char *rest = text, *line;
  if (strncmp(rest, "\xEF\xBB\xBF", 3) == 0) rest += 3; /* as spreadsheets begin files */
  while ((line = strsep(&rest, "\n")) != NULL) {
    number++;
    line[strcspn(line, "\r")] = 0;
    if (line[0] == 0 || line[0] == '#') continue;
    int status = read_pair(session, number, line, by_label);
    if (status != CLI_OK) return status;
  }
  if (json_object_size(by_label) > 0) return CLI_OK;
  return cli_fail(session, "it names no capture; write lines CAPTURE,LABEL");
}

static int label_all(struct cli_session *session, const char *label, const json_t *ids,
                     size_t *done) {
  int status = CLI_OK;
  for (size_t from = 0; from < json_array_size(ids) && status == CLI_OK;) {
    json_t *part = json_array();
    for (; from < json_array_size(ids) && json_array_size(part) < LABELLED_AT_ONCE; from++) {
      json_array_append(part, json_array_get(ids, from));
    }
    size_t count = json_array_size(part);
    status = send_labels(session, label, part);
    if (status == CLI_OK) *done += count;
  }
  return status;
}

/* All of standard input, in malloc'd memory. */
static int read_input(struct cli_session *session, void **data, size_t *size) {
  *size = 0;
  *data = malloc(CLI_REPLY_MAX + 1); /* a byte more tells what is too long */
  if (*data == NULL) return cli_fail(session, "no memory for standard input; free some");
  *size = fread(*data, 1, CLI_REPLY_MAX + 1, stdin);
  if (*size <= CLI_REPLY_MAX && !ferror(stdin)) return CLI_OK;
  free(*data);
  *data = NULL;
  return cli_fail(session, "standard input is over %u MiB or broken; send less at once",
                  CLI_REPLY_MAX >> 20);
}

static int label_from_file(struct cli_session *session, const char *path, size_t *done) {
  void *data = NULL;
  size_t size = 0;
  const char *label;
  json_t *ids, *by_label;
  int status = strcmp(path, "-") == 0 ? read_input(session, &data, &size)
                                      : cli_read_file(session, path, CLI_REPLY_MAX, &data, &size);
  if (status != CLI_OK) return status;
  char *text = data != NULL ? strndup(data, size) : NULL;
  free(data);
  if (text == NULL) return cli_fail(session, "no memory for %s; free some", path);
  by_label = json_object();
  if (strlen(text) != size) {
    status = cli_fail(session, "%s is no text: it holds a zero byte; save it as UTF-8", path);
  } else {
    status = read_pairs(session, text, by_label);
  }
  json_object_foreach(by_label, label, ids) {
    if (status != CLI_OK) break;
    status = label_all(session, label, ids, done);
    if (status != CLI_OK) cli_warn(session, "the label was '%s'", label);
  }
  json_decref(by_label);
  free(text);
  return status;
}

/* The captures named from the argument `first` on. */
static int label_arguments(struct cli_session *session, const char *label, size_t first,
                           size_t *done) {
  int status = CLI_OK;
  json_t *ids = json_array();
  for (size_t i = first; i < session->parsed.argument_count && status == CLI_OK; i++) {
    status = cli_capture_check_id(session, cli_argument(session, i));
    if (status == CLI_OK) json_array_append_new(ids, json_string(cli_argument(session, i)));
  }
  if (status == CLI_OK) status = label_all(session, label, ids, done);
  json_decref(ids);
  return status;
}

static int label_by_words(struct cli_session *session, size_t *done) {
  bool clear = cli_switch(session, "clear");
  size_t count = session->parsed.argument_count;
  const char *label = clear ? "" : cli_argument(session, 0);
  if (clear && count == 0) {
    return cli_misuse(session, "name the captures whose label to take away");
  }
  if (!clear && count < 2) {
    return cli_misuse(session, "write a label and the captures it is for");
  }
  if (cli_is_id(label)) {
    return cli_misuse(session, "'%s' is a capture; write the label before it", label);
  }
  return label_arguments(session, label, clear ? 0 : 1, done);
}

int cli_capture_label(struct cli_session *session) {
  const char *from = cli_option(session, "from");
  size_t done = 0;
  int status;
  if (from != NULL && (session->parsed.argument_count > 0 || cli_switch(session, "clear"))) {
    return cli_misuse(session, "with --from, labels and ids stand in the file; give nothing else");
  }
  status = from != NULL ? label_from_file(session, from, &done) : label_by_words(session, &done);
  if (status != CLI_OK) {
    if (done > 0) cli_warn(session, "%zu were labelled before that", done);
    return status;
  }
  if (session->json) {
    json_t *answer = json_pack("{s:I}", "count", (json_int_t)done);
    cli_print_json(session, answer);
    json_decref(answer);
  } else {
    cli_fact(session, "labelled", "%zu", done);
  }
  return CLI_OK;
}

/* Asked once, for all of them. */
static int confirm_all(struct cli_session *session) {
  char count[32];
  size_t named = session->parsed.argument_count;
  if (named == 1) return cli_confirm(session, "capture", cli_argument(session, 0));
  snprintf(count, sizeof count, "%zu", named);
  return cli_confirm(session, "captures:", count);
}

int cli_capture_delete(struct cli_session *session) {
  size_t named = session->parsed.argument_count, done = 0;
  int status = CLI_OK;
  for (size_t i = 0; i < named && status == CLI_OK; i++) {
    status = cli_capture_check_id(session, cli_argument(session, i));
  }
  if (status == CLI_OK) status = confirm_all(session);
  for (; done < named && status == CLI_OK; done++) {
    struct cli_address address;
    cli_capture_address(&address, session, cli_argument(session, done));
    status = cli_api_delete(session, &address);
  }
  if (status != CLI_OK) {
    if (done > 1) cli_warn(session, "%zu were deleted before that", done - 1);
    return status;
  }
  if (session->json) {
    fputs("{}\n", session->out);
  } else {
    cli_fact(session, "deleted", "%zu", done);
  }
  return CLI_OK;
}
