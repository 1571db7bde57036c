/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/api.h"
#include "cli/inspect.h"
#include "cli/key.h"
#include "cli/output.h"
#include "cli/verbs.h"

/* --- showing ------------------------------------------------------------------ */

static long long size_of(const json_t *artifact) {
  json_t *size = json_object_get(artifact, "size");
  /* 64-bit numbers also come as strings. */
  if (json_is_string(size)) return strtoll(json_string_value(size), NULL, 10);
  return (long long)json_integer_value(size);
}

static const char *digest_of(const json_t *artifact) {
  json_t *digests = json_object_get(json_object_get(artifact, "binaryInfo"), "digests");
  return cli_text(json_object_get(digests, "sha256"), "digest");
}

static int load_blueprints(struct cli_session *session, json_t **blueprints) {
  struct cli_address address;
  cli_address_init(&address, session, "/blueprints");
  return cli_api_list(session, &address, blueprints);
}

/* What the server's runtime found in a model; NULL for other files. */
static void print_model(struct cli_session *session, const json_t *model) {
  char labels[512];
  cli_fact(session, "kind", "%s", model != NULL ? "TensorFlow Lite model" : "binary");
  if (model == NULL) return;
  cli_fact(session, "labels", "%s",
           cli_join(labels, sizeof labels, json_object_get(model, "labels"), NULL));
  cli_fact(session, "arena", "%lld bytes",
           (long long)json_integer_value(json_object_get(model, "arenaBytes")));
}

/* What `godwit model evaluate --store` found last. */
static void print_evaluation(struct cli_session *session, const json_t *evaluation) {
  const json_t *interval = json_object_get(evaluation, "accuracyInterval");
  if (!json_is_number(json_object_get(evaluation, "accuracy"))) return;
  cli_fact(session, "evaluated", "%.1f %% (%.1f to %.1f) of %lld clips of %s",
           100 * json_number_value(json_object_get(evaluation, "accuracy")),
           100 * json_number_value(json_array_get(interval, 0)),
           100 * json_number_value(json_array_get(interval, 1)),
           (long long)json_integer_value(json_object_get(evaluation, "clips")),
           cli_text(evaluation, "dataset"));
}

static void print_signature(struct cli_session *session, const json_t *signature) {
  if (signature == NULL) return; /* of an older server */
  if (!json_is_object(signature)) {
    cli_fact(session, "signed", "no");
    return;
  }
  cli_fact(session, "signed", "by key %s, sequence %lld", cli_text(signature, "keyId"),
           (long long)json_integer_value(json_object_get(signature, "sequence")));
}

/* "compressed: 80 % of it, 210.4 KiB", "from 1.0.0: pending" */
static void print_encodings(struct cli_session *session, const json_t *encodings) {
  json_t *each;
  size_t i;
  json_array_foreach(encodings, i, each) {
    const char *base = cli_text(each, "baseVersion"), *state = cli_text(each, "state");
    const char *what = base[0] != 0 ? "from " : "compressed";
    const json_t *bytes_sent = json_object_get(each, "size");
    char bytes[32];
    if (!json_is_integer(bytes_sent)) {
      cli_fact(session, "on the air", "%s%s: %s", what, base, state);
      continue;
    }
    cli_format_bytes(bytes, sizeof bytes, (long long)json_integer_value(bytes_sent));
    cli_fact(session, "on the air", "%s%s: %s, %lld %% of it%s%s%s", what, base, bytes,
             (long long)json_integer_value(json_object_get(each, "percent")),
             strcmp(state, "ready") == 0 ? "" : " (", strcmp(state, "ready") == 0 ? "" : state,
             strcmp(state, "ready") == 0 ? "" : ")");
  }
}

static void print_artifact(struct cli_session *session, const json_t *artifact,
                           const json_t *blueprints) {
  char bytes[32], time[64];
  cli_fact(session, "artifact", "%s@%s", cli_text(artifact, "package"),
           cli_text(artifact, "version"));
  cli_fact(session, "id", "%s", cli_text(artifact, "id"));
  cli_fact(session, "size", "%s", cli_format_bytes(bytes, sizeof bytes, size_of(artifact)));
  cli_fact(session, "sha256", "%s", digest_of(artifact));
  cli_fact(session, "blueprint", "%s", cli_name_in(blueprints, cli_text(artifact, "blueprintId")));
  print_signature(session, json_object_get(artifact, "signature"));
  print_model(session, json_object_get(artifact, "model"));
  print_evaluation(session, json_object_get(artifact, "latestEvaluation"));
  print_encodings(session, json_object_get(artifact, "encodings"));
  cli_fact(session, "created", "%s",
           cli_format_time(time, sizeof time, cli_text(artifact, "createdAt")));
}

/* Prints the artifact, whichever way, and gives it back. */
static int show(struct cli_session *session, json_t *artifact) {
  json_t *blueprints = NULL;
  int status = CLI_OK;
  if (session->json) {
    cli_print_json(session, artifact);
  } else {
    status = load_blueprints(session, &blueprints);
    if (status == CLI_OK) print_artifact(session, artifact, blueprints);
  }
  json_decref(blueprints);
  json_decref(artifact);
  return status;
}

static void print_list(struct cli_session *session, const json_t *artifacts,
                       const json_t *blueprints) {
  static const char *const heading[] = {"ARTIFACT", "SIZE", "BLUEPRINT", "CREATED", "ID"};
  struct cli_table table;
  char bytes[32], time[64];
  json_t *artifact;
  size_t i;
  cli_table_init(&table, heading, 5);
  json_array_foreach(artifacts, i, artifact) {
    cli_table_addf(&table, "%s@%s", cli_text(artifact, "package"), cli_text(artifact, "version"));
    cli_table_add(&table, cli_format_bytes(bytes, sizeof bytes, size_of(artifact)));
    cli_table_add(&table, cli_name_in(blueprints, cli_text(artifact, "blueprintId")));
    cli_table_add(&table, cli_format_time(time, sizeof time, cli_text(artifact, "createdAt")));
    cli_table_add(&table, cli_text(artifact, "id"));
  }
  cli_table_print(session, &table);
}

/* The id of --blueprint; *id NULL when it is not given. */
static int blueprint_option(struct cli_session *session, char buffer[CLI_ID_MAX + 1],
                            const char **id) {
  const char *name = cli_option(session, "blueprint");
  *id = NULL;
  if (name == NULL) return CLI_OK;
  int status = cli_find_id(session, &cli_kind_blueprint, name, buffer);
  if (status == CLI_OK) *id = buffer;
  return status;
}

int cli_artifact_list(struct cli_session *session) {
  struct cli_address address;
  char buffer[CLI_ID_MAX + 1];
  const char *blueprint;
  json_t *artifacts, *blueprints = NULL;
  int status = blueprint_option(session, buffer, &blueprint);
  if (status != CLI_OK) return status;
  cli_address_init(&address, session, "/artifacts");
  cli_address_query(&address, "package", cli_option(session, "package"));
  cli_address_query(&address, "blueprintId", blueprint);
  status = cli_api_list(session, &address, &artifacts);
  if (status != CLI_OK) return status;
  if (session->json) {
    cli_print_json(session, artifacts);
  } else {
    status = load_blueprints(session, &blueprints);
    if (status == CLI_OK) print_list(session, artifacts, blueprints);
  }
  json_decref(blueprints);
  json_decref(artifacts);
  return status;
}

/* The artifact that the first argument and --blueprint name. */
static int find(struct cli_session *session, json_t **artifact) {
  char buffer[CLI_ID_MAX + 1];
  const char *blueprint;
  int status = blueprint_option(session, buffer, &blueprint);
  if (status != CLI_OK) return status;
  return cli_find_artifact(session, cli_argument(session, 0), blueprint, artifact);
}

static void address_of(struct cli_address *address, const struct cli_session *session,
                       const json_t *artifact) {
  cli_address_init(address, session, "/artifacts");
  cli_address_step(address, cli_text(artifact, "id"));
}

/* Lists have less in them than the artifact itself: not how good it is. */
int cli_artifact_show(struct cli_session *session) {
  struct cli_address address;
  json_t *found, *artifact;
  int status = find(session, &found);
  if (status != CLI_OK) return status;
  address_of(&address, session, found);
  json_decref(found);
  status = cli_api_get(session, &address, &artifact);
  return status == CLI_OK ? show(session, artifact) : status;
}

int cli_artifact_delete(struct cli_session *session) {
  struct cli_address address;
  json_t *artifact;
  int status = find(session, &artifact);
  if (status != CLI_OK) return status;
  address_of(&address, session, artifact);
  status = cli_delete(session, &address, "artifact", cli_argument(session, 0));
  json_decref(artifact);
  return status;
}

/* --- upload ------------------------------------------------------------------- */

/* The server would say the same, after the transfer. */
static int check_model(struct cli_session *session, const void *bytes, size_t size) {
  struct wit_model model;
  struct cli_verdict verdict;
  if (cli_switch(session, "force-binary")) return CLI_OK;
  cli_model_check(bytes, size, &model, &verdict);
  if (verdict.runs) return CLI_OK;
  return cli_fail(
      session,
      "no device can run %s: %s; correct the model (`godwit model inspect` shows it), or "
      "send it with --force-binary if it is no model",
      cli_argument(session, 0), verdict.error.message);
}

/* Into the artifact's object, too; it stays where it is when that fails. */
static int add_signature(struct cli_session *session, const struct cli_message *message,
                         json_t *artifact) {
  json_t *data;
  int status = cli_put_signature(session, cli_text(artifact, "id"), message, &data);
  if (status == CLI_OK) {
    json_object_del(data, "signature"); /* the message itself */
    json_object_set_new(artifact, "signature", data);
    return CLI_OK;
  }
  cli_warn(session, "%s@%s is uploaded, but not signed; `godwit artifact sign` does that",
           cli_text(artifact, "package"), cli_text(artifact, "version"));
  json_decref(artifact);
  return status;
}

int cli_artifact_upload(struct cli_session *session) {
  struct cli_address address;
  char buffer[CLI_ID_MAX + 1];
  const char *blueprint;
  void *bytes;
  size_t size;
  json_t *artifact;
  struct cli_message message;
  int status = cli_read_file(session, cli_argument(session, 0), CLI_FILE_MAX, &bytes, &size);
  if (status != CLI_OK) return status;
  status = check_model(session, bytes, size);
  if (status == CLI_OK && cli_option(session, "sign") != NULL)
    status = cli_sign_bytes(session, "sign", cli_option(session, "package"),
                            cli_option(session, "version"), bytes, size, &message);
  if (status == CLI_OK) status = blueprint_option(session, buffer, &blueprint);
  if (status == CLI_OK) {
    cli_address_init(&address, session, "/artifacts");
    cli_address_query(&address, "package", cli_option(session, "package"));
    cli_address_query(&address, "version", cli_option(session, "version"));
    cli_address_query(&address, "blueprintId", blueprint);
    if (cli_switch(session, "force-binary")) cli_address_query(&address, "forceBinary", "true");
    status = cli_api_upload(session, &address, bytes, size, &artifact);
  }
  free(bytes);
  if (status == CLI_OK && cli_option(session, "sign") != NULL)
    status = add_signature(session, &message, artifact);
  return status == CLI_OK ? show(session, artifact) : status;
}

/* --- sign --------------------------------------------------------------------- */

/* The server's bytes, malloc'd. */
static int fetch(struct cli_session *session, const json_t *artifact, char **bytes, size_t *size) {
  struct cli_address address;
  size_t room, sunk;
  FILE *sink = open_memstream(bytes, &room);
  if (sink == NULL) return cli_fail(session, "out of memory");
  address_of(&address, session, artifact);
  cli_address_plain(&address, "/content");
  int status = cli_api_download(session, &address, sink, &sunk);
  fclose(sink);
  *size = room;
  if (status != CLI_OK) free(*bytes);
  return status;
}

static int sign_artifact(struct cli_session *session, const json_t *artifact,
                         struct cli_message *message) {
  const char *file = cli_option(session, "file"), *made = cli_option(session, "signature");
  void *given = NULL;
  char *fetched = NULL;
  size_t size = 0;
  if ((cli_option(session, "key") != NULL) == (made != NULL))
    return cli_misuse(session, "say with what: one of --key and --signature");
  if (made != NULL) return cli_message_read(session, made, message);
  int status = file != NULL ? cli_read_file(session, file, CLI_FILE_MAX, &given, &size)
                            : fetch(session, artifact, &fetched, &size);
  if (status != CLI_OK) return status;
  if (file == NULL)
    cli_warn(session, "this signs the bytes that the server has; give --file to sign yours");
  status =
      cli_sign_bytes(session, "key", cli_text(artifact, "package"), cli_text(artifact, "version"),
                     file != NULL ? given : fetched, size, message);
  free(given);
  free(fetched);
  return status;
}

int cli_artifact_sign(struct cli_session *session) {
  json_t *artifact, *data = NULL;
  struct cli_message message;
  int status = find(session, &artifact);
  if (status != CLI_OK) return status;
  status = sign_artifact(session, artifact, &message);
  if (status == CLI_OK)
    status = cli_put_signature(session, cli_text(artifact, "id"), &message, &data);
  if (status == CLI_OK && session->json) cli_print_json(session, data);
  if (status == CLI_OK && !session->json) cli_message_print(session, &message);
  json_decref(data);
  json_decref(artifact);
  return status;
}

/* --- download ----------------------------------------------------------------- */

/* The server's texts are no paths: nothing but a plain name in this folder. */
static int default_output(struct cli_session *session, const json_t *artifact, char *out,
                          size_t size) {
  snprintf(out, size, "%s_%s", cli_text(artifact, "package"), cli_text(artifact, "version"));
  if (strchr(out, '/') == NULL && out[0] != '.') return CLI_OK;
  return cli_misuse(session, "'%s' is no file name; give one with --output", out);
}

int cli_artifact_download(struct cli_session *session) {
  struct cli_address address;
  json_t *artifact;
  char name[256];
  const char *output = cli_option(session, "output");
  int status = find(session, &artifact);
  if (status != CLI_OK) return status;
  if (output == NULL) {
    status = default_output(session, artifact, name, sizeof name);
    output = name;
  }
  if (status == CLI_OK) {
    address_of(&address, session, artifact);
    cli_address_plain(&address, "/content");
    status = cli_api_download_file(session, &address, output, size_of(artifact));
  }
  if (status == CLI_OK && session->json) cli_print_json(session, artifact);
  if (status == CLI_OK && !session->json) cli_fact(session, "written", "%s", output);
  json_decref(artifact);
  return status;
}

/* --- who could run it --------------------------------------------------------- */

static void print_compatibility(struct cli_session *session, const json_t *list) {
  static const char *const heading[] = {"BLUEPRINT", "DEVICES",   "CAN RUN IT",
                                        "CANNOT",    "NOT KNOWN", "WHY NOT"};
  struct cli_table table;
  json_t *row;
  size_t i;
  cli_table_init(&table, heading, sizeof heading / sizeof heading[0]);
  json_array_foreach(list, i, row) {
    static const char *const member[] = {"devices", "canRun", "cannotRun", "unknown"};
    const char *name = cli_text(row, "blueprintName");
    cli_table_add(&table, name[0] != 0 ? name : "(none)");
    for (size_t k = 0; k < 4; k++) {
      cli_table_addf(&table, "%lld",
                     (long long)json_integer_value(json_object_get(row, member[k])));
    }
    cli_table_add(&table, cli_text(json_array_get(json_object_get(row, "reasons"), 0), "reason"));
  }
  cli_table_print(session, &table);
}

int cli_artifact_compatibility(struct cli_session *session) {
  struct cli_address address;
  json_t *artifact, *data;
  int status = find(session, &artifact);
  if (status != CLI_OK) return status;
  address_of(&address, session, artifact);
  cli_address_plain(&address, "/compatibility");
  json_decref(artifact);
  status = cli_api_get(session, &address, &data);
  if (status != CLI_OK) return status;
  if (session->json) {
    cli_print_json(session, data);
  } else {
    print_compatibility(session, json_object_get(data, "compatibility"));
  }
  json_decref(data);
  return CLI_OK;
}
