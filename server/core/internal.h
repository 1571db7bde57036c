/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SERVER_CORE_INTERNAL_H
#define SERVER_CORE_INTERNAL_H
/* What the files of core/ share; nobody else includes it. */
#include "server/core/changes.h"
#include "server/core/objects.h"
#include "wire/description.h"

/* --- what to tell after the commit ------------------------------------------ */

enum srv_change_type {
  SRV_CHANGE_OBSERVED, /* manifest, settings, state or calls */
  SRV_CHANGE_REVOKED,
  SRV_CHANGE_CREDENTIAL,  /* deleted or revoked: what it opened ends */
  SRV_CHANGE_BLOB_UNUSED, /* a row that named it has gone */
  SRV_CHANGE_BLOB_ADDED,  /* a row names it now: unused when that is undone */
};

struct srv_notice {
  enum srv_change_type type;
  bool in_memory; /* told even when the transaction around it is undone */
  char project_id[SRV_NAME_MAX + 1];
  char device_id[SRV_ID_LENGTH + 1]; /* "" all of the project */
  uint8_t digest[GW_DIGEST_SIZE];    /* SRV_CHANGE_CREDENTIAL: its id instead, a text */
};

struct srv_notices {
  struct srv_notice *change; /* grows; as many as one batch makes */
  size_t count, capacity;
};

/* --- caches -------------------------------------------------------------------- */

/* A release with rollout on, ready to be compared and sent. */
struct srv_compiled_release {
  char id[SRV_ID_LENGTH + 1];
  char blueprint_id[SRV_ID_LENGTH + 1]; /* its own, or its artifacts' */
  size_t tag_count;
  char tag_id[SRV_RELEASE_DEVICE_TAGS_MAX][SRV_ID_LENGTH + 1];
  char artifact_id[SRV_RELEASE_ARTIFACTS_MAX][SRV_ID_LENGTH + 1]; /* of the components */
  struct srv_policy policy;
  uint32_t spread_s; /* the server's own, reckoned at spread_us; 0: never yet */
  int64_t spread_us;
  struct gw_manifest manifest;
};

struct srv_compiled_project {
  struct srv_compiled_project *next;
  char project_id[SRV_NAME_MAX + 1];
  struct srv_compiled_release *release; /* highest sequence number first */
  size_t count, capacity;
};

/* A row of offers, with what it says of its base. */
struct srv_variant_offer {
  uint8_t encoding, state;
  char base_version[GW_VERSION_MAX + 1]; /* "": compressed */
  uint8_t base_digest[GW_DIGEST_SIZE];
  uint32_t size_bytes;
  uint8_t wire_id[GW_OFFER_ID_SIZE];
};
/* Artifacts of one package and version: usually one, else one a blueprint. */
struct srv_variant {
  char artifact_id[SRV_ID_LENGTH + 1];
  char blueprint_id[SRV_ID_LENGTH + 1];
  uint8_t digest[GW_DIGEST_SIZE];
  uint32_t size_bytes;
  bool offers_read;
  size_t offer_count;
  struct srv_variant_offer *offer; /* by offers.c, freed with the slot */
};
struct srv_variants {
  char project_id[SRV_NAME_MAX + 1];
  char package[GW_PACKAGE_MAX + 1];
  char version[GW_VERSION_MAX + 1];
  struct srv_variant *variant;
  size_t count, capacity;
};
/* The settings of a project and one of its blueprints ("" for none), merged:
 * what all devices of that blueprint begin with. */
struct srv_level_settings {
  char project_id[SRV_NAME_MAX + 1];
  char blueprint_id[SRV_ID_LENGTH + 1];
  struct srv_device_settings settings;
};
#define SRV_LEVELS_CACHED 16    /* direct-mapped by a hash of both ids; 37 KB each */
#define SRV_VARIANTS_CACHED 256 /* direct-mapped by a hash of the three texts */

struct srv_seen {
  struct srv_presence presence; /* device_id "" : an empty slot */
  bool online;
  bool changed;      /* since it was last written */
  bool is_listening; /* to remote calls */
  /* What it has sent today; counted in the store when a slot is new. */
  int64_t usage_day; /* days since 1970; 0: not counted yet */
  uint32_t captures;
  uint64_t capture_bytes;
  uint64_t open_bytes; /* of its uploads under way; the slot stays while there are any */
  int64_t log_lines;   /* kept in the store; -1: not counted yet */
  char credential_id[SRV_ID_LENGTH + 1]; /* by which it is or was in; "" not known */
  bool is_certificate;
  int64_t credential_used_us;   /* 0: written already */
  struct srv_progress progress; /* of its download; package "": none */
  int64_t progress_told_us;
};
struct srv_seen_map {
  struct srv_seen *slot; /* open addressing, a power of two of them */
  size_t capacity, count;
  int64_t flushed_us;
};

/* --- remote calls -------------------------------------------------------------- */

struct srv_rpc; /* one call that waits, rpc.c */
#define SRV_RPC_BUCKETS 256
struct srv_rpcs {
  struct srv_rpc *bucket[SRV_RPC_BUCKETS]; /* by the device's id; oldest first */
  size_t count;
  int64_t next_timeout_us;     /* none is due before; INT64_MAX: none waits */
  struct srv_rpc_call current; /* what srv_core_rpc_current lent out */
};

/* Of one batch: each has a file open and its bytes in memory. */
#define SRV_PENDING_BLOBS_MAX 64
#define SRV_PENDING_BYTES_MAX ((size_t)16 * 1024 * 1024)

/* --- the fleet, fleet.c ---------------------------------------------------------- */

struct srv_fleet;
struct srv_fleets {
  struct srv_fleet *first;                        /* one a project */
  size_t read_now, slice, count_now, count_slice; /* SRV_FLEET_...; tests have others */
  /* Devices whose reports are in it and not on the disk yet. */
  struct srv_device_ref uncommitted[SRV_FLEET_UNCOMMITTED_MAX];
  size_t uncommitted_count;
  bool uncommitted_lost; /* there were more */
  bool failed;           /* the last slice could not be read */
  int64_t retry_us, next_sample_us;
};

struct srv_core {
  struct srv_store *store; /* the layer of changes.c over the caller's */
  struct srv_layer *layer;
  bool has_actor;
  struct srv_actor actor;
  struct srv_core_watcher *watchers;
  struct srv_blobs *blobs;
  int64_t (*now_us)(void *context);
  void *clock_context;
  uint32_t events_per_package;
  uint64_t disk_reserve;   /* SRV_DISK_RESERVE; tests have another */
  int64_t no_room_told_us; /* when the log last said so; 0: never */
  char error[SRV_ERROR_MAX];
  struct srv_core_listener listener;
  unsigned batch_depth;
  bool batch_open; /* a store transaction is open for the batch */
  struct srv_blob_writer *pending[SRV_PENDING_BLOBS_MAX]; /* sealed, placed at its commit */
  size_t pending_count, pending_size;
  int pending_failure; /* rows of the batch name blobs that could not be placed */
  unsigned transaction_depth;
  struct srv_notices changes;
  struct srv_compiled_project *compiled;
  struct srv_variants variants[SRV_VARIANTS_CACHED];
  struct srv_level_settings *levels[SRV_LEVELS_CACHED]; /* NULL: an empty slot */
  int64_t blob_failure_us; /* when the log was last told that a blob cannot be read */
  struct srv_seen_map seen;
  struct srv_rpcs rpcs;
  struct srv_fleets fleets;
  uint64_t compiled_generation; /* rises when releases are dropped from memory */
  struct srv_auth *auth;        /* session.c; NULL: nobody has come yet */
  struct srv_offers *offers;    /* offers.c */
  uint32_t download_rate;
  struct srv_artifact_signature signature_lent; /* signing.c */
  uint8_t id_random[5];
  uint32_t id_counter;
};

/* --- core.c --------------------------------------------------------------------- */

int64_t srv_now_us(const struct srv_core *core);
/* Keeps the one-line reason and returns status. */
int srv_fail(struct srv_core *core, int status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
static inline int srv_fail_memory(struct srv_core *core) {
  srv_fail(core, SRV_ERR_INTERNAL, "out of memory");
  return SRV_ERR_INTERNAL;
}
/* The store's (blobs') own words. */
int srv_fail_store(struct srv_core *core, int status);
int srv_fail_blobs(struct srv_core *core, int status);

/* A write: begin, work, then end with the work's status, which commits or
 * rolls back and returns what came of it. Changes noted in between are told
 * after the commit or forgotten. */
int srv_transaction_begin(struct srv_core *core);
int srv_transaction_end(struct srv_core *core, int status);
int srv_note(struct srv_core *core, enum srv_change_type type, const char *project_id,
             const char *device_id, const uint8_t *digest);
int srv_note_observed(struct srv_core *core, const char *project_id, const char *device_id);
int srv_note_credential(struct srv_core *core, const char *project_id, const char *device_id,
                        const char *credential_id);
/* As srv_note_observed, for what is not in the store. Told at once outside of
 * a batch, else at its end, whatever comes of it. */
void srv_tell_observed(struct srv_core *core, const struct srv_device_ref *device);
/* May devices send something to keep? SRV_ERR_NO_SPACE when the disk is nearly full. */
int srv_check_room(struct srv_core *core);
/* Does a row name that blob? In doubt, yes. */
bool srv_is_blob_used(struct srv_core *core, const uint8_t digest[GW_DIGEST_SIZE]);
/* In a batch: takes a sealed writer and puts its blob in place before the batch
 * is committed, together with the others, so that the disk is waited for once.
 * On failure the batch will not be committed. */
int srv_place_later(struct srv_core *core, struct srv_blob_writer *writer, size_t size);
/* A blob was put in place, but its row was refused: removes it, unless another
 * row names the same bytes. */
void srv_discard_blob(struct srv_core *core, const uint8_t digest[GW_DIGEST_SIZE]);
void srv_drop_caches(struct srv_core *core);
/* Microseconds that no one sets back: for time-outs. */
int64_t srv_steady_us(const struct srv_core *core);

/* --- changes.c, audit.c ------------------------------------------------------------ */

/* Puts the layer over the store: core->store is the layer's from then on. */
int srv_layer_create(struct srv_core *core, struct srv_store *under);
void srv_layer_destroy(struct srv_core *core);
void srv_tell_presence(struct srv_core *core, const char *project_id, const char *device_id,
                       bool online);
/* The object is made (before NULL), changed, or deleted (after NULL): appends
 * what differs. In the transaction of that write; under: the store itself. */
int srv_audit_append(struct srv_core *core, struct srv_store *under, enum srv_kind kind,
                     const void *before, const void *after, const char *project_id);
/* Would it append anything? False: only what the server itself keeps differs. */
bool srv_rows_differ(enum srv_kind kind, const void *before, const void *after);
/* A removal of more rows than are written down one by one. */
int srv_audit_append_more(struct srv_core *core, struct srv_store *under, enum srv_kind kind,
                          uint64_t count, const char *project_id);

/* --- names.c ---------------------------------------------------------------------- */

void srv_make_id(struct srv_core *core, char id[SRV_ID_LENGTH + 1]);
bool srv_is_id(const char *text);
/* what: "tag", "blueprint"...; for the message. */
int srv_check_label(struct srv_core *core, const char *what, const char *name);
int srv_check_title(struct srv_core *core, const char *what, const char *name);
int srv_check_slug(struct srv_core *core, const char *what, const char *name);

/* --- objects.c --------------------------------------------------------------------- */

int srv_get_by_id(struct srv_core *core, enum srv_kind kind, const char *project_id, const char *id,
                  void *row);
/* Are there rows of that kind whose column is (list holds) that text? */
int srv_count(struct srv_core *core, enum srv_kind kind, const char *column, enum srv_match match,
              const char *text, uint64_t *count);
int srv_check_blueprint(struct srv_core *core, const char *project_id, const char *blueprint_id);
int srv_check_tags(struct srv_core *core, const char *project_id, const char *tag_id, size_t size,
                   size_t count);

int srv_remove_by_id(struct srv_core *core, enum srv_kind kind, const char *id);
int srv_check_project(struct srv_core *core, const char *project_id);

/* --- organization.c, session.c ------------------------------------------------------ */

/* The migration makes "default", but has no clock. */
int srv_begin_organization(struct srv_core *core);
/* Accounts that are members where it says (column "project_id" or
 * "organization_id"), before that place goes; then, in the same transaction,
 * those that are members nowhere any more go too. gone takes and returns the
 * status of the removal, and frees them. */
struct srv_member_accounts {
  char (*id)[SRV_ID_LENGTH + 1];
  size_t count;
  bool out_of_memory;
};
int srv_members_of(struct srv_core *core, const char *column, const char *id,
                   struct srv_member_accounts *out);
int srv_members_gone(struct srv_core *core, struct srv_member_accounts *accounts, int status);
int srv_check_organization(struct srv_core *core, const char *organization_id);
/* After any change of an account, a membership, a session or an API key: who is
 * who is asked of the store again. */
void srv_forget_principals(struct srv_core *core);
void srv_auth_tick(struct srv_core *core);
void srv_auth_free(struct srv_core *core);

/* --- capture.c, settings.c, rpc.c --------------------------------------------------- */

/* In the transaction that removes what they hang on: notes their blobs. */
int srv_note_capture_blobs(struct srv_core *core, const char *device_id);
/* In the transaction that changes it: the level's settings have a new version. */
int srv_settings_touch(struct srv_core *core, const char *project_id, const char *owner_id);
int srv_settings_forget(struct srv_core *core, const char *owner_id);
void srv_drop_levels(struct srv_core *core);
/* SRV_ERR_TOO_LARGE when the settings of the device would not fit one datagram,
 * were it of that blueprint. */
int srv_settings_check_device(struct srv_core *core, const struct srv_device *device);
void srv_rpc_tick(struct srv_core *core);
/* The device went: ends every call that waits for it. */
void srv_rpc_device_gone(struct srv_core *core, const char *device_id);
void srv_rpc_free(struct srv_core *core);

/* --- sniff.c --------------------------------------------------------------------- */

/* What the bytes are: a media type. format: the CoAP Content-Format that came
 * with them; believed for CBOR only, which has no mark of its own. */
const char *srv_sniff(const uint8_t *data, size_t size, uint16_t format);

/* --- release.c, artifact.c, presence.c, model_check.c -------------------------------- */

void srv_drop_compiled(struct srv_core *core, const char *project_id);
/* The releases of a project that devices get: lent out until the next write. */
int srv_compiled_of(struct srv_core *core, const char *project_id,
                    struct srv_compiled_project **out);
/* One release, rolled out or not. Its parts that are gone or do not fit: as for
 * srv_core_create_release. */
int srv_compile_release(struct srv_core *core, const struct srv_release *release,
                        uint32_t sequence_number, struct srv_compiled_release *out);
/* Has it artifacts, and are its blueprint and tags there? */
int srv_check_release_parts(struct srv_core *core, const struct srv_release *release);
/* Is that device among those which the release is for? */
bool srv_release_fits(const struct srv_compiled_release *release, const struct srv_device *device);
void srv_drop_variants(struct srv_core *core);
/* SRV_ERR_NOT_FOUND: there are none. Lent out until the next call. */
int srv_variants_of(struct srv_core *core, const char *project_id, const char *package,
                    const char *version, struct srv_variants **out);
/* The one of them that this device gets. */
int srv_variant_for(struct srv_core *core, const struct srv_device_ref *ref, const char *package,
                    const char *version, struct srv_variant **out);
/* In the transaction that removes the artifact. */
int srv_retire_artifact(struct srv_core *core, const struct srv_artifact *artifact);
/* Fills an artifact's component of a manifest. */
int srv_component_of(struct srv_core *core, const struct srv_artifact *artifact,
                     struct gw_component *out);
struct srv_seen *srv_seen_find(struct srv_core *core, const char *device_id);
/* Makes a slot where there is none. NULL: out of memory. Dies with the next. */
struct srv_seen *srv_seen_of(struct srv_core *core, const char *device_id);
int srv_seen_flush(struct srv_core *core);
/* It has just reported: a finer "last report" than that of its sign of life. */
void srv_seen_reported(struct srv_core *core, const char *device_id,
                       const struct gw_report *report);
void srv_seen_forget(struct srv_core *core, const char *device_id);
/* What devices have sent was counted with rows that are undone: the store is
 * asked anew. */
void srv_seen_recount(struct srv_core *core);
/* The bytes that a digest names. what: for the message, "model@1.0.0". */
int srv_open_bytes(struct srv_core *core, const uint8_t digest[GW_DIGEST_SIZE], size_t size_bytes,
                   const char *what, struct srv_blob_view *out);
/* model_ops.c: what TensorFlow Lite calls a builtin op, or "BUILTIN_999" in number. */
#define SRV_BUILTIN_NAME_MAX 15
const char *srv_builtin_name(uint16_t builtin, char number[SRV_BUILTIN_NAME_MAX + 1]);
/* SRV_ERR_MODEL with wit's reason, or a JSON object about the model in info. */
int srv_check_model(struct srv_core *core, const void *data, size_t size,
                    char info[SRV_MODEL_INFO_MAX + 1]);

/* --- signing.c ---------------------------------------------------------------------- */

/* Signature and key epoch of a description; the signature as
 * srv_core_artifact_signature lends it. */
int srv_describe_signature(struct srv_core *core, const char *project_id, const char *artifact_id,
                           struct gw_description *out);

/* --- offers.c --------------------------------------------------------------------- */

int srv_offers_init(struct srv_core *core, srv_offer_encoder encode);
void srv_offers_free(struct srv_core *core);
void srv_offers_tick(struct srv_core *core);
/* In the transaction that removes the artifact: what was made of it, and from
 * it, goes too. */
int srv_offers_remove(struct srv_core *core, const char *artifact_id);

/* Enabled devices that get the release of that index (srv_compiled_of), as far
 * as they have been read. */
uint64_t srv_fleet_reach(struct srv_core *core, const char *project_id, size_t release_index);
/* The projects that have been looked at so far, by index; NULL: no more. */
const char *srv_fleet_project(const struct srv_core *core, size_t index);

/* --- fleet.c ------------------------------------------------------------------------ */

void srv_fleet_init(struct srv_core *core);
void srv_fleet_free(struct srv_core *core);
/* The project has gone, and what is known of its devices with it. */
void srv_fleet_forget(struct srv_core *core, const char *project_id);
void srv_fleet_tick(struct srv_core *core);
/* Something of that device is, or will be, written: it is read again before it
 * is counted next. */
void srv_fleet_mark(struct srv_core *core, const char *project_id, const char *device_id);
/* It came or went. */
void srv_fleet_presence(struct srv_core *core, const struct srv_device_ref *device,
                        const struct srv_seen *seen);
/* It has reported; the row is written. */
void srv_fleet_reported(struct srv_core *core, const struct srv_device_ref *device,
                        const struct srv_ota_status *row);
/* What was reported is on the disk, or never will be. */
void srv_fleet_committed(struct srv_core *core);
void srv_fleet_undone(struct srv_core *core);
#endif
