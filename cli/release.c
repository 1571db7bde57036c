/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "cli/api.h"
#include "cli/output.h"
#include "cli/policy.h"
#include "cli/rollout.h"
#include "cli/verbs.h"

#define LINE_MAX_LENGTH 1024

static const char *rollout_of(const json_t *release) {
  return json_is_true(json_object_get(release, "rollout")) ? "on" : "off";
}

/* JSON numbers of 64 bits also come as strings. */
static void sequence_of(char *out, size_t size, const json_t *release) {
  json_t *number = json_object_get(release, "sequenceNumber");
  if (json_is_integer(number)) {
    snprintf(out, size, "%lld", (long long)json_integer_value(number));
  } else {
    snprintf(out, size, "%s", cli_text(release, "sequenceNumber"));
  }
}

/* For whom it is, so that "everybody" cannot be overlooked. */
static void print_audience(struct cli_session *session, const json_t *release,
                           const struct cli_names *names) {
  char line[LINE_MAX_LENGTH];
  const char *blueprint = cli_name_in(names->blueprints, cli_text(release, "blueprintId"));
  const json_t *tags = json_object_get(release, "deviceTagIds");
  cli_join(line, sizeof line, tags, names->tags);
  if (blueprint[0] == 0 && json_array_size(tags) == 0) {
    cli_fact(session, "for", "every device of the project");
    return;
  }
  if (blueprint[0] != 0) cli_fact(session, "for", "blueprint %s", blueprint);
  if (json_array_size(tags) > 0) {
    cli_fact(session, blueprint[0] != 0 ? "and" : "for", "tag%s %s",
             json_array_size(tags) > 1 ? "s" : "", line);
  }
}

static void print_release(struct cli_session *session, const json_t *release,
                          const struct cli_names *names) {
  char line[LINE_MAX_LENGTH];
  cli_fact(session, "release", "%s", cli_text(release, "id"));
  cli_fact(session, "name", "%s",
           cli_join(line, sizeof line, json_object_get(release, "releaseTags"), NULL));
  sequence_of(line, sizeof line, release);
  cli_fact(session, "sequence", "%s", line);
  cli_fact(session, "rollout", "%s", rollout_of(release));
  const char *problem = cli_text(release, "problem");
  if (problem[0] != 0) cli_fact(session, "problem", "devices do not get it: %s", problem);
  cli_fact(session, "artifacts", "%s",
           cli_join_artifacts(line, sizeof line, json_object_get(release, "artifactIds"),
                              names->artifacts));
  print_audience(session, release, names);
  cli_policy_print(session, json_object_get(release, "policy"));
}

/* Prints the release, whichever way, and gives it back. */
static int show(struct cli_session *session, json_t *release) {
  struct cli_names names = {0};
  int status = CLI_OK;
  if (session->json) {
    cli_print_json(session, release);
  } else {
    status = cli_names_load_with_artifacts(session, &names);
    if (status == CLI_OK) print_release(session, release, &names);
    cli_names_free(&names);
  }
  json_decref(release);
  return status;
}

/* --- create ------------------------------------------------------------------- */

static int find_artifacts(struct cli_session *session, const char *blueprint, json_t **ids) {
  *ids = json_array();
  for (size_t i = 0; i < session->parsed.option_count; i++) {
    json_t *artifact;
    if (strcmp(session->parsed.option[i].option->name, "artifact") != 0) continue;
    int status = cli_find_artifact(session, session->parsed.option[i].value, blueprint, &artifact);
    if (status != CLI_OK) {
      json_decref(*ids);
      return status;
    }
    json_array_append(*ids, json_object_get(artifact, "id"));
    json_decref(artifact);
  }
  return CLI_OK;
}

int cli_release_body(struct cli_session *session, json_t **body) {
  const char *blueprint = cli_option(session, "blueprint"), *name = cli_option(session, "name");
  char blueprint_id[CLI_ID_MAX + 1] = "";
  json_t *tags, *artifacts, *policy;
  int status = cli_policy_read(session, &policy);
  if (status != CLI_OK) return status;
  if (blueprint != NULL)
    status = cli_find_id(session, &cli_kind_blueprint, blueprint, blueprint_id);
  if (status == CLI_OK) status = cli_find_options(session, &cli_kind_tag, "tag", &tags);
  if (status != CLI_OK) {
    json_decref(policy);
    return status;
  }
  status = find_artifacts(session, blueprint_id[0] != 0 ? blueprint_id : NULL, &artifacts);
  if (status != CLI_OK) {
    json_decref(policy);
    json_decref(tags);
    return status;
  }
  *body = json_object();
  if (policy != NULL) json_object_set_new(*body, "policy", policy);
  json_object_set_new(*body, "artifactIds", artifacts);
  json_object_set_new(*body, "deviceTagIds", tags);
  json_object_set_new(*body, "rollout", json_boolean(cli_switch(session, "rollout")));
  if (name != NULL) json_object_set_new(*body, "releaseTags", json_pack("[s]", name));
  if (blueprint != NULL) json_object_set_new(*body, "blueprintId", json_string(blueprint_id));
  return CLI_OK;
}

/* With --wait the end counts, and is shown instead. */
static int show_or_wait(struct cli_session *session, json_t *release) {
  if (!cli_switch(session, "wait")) return show(session, release);
  int status = cli_rollout_wait(session, cli_text(release, "id"));
  json_decref(release);
  return status;
}

int cli_release_create(struct cli_session *session) {
  struct cli_address address;
  json_t *body, *release;
  int status = cli_rollout_check(session);
  if (status == CLI_OK && cli_switch(session, "wait") && !cli_switch(session, "rollout")) {
    status = cli_misuse(session, "--wait goes with --rollout: without it nothing is rolled out");
  }
  if (status == CLI_OK) status = cli_release_body(session, &body);
  if (status != CLI_OK) return status;
  if (cli_switch(session, "force")) json_object_set_new(body, "force", json_true());
  cli_address_init(&address, session, "/releases");
  status = cli_api_send(session, "POST", &address, body, &release);
  return status == CLI_OK ? show_or_wait(session, release) : status;
}

/* --- list and show ------------------------------------------------------------ */

static void print_list(struct cli_session *session, const json_t *releases,
                       const struct cli_names *names) {
  static const char *const heading[] = {"ROLLOUT", "ARTIFACTS", "BLUEPRINT", "TAGS",
                                        "NAME",    "SEQUENCE",  "ID"};
  struct cli_table table;
  char line[LINE_MAX_LENGTH];
  json_t *release;
  size_t i;
  cli_table_init(&table, heading, 7);
  json_array_foreach(releases, i, release) {
    cli_table_add(&table, rollout_of(release));
    cli_table_add(&table,
                  cli_join_artifacts(line, sizeof line, json_object_get(release, "artifactIds"),
                                     names->artifacts));
    cli_table_add(&table, cli_name_in(names->blueprints, cli_text(release, "blueprintId")));
    cli_table_add(
        &table, cli_join(line, sizeof line, json_object_get(release, "deviceTagIds"), names->tags));
    cli_table_add(&table,
                  cli_join(line, sizeof line, json_object_get(release, "releaseTags"), NULL));
    sequence_of(line, sizeof line, release);
    cli_table_add(&table, line);
    cli_table_add(&table, cli_text(release, "id"));
  }
  cli_table_print(session, &table);
}

int cli_release_list(struct cli_session *session) {
  struct cli_address address;
  struct cli_names names = {0};
  json_t *releases;
  cli_address_init(&address, session, "/releases");
  if (cli_switch(session, "rollout")) cli_address_query(&address, "rollout", "true");
  int status = cli_api_list(session, &address, &releases);
  if (status != CLI_OK) return status;
  if (session->json) {
    cli_print_json(session, releases);
  } else {
    status = cli_names_load_with_artifacts(session, &names);
    if (status == CLI_OK) print_list(session, releases, &names);
    cli_names_free(&names);
  }
  json_decref(releases);
  return status;
}

/* --- one ----------------------------------------------------------------------- */

static int address_found(struct cli_session *session, struct cli_address *address) {
  json_t *release;
  int status = cli_find_release(session, cli_argument(session, 0), &release);
  if (status != CLI_OK) return status;
  cli_address_init(address, session, "/releases");
  cli_address_step(address, cli_text(release, "id"));
  json_decref(release);
  return CLI_OK;
}

/* Asked for by its id: what is wrong with it stands in no list. */
int cli_release_show(struct cli_session *session) {
  struct cli_address address;
  json_t *release;
  int status = address_found(session, &address);
  if (status == CLI_OK) status = cli_api_get(session, &address, &release);
  return status == CLI_OK ? show(session, release) : status;
}

static int set_rollout(struct cli_session *session, int on) {
  struct cli_address address;
  json_t *release;
  int status = cli_rollout_check(session);
  if (status == CLI_OK) status = address_found(session, &address);
  if (status != CLI_OK) return status;
  json_t *body = json_pack("{s:b}", "rollout", on);
  if (cli_switch(session, "force")) json_object_set_new(body, "force", json_true());
  status = cli_api_send(session, "PATCH", &address, body, &release);
  return status == CLI_OK ? show_or_wait(session, release) : status;
}

/* The whole policy is replaced: what is not given is not asked any more. */
int cli_release_policy(struct cli_session *session) {
  struct cli_address address;
  json_t *release, *policy;
  int status = cli_policy_read(session, &policy);
  if (status == CLI_OK && policy == NULL && !cli_switch(session, "none")) {
    status = cli_misuse(session, "give --spread, --shadow or --confirm-after, or --none");
  }
  if (status == CLI_OK && policy != NULL && cli_switch(session, "none")) {
    status = cli_misuse(session, "--none takes the policy away: leave the other options out");
  }
  if (status == CLI_OK) status = address_found(session, &address);
  if (status != CLI_OK) {
    json_decref(policy);
    return status;
  }
  json_t *body = json_object();
  json_object_set_new(body, "policy", policy == NULL ? json_null() : policy);
  status = cli_api_send(session, "PATCH", &address, body, &release);
  return status == CLI_OK ? show(session, release) : status;
}

int cli_release_rollout_on(struct cli_session *session) { return set_rollout(session, 1); }

int cli_release_rollout_off(struct cli_session *session) { return set_rollout(session, 0); }

int cli_release_delete(struct cli_session *session) {
  struct cli_address address;
  int status = address_found(session, &address);
  if (status != CLI_OK) return status;
  return cli_delete(session, &address, "release", cli_argument(session, 0));
}
