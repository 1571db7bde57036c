/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SERVER_CORE_FLEET_H
#define SERVER_CORE_FLEET_H
/* A project's devices seen as a whole: how far a rollout has come, which
 * versions are in the field, who would get a release, and lists of devices by
 * what the database cannot sort or count quickly.
 *
 * The core keeps an extract of each device in memory (some 150 bytes), read
 * when the server starts in slices between which devices are served, and kept
 * up to date by whoever writes. It is an extract and never the truth: what may
 * be wrong is read again. A fleet of up to SRV_FLEET_READ_NOW devices is read
 * when somebody asks and never out of date; of a larger one `complete` is false
 * until it has been read, and its rollouts are counted in slices, too: as_of_us
 * says when. A disabled device gets nothing, so no rollout counts it.
 *
 * What is lent out is good until the core is called again. */
#include "server/core/objects.h"

/* In device lists, what cannot be asked of the database. */
enum srv_device_order { SRV_BY_ID, SRV_BY_NAME, SRV_BY_LAST_REPORT, SRV_BY_CREATED };
enum srv_online_filter { SRV_ONLINE_ANY, SRV_ONLINE_YES, SRV_ONLINE_NO };

/* Empty texts and zeros: not asked for. */
struct srv_device_filter {
  const char *ids; /* any of these, separated by commas */
  const char *name;
  const char *term; /* part of the name, ASCII case ignored */
  const char *tags; /* ids, separated by commas: all of them */
  bool by_blueprint;
  const char *blueprint_id; /* "": devices without one */
  bool by_enabled, enabled;
  enum srv_online_filter online;
  const char *package, *version; /* reported to run it; version NULL: any */
  enum srv_device_order order;
  bool descending;
};

/* Ids of the devices that fit, in order. SRV_ERR_BUSY: the fleet is still being
 * read. ids: room for limit of them. */
int srv_core_select_devices(struct srv_core *core, const char *project_id,
                            const struct srv_device_filter *filter, uint64_t offset, uint64_t limit,
                            char (*ids)[SRV_ID_LENGTH + 1], size_t *count, uint64_t *total);
/* How many devices there are, without counting them; false: not known yet. */
bool srv_core_device_total(struct srv_core *core, const char *project_id, uint64_t *total);

/* Rows of these devices (at most SRV_AMONG_MAX), in the order of ids; a device
 * that is gone has id "". */
int srv_core_get_devices(struct srv_core *core, const char *project_id,
                         char (*ids)[SRV_ID_LENGTH + 1], size_t count, struct srv_device *out);
/* srv_core_device_state of several, at most SRV_AMONG_MAX, with as few
 * statements as of one. */
int srv_core_device_states(struct srv_core *core, char (*ids)[SRV_ID_LENGTH + 1], size_t count,
                           struct srv_device_state *out);

/* --- the whole ---------------------------------------------------------------- */

struct srv_fleet_totals {
  uint64_t total, online, enabled, never_seen;
  int64_t as_of_us;
  bool complete;
};
int srv_core_fleet_totals(struct srv_core *core, const char *project_id,
                          struct srv_fleet_totals *out);

/* Versions that devices report to run, by package, then newest first. */
struct srv_fleet_version {
  const char *package, *version;
  uint64_t count, online;
};
int srv_core_fleet_versions(struct srv_core *core, const char *project_id,
                            void (*visit)(void *context, const struct srv_fleet_version *version),
                            void *context);

/* --- rollouts ------------------------------------------------------------------ */

enum srv_rollout_state {
  SRV_ROLLOUT_WAITING,
  SRV_ROLLOUT_DOWNLOADING,
  SRV_ROLLOUT_DOWNLOADED,
  SRV_ROLLOUT_UPDATING,
  SRV_ROLLOUT_UPDATED, /* every package of the release is reported at its version */
  SRV_ROLLOUT_FAILED,  /* the newest report towards it says why */
  SRV_ROLLOUT_STATES,
};
const char *srv_rollout_state_name(enum srv_rollout_state state); /* "waiting" */

#define SRV_REASONS 16u /* reasons beyond count as the last */
#define SRV_DETAILS 32u /* details likewise */

struct srv_rollout {
  char release_id[SRV_ID_LENGTH + 1];
  uint64_t targets; /* devices that get this release */
  uint64_t states[SRV_ROLLOUT_STATES];
  uint64_t online;                            /* of the targets */
  uint64_t superseded;                        /* fit its filters, but get a newer release */
  uint64_t failures[SRV_REASONS];             /* by enum gw_ota_reason */
  uint32_t details[SRV_REASONS][SRV_DETAILS]; /* the same, by enum gw_ota_detail too */
  bool spread_fixed;
  uint32_t spread_s; /* the release's own when fixed, else the server's */
  int64_t as_of_us;
  bool complete;
};
int srv_core_release_rollout(struct srv_core *core, const struct srv_release *release,
                             struct srv_rollout *out);
/* Of the releases with rollout on that have targets, newest first, at most max. */
int srv_core_rollouts(struct srv_core *core, const char *project_id, size_t max,
                      void (*visit)(void *context, const struct srv_rollout *rollout),
                      void *context);

/* A device seen from a release. */
struct srv_rollout_device {
  const char *id, *name;
  bool online, ever_seen;
  int64_t last_report_us;
  enum srv_rollout_state state;
  uint8_t reason;      /* of SRV_ROLLOUT_FAILED */
  uint8_t detail;      /* likewise */
  const char *package; /* what state, version and target are of */
  const char *version; /* what it reports to run, "" unknown */
  const char *target;  /* what it shall run */
};
struct srv_rollout_filter {
  bool by_state;
  enum srv_rollout_state state;
  const char *term; /* part of the name; "" any */
};
/* The devices that get the release, by id. SRV_ERR_BUSY as above. */
int srv_core_release_devices(struct srv_core *core, const struct srv_release *release,
                             const struct srv_rollout_filter *filter, uint64_t offset,
                             uint64_t limit,
                             void (*visit)(void *context, const struct srv_rollout_device *device),
                             void *context, uint64_t *total);

/* --- before it is made ---------------------------------------------------------- */

enum srv_preview_verdict {
  SRV_VERDICT_UPDATE,
  SRV_VERDICT_SAME,         /* it runs that already */
  SRV_VERDICT_SUPERSEDED,   /* it gets a newer release */
  SRV_VERDICT_INCOMPATIBLE, /* it cannot run it, as far as is known */
  SRV_VERDICTS,
};
const char *srv_verdict_name(enum srv_preview_verdict verdict); /* "update" */

struct srv_preview_device {
  const char *id, *name;
  bool online, ever_seen;
  enum srv_preview_verdict verdict;
  const char *why; /* "" for SRV_VERDICT_UPDATE */
  size_t package_count;
  struct {
    const char *package, *version; /* that it runs, "" unknown */
  } current[SRV_RELEASE_ARTIFACTS_MAX];
};
/* What would become of each device that fits the release's filters. release: as
 * for srv_core_create_release; with an id, that of an existing one, it stands
 * where that one does, else before all others. SRV_ERR_BUSY as above. */
int srv_core_preview_release(struct srv_core *core, const struct srv_release *release,
                             uint64_t offset, uint64_t limit,
                             void (*visit)(void *context, const struct srv_preview_device *device),
                             void *context, uint64_t counts[SRV_VERDICTS]);

/* --- versions over time ----------------------------------------------------------- */

/* Each time a count was found changed: from time_us on, count devices ran it. */
struct srv_fleet_change {
  const char *version;
  uint64_t count;
  int64_t time_us;
};
/* Oldest first, from the first one on record to end_us. */
int srv_core_fleet_history(struct srv_core *core, const char *project_id, const char *package,
                           int64_t end_us,
                           void (*visit)(void *context, const struct srv_fleet_change *change),
                           void *context);

/* --- work that waits ---------------------------------------------------------------- */

/* Is there a slice to be done by srv_core_tick at once? */
bool srv_core_has_work(const struct srv_core *core);
#endif
