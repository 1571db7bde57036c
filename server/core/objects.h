/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SERVER_CORE_OBJECTS_H
#define SERVER_CORE_OBJECTS_H
/* What operators ask of the core: make, change and look up projects, devices,
 * artifacts, releases. The rules live here, whoever asks. One loop owns the
 * core; every function is called from that thread, none from a listener.
 *
 * Each write is one transaction: SRV_OK means that it is on the disk (inside
 * srv_core_batch_begin/commit: after the commit) and that the gateway was
 * told. On failure nothing was changed and srv_core_error says why. */
#include "server/core/core.h"
#include "server/core/offer_worker.h" /* srv_offer_encoder */
#include "server/core/types.h"
#include "server/store/store.h"

struct srv_core_config {
  struct srv_store *store; /* both the caller's, and must outlive the core */
  struct srv_blobs *blobs;
  /* Microseconds since 1970; NULL: the system's clock. */
  int64_t (*now_us)(void *context);
  void *clock_context;
  uint32_t events_per_package; /* OTA events kept for each device and package; 0: 200 */
  srv_offer_encoder encode;    /* NULL: makes no shorter forms of artifacts (core/offers.h) */
  uint32_t download_rate;      /* devices that begin in a second; 0: SRV_DOWNLOAD_RATE_DEFAULT */
};

/* Makes the project "default" when the store has none, and removes blobs that
 * no artifact names. error (SRV_ERROR_MAX) says what failed. */
int srv_core_create(struct srv_core **out, const struct srv_core_config *config,
                    char error[SRV_ERROR_MAX]);
/* Writes what is pending; devices count as offline from now on. */
void srv_core_destroy(struct srv_core *core);
/* Once a second or so: writes who was seen when. */
void srv_core_tick(struct srv_core *core);

#define SRV_DEFAULT_PROJECT "default"
#define SRV_DEFAULT_ORGANIZATION "default"

/* What is read in between is of one moment, and takes less time; the first write
 * ends it. For one request, not across turns of the loop. */
void srv_core_begin_reading(struct srv_core *core);
void srv_core_end_reading(struct srv_core *core);

/* --- looking things up --------------------------------------------------- */

/* The object of that id in the project; also by name for kinds that have one
 * (device, blueprint, tag). SRV_ERR_NOT_FOUND. Kinds: those with an id. */
int srv_core_find(struct srv_core *core, enum srv_kind kind, const char *project_id,
                  const char *id_or_name, void *row);
/* Rows of a kind; the query holds the project's condition already when the
 * kind has that column (srv_query_text(&query, "project_id", SRV_EQUALS, p)). */
int srv_core_list(struct srv_core *core, enum srv_kind kind, const struct srv_query *query,
                  srv_row_visitor visit, void *context, uint64_t *total);

struct srv_device_state {
  bool online; /* has a session now */
  int64_t last_report_us, last_seen_online_us, last_seen_offline_us;
  size_t status_count;
  struct srv_ota_status status[SRV_DEVICE_PACKAGES_MAX]; /* by package name */
};
int srv_core_device_state(struct srv_core *core, const char *device_id,
                          struct srv_device_state *out);

/* --- making and changing ------------------------------------------------- *
 * create: the caller fills all but id and times, which come back. Names of
 * tags and blueprints use A-Z a-z 0-9 . _ -, those of devices and projects any
 * text without control characters and '/'; project ids a-z 0-9 _ -.
 * update: the whole object, found by id and project_id. */

int srv_core_create_project(struct srv_core *core, struct srv_project *project);
int srv_core_update_project(struct srv_core *core, struct srv_project *project);
/* SRV_ERR_IN_USE unless it is empty. */
int srv_core_delete_project(struct srv_core *core, const char *id);

int srv_core_create_blueprint(struct srv_core *core, struct srv_blueprint *blueprint);
int srv_core_update_blueprint(struct srv_core *core, struct srv_blueprint *blueprint);
/* SRV_ERR_IN_USE while a device, artifact or release names it: a release that
 * lost its filter would go to every device. Likewise tags. */
int srv_core_delete_blueprint(struct srv_core *core, const char *project_id, const char *id);

int srv_core_create_tag(struct srv_core *core, struct srv_tag *tag);
int srv_core_update_tag(struct srv_core *core, struct srv_tag *tag);
int srv_core_delete_tag(struct srv_core *core, const char *project_id, const char *id);

int srv_core_create_device(struct srv_core *core, struct srv_device *device);
int srv_core_update_device(struct srv_core *core, struct srv_device *device);
/* With its credentials, events and states. */
int srv_core_delete_device(struct srv_core *core, const char *project_id, const char *id);

/* An identity without '@' stays as it is given; devices commonly use
 * "NAME@PROJECT". SRV_ERR_EXISTS: another device of this server has it. */
int srv_core_create_credential(struct srv_core *core, struct srv_credential *credential);
int srv_core_delete_credential(struct srv_core *core, const char *project_id, const char *device_id,
                               const char *id);

/* What is written in between is on the disk together, or not at all; end gives
 * the status of the work (anything but SRV_OK undoes it) and returns what came
 * of it. */
int srv_core_transaction_begin(struct srv_core *core);
int srv_core_transaction_end(struct srv_core *core, int status);

/* Both or neither: makes the device (id "") or updates it, and adds the
 * credential to it. */
int srv_core_provision(struct srv_core *core, struct srv_device *device,
                       struct srv_credential *credential);

/* Filters: blueprint, and tags of which a device must have every one. Refused:
 * more components than one manifest datagram holds, two artifacts of one
 * package, an artifact made for another blueprint. */
int srv_core_create_release(struct srv_core *core, struct srv_release *release);
int srv_core_update_release(struct srv_core *core, struct srv_release *release);
/* Why devices do not get it though its rollout is on: what it is made of is not
 * there any more. "" when nothing is wrong. */
int srv_core_release_problem(struct srv_core *core, const struct srv_release *release,
                             char problem[SRV_ERROR_MAX]);
int srv_core_delete_release(struct srv_core *core, const char *project_id, const char *id);

/* --- artifacts ------------------------------------------------------------ */

/* An upload takes the bytes as they come: begin, append..., then finish or
 * abort, either of which ends it. append: SRV_ERR_TOO_LARGE past
 * SRV_ARTIFACT_SIZE_MAX, SRV_ERR_NO_SPACE; end it with abort then. */
struct srv_upload;
int srv_core_upload_begin(struct srv_core *core, struct srv_upload **out);
int srv_core_upload_append(struct srv_upload *upload, const void *data, size_t size);
/* The caller fills project_id, package, version and blueprint_id; the rest
 * comes back. binary: not a model, take it as it is. Otherwise SRV_ERR_MODEL
 * with wit's reason when it is no model, one that wit cannot run, or its
 * labels do not fit its output. SRV_ERR_EXISTS: package and version are taken
 * (for that blueprint). */
int srv_core_upload_finish(struct srv_upload *upload, struct srv_artifact *artifact, bool binary);
/* Ends it, and keeps nothing: what an artifact of these bytes would say of them
 * (size_bytes, digest, is_model, model_info); problem: why they are no model
 * that devices could run, "" when they are. */
int srv_core_upload_inspect(struct srv_upload *upload, struct srv_artifact *artifact,
                            char problem[SRV_ERROR_MAX]);
void srv_core_upload_abort(struct srv_upload *upload);
/* All of that for bytes at hand. */
int srv_core_create_artifact(struct srv_core *core, struct srv_artifact *artifact, const void *data,
                             size_t size, bool binary);
/* Could this be uploaded? Checks the names and the duplicate before the bytes
 * are sent. */
int srv_core_check_artifact(struct srv_core *core, const struct srv_artifact *artifact);
/* Moves it to another blueprint or none; package, version and bytes never
 * change. SRV_ERR_IN_USE while a release has it. Likewise delete. */
int srv_core_update_artifact(struct srv_core *core, struct srv_artifact *artifact);
int srv_core_delete_artifact(struct srv_core *core, const char *project_id, const char *id);
/* The artifact's bytes; srv_core_release_blob gives them back. */
int srv_core_open_artifact(struct srv_core *core, const struct srv_artifact *artifact,
                           struct srv_blob_view *view);

/* --- captures --------------------------------------------------------------- */

/* The bytes, wherever they are; srv_core_release_blob gives them back.
 * SRV_ERR_NOT_FOUND: deleted meanwhile. SRV_ERR_IO: lost or damaged, and logged. */
int srv_core_open_capture(struct srv_core *core, const struct srv_capture *capture,
                          struct srv_blob_view *view);
/* label "": takes it away. SRV_ERR_INVALID: labels are folder names, letters
 * and digits of any script, '_', '-', '+' and inner spaces; no '/', no leading
 * '.'. "_background_" and "_unknown_" are what the training tools make of them. */
int srv_core_label_capture(struct srv_core *core, struct srv_capture *capture, const char *label);
int srv_core_delete_capture(struct srv_core *core, const char *project_id, const char *id);

/* --- settings --------------------------------------------------------------- */

/* value: JSON of the type, comes back in its one form (a float as 1.0, never 1).
 * SRV_ERR_INVALID for another type, a key not of A-Z a-z 0-9 _ -, a key that is
 * of another type at another level; update: for another key or level.
 * SRV_ERR_EXISTS when the level has the key; SRV_ERR_TOO_LARGE when a device's
 * settings would not fit one datagram. */
int srv_core_create_setting(struct srv_core *core, struct srv_setting *setting);
int srv_core_update_setting(struct srv_core *core, struct srv_setting *setting);
int srv_core_delete_setting(struct srv_core *core, const char *project_id, const char *id);
/* SRV_ERR_NOT_FOUND: it has said nothing yet. */
int srv_core_get_settings_status(struct srv_core *core, const char *device_id,
                                 struct srv_settings_status *out);

/* --- remote calls ----------------------------------------------------------- */

enum srv_rpc_outcome {
  SRV_RPC_ANSWERED,
  SRV_RPC_OFFLINE,       /* the device has no session; said at once */
  SRV_RPC_NOT_LISTENING, /* it has one, but does not observe calls; said at once */
  SRV_RPC_TIMED_OUT,     /* *delivered says whether it had heard the call */
  SRV_RPC_GONE,          /* the device went, or was deleted, while it was asked */
};
struct srv_rpc_result {
  enum srv_rpc_outcome outcome;
  uint32_t status_code; /* the device's: gRPC's numbers */
  const char *detail;   /* JSON or NULL; dies with the call */
  bool delivered;
};
/* Asks; done is called once, on the loop's thread, perhaps from inside this
 * call. params is a JSON array or NULL; the device gets its numbers as floats,
 * integers of more than 53 bits apart. timeout_ms 0: the default. SRV_OK, or SRV_ERR_INVALID,
 * SRV_ERR_TOO_LARGE, SRV_ERR_BUSY (too many wait), and done is not called. id
 * comes back, for cancel. */
int srv_core_rpc_call(struct srv_core *core, const struct srv_device_ref *device,
                      const char *method, const char *params, uint32_t timeout_ms,
                      void (*done)(void *context, const struct srv_rpc_result *result),
                      void *context, char id[SRV_ID_LENGTH + 1]);
/* Nobody waits any more; done is not called. */
void srv_core_rpc_cancel(struct srv_core *core, const char *id);
/* Milliseconds until a call times out (srv_core_tick ends it), -1 for never. */
int srv_core_rpc_timeout_ms(struct srv_core *core);

/* --- evaluations ------------------------------------------------------------ */

/* report: a JSON object of at most SRV_EVALUATION_MAX bytes; the oldest gives
 * way beyond SRV_EVALUATIONS_PER_ARTIFACT. */
int srv_core_create_evaluation(struct srv_core *core, struct srv_evaluation *evaluation);
int srv_core_delete_evaluation(struct srv_core *core, const char *project_id, const char *id);

/* --- API keys ------------------------------------------------------------- */

/* The key's text comes back once, is wiped by the caller, and is never shown
 * again: the store has its hash. project_id "": good for the whole server. */
int srv_core_create_api_key(struct srv_core *core, struct srv_api_key *key,
                            char text[SRV_API_KEY_LENGTH + 1]);
int srv_core_update_api_key(struct srv_core *core, struct srv_api_key *key);
int srv_core_delete_api_key(struct srv_core *core, const char *project_id, const char *id);
#endif
