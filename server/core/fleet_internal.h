/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SERVER_CORE_FLEET_INTERNAL_H
#define SERVER_CORE_FLEET_INTERNAL_H
/* The extract of a project's devices (fleet.h), as the fleet_*.c files share it.
 * Texts that many devices share are interned: "package\x1fversion" pairs, groups
 * (a blueprint with its tags), what devices said of themselves. Who gets which
 * release depends on the group alone. */
#include "server/core/fleet.h"
#include "server/core/intern.h"
#include "server/core/internal.h"

struct fleet_status { /* the newest report about a package */
  uint32_t package;   /* in packages */
  uint32_t version;   /* in pairs: what runs */
  uint32_t target;    /* in pairs: what is being installed, or SRV_INTERN_NONE */
  uint8_t state, reason, detail;
};

struct fleet_device {
  char id[SRV_ID_LENGTH + 1];
  bool enabled, online, ever_seen;
  bool gone; /* deleted; swept away later */
  uint8_t status_count;
  uint32_t group;   /* in groups */
  uint32_t profile; /* in profiles, or SRV_INTERN_NONE */
  char *name;
  struct fleet_status *status;
  int64_t last_report_us; /* until it came online; then see srv_seen */
};

struct fleet_pair {
  uint32_t devices, online;
  uint32_t sampled; /* devices, when that was last written down */
};

struct fleet_group {
  uint32_t enabled;
  uint64_t generation; /* of the releases that winner is of; 0: none */
  uint32_t winner;     /* index of the release that its devices get, + 1; 0: none */
};

/* What devices of a release should report, in numbers of this fleet. */
struct fleet_target {
  size_t count;
  uint32_t package[SRV_RELEASE_ARTIFACTS_MAX];
  uint32_t pair[SRV_RELEASE_ARTIFACTS_MAX];
};

/* One pass over the devices that counts all rollouts. */
struct fleet_tally {
  bool valid;          /* finished, resp. begun */
  uint64_t change;     /* fleet->change when it began */
  uint64_t generation; /* of the releases */
  size_t next;         /* device to go on with */
  size_t count;        /* of rollouts: the compiled releases' */
  struct srv_rollout *rollout;
  struct fleet_target *target;
  int64_t as_of_us;
};

struct srv_fleet {
  struct srv_fleet *next;
  char project_id[SRV_NAME_MAX + 1];
  struct fleet_device *device; /* by id */
  size_t count, capacity, gone;
  bool loaded;
  char cursor[SRV_ID_LENGTH + 2]; /* devices behind it are still to be read */
  char (*dirty)[SRV_ID_LENGTH + 1];
  size_t dirty_count, dirty_capacity;
  uint64_t total, online, enabled, never_seen;
  uint64_t change; /* rises with everything that a rollout's counts depend on */
  struct srv_intern packages, pairs, groups, profiles;
  struct fleet_pair *pair; /* by number, as group */
  struct fleet_group *group;
  size_t pair_room, group_room;
  struct fleet_tally done, running;
  bool history_read;
  uint64_t sampled_change; /* change when it was last written down */
  uint32_t sampled_count;  /* pairs of which a count other than 0 is on record */
  int64_t cleared_day;     /* days since 1970, when old rows were last taken away */
};

/* --- fleet.c -------------------------------------------------------------------- */

/* The project's fleet, read as far as may be done at once. */
int srv_fleet_of(struct srv_core *core, const char *project_id, struct srv_fleet **out);
/* The same, but SRV_ERR_BUSY unless it is whole and up to date. */
int srv_fleet_whole(struct srv_core *core, const char *project_id, struct srv_fleet **out);
struct fleet_device *srv_fleet_find(struct srv_fleet *fleet, const char *device_id);
const struct fleet_status *srv_fleet_status_of(const struct fleet_device *device, uint32_t package);
/* The pair's number, held once more. */
uint32_t srv_fleet_pair_hold(struct srv_fleet *fleet, const char *package, const char *version);
/* Number of "package\x1fversion", SRV_INTERN_NONE when no device says it. */
uint32_t srv_fleet_pair_find(const struct srv_fleet *fleet, const char *package,
                             const char *version);
/* Lent out until the next change of the fleet. version: behind the pair's mark. */
const char *srv_fleet_version_text(const struct srv_fleet *fleet, uint32_t pair);
/* A device's group, as the rule of releases wants it. */
void srv_fleet_group_device(const struct srv_fleet *fleet, uint32_t group, struct srv_device *out);
int64_t srv_fleet_last_report(struct srv_core *core, const struct fleet_device *device);
bool srv_fleet_contains(const char *text, const char *part); /* ASCII case ignored */

/* --- fleet_rollout.c, fleet_history.c --------------------------------------------- */

/* One slice of counting; true while there is more to do. */
bool srv_fleet_tally_step(struct srv_core *core, struct srv_fleet *fleet);
void srv_fleet_tally_free(struct fleet_tally *tally);
/* Writes down what has changed; was there anything? */
bool srv_fleet_sample(struct srv_core *core, struct srv_fleet *fleet);
#endif
