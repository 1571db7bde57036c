/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SERVER_CORE_CHANGES_H
#define SERVER_CORE_CHANGES_H
/* Who changes what, told to those who ask: the audit log for later, watchers
 * for now. One mechanism, a layer over the store that every write of the core
 * goes through, so that no rule of the core has to remember it.
 *
 * While an actor is set, each write of an object that people make (changes.c
 * lists the kinds) leaves a row in the audit log, in the same transaction: both
 * are there or neither is. Devices write without an actor and pay nothing.
 *
 * Watchers hear of a change when it is on the disk, never of one that was
 * undone. All on the loop's thread. */
#include "server/core/core.h"
#include "server/core/types.h"

/* --- who ------------------------------------------------------------------- */

struct srv_actor {
  char type[12]; /* "account", "apiKey", "server" */
  char id[SRV_ID_LENGTH + 1];
  char name[SRV_EMAIL_MAX + 1];      /* as it is now; kept although the account may go */
  char address[SRV_ADDRESS_MAX + 1]; /* where the request came from; "" */
};
/* Who is behind the writes from now on; NULL: nobody, as for devices. Copied. */
void srv_core_set_actor(struct srv_core *core, const struct srv_actor *actor);

/* Notes something that is no change of a row, such as "signIn" or "call": who
 * is the actor set now (none: nothing is noted). kind: as srv_kind_title has
 * them, or a word of the caller's. project_id "": the server's. A transaction
 * of its own, or part of the one around it. */
int srv_core_audit_note(struct srv_core *core, const char *action, const char *kind,
                        const char *object_id, const char *object_name, const char *project_id);
/* The same with what was asked for, a JSON object or NULL; too long a one is
 * left out. It must hold no secret. */
int srv_core_audit_note_detail(struct srv_core *core, const char *action, const char *kind,
                               const char *object_id, const char *object_name,
                               const char *project_id, const char *detail);
/* Who changed that object last, as far as the log knows. SRV_ERR_NOT_FOUND. */
int srv_core_last_actor(struct srv_core *core, enum srv_kind kind, const char *object_id,
                        struct srv_actor *out);

/* "device", "apiKey", "revokedCertificate": the kind in events and the log. */
const char *srv_kind_title(enum srv_kind kind);

/* --- a row's stamp ---------------------------------------------------------- */

/* Two rows have the same one when nothing that people change differs: volatile
 * and secret columns (store/schema.h) are left out. Good over restarts. */
uint64_t srv_row_stamp(enum srv_kind kind, const void *row);

/* --- what happens ------------------------------------------------------------ */

enum srv_action { SRV_CREATED, SRV_UPDATED, SRV_DELETED };
const char *srv_action_name(enum srv_action action); /* "create", "update", "delete" */

struct srv_change {
  enum srv_kind kind;
  enum srv_action action;
  char project_id[SRV_NAME_MAX + 1]; /* "": the server's */
  char id[SRV_NAME_MAX + 1];         /* what the row is known by: its first column */
  char device_id[SRV_ID_LENGTH + 1]; /* "" when it hangs on no device */
};

/* How far a device is with a download: what it was last sent. */
struct srv_progress {
  char package[GW_PACKAGE_MAX + 1];
  char version[GW_VERSION_MAX + 1];
  uint32_t bytes, size;
  int64_t time_us;
};

/* Each function may be NULL: not wanted, and nothing is kept for it. They only
 * take note: reading through the core is allowed, writing is not. The struct is
 * the watcher's and must stay until it is removed. */
struct srv_core_watcher {
  void *context;
  void (*changed)(void *context, const struct srv_change *change);
  void (*presence)(void *context, const char *project_id, const char *device_id, bool online);
  void (*ota_event)(void *context, const struct srv_ota_event *event);
  /* At most two a second a device, and the last block always. */
  void (*progress)(void *context, const struct srv_device_ref *device,
                   const struct srv_progress *progress);
  void (*device_log)(void *context, const struct srv_device_log *row);
  /* More happened in one transaction than is kept: anything may have changed. */
  void (*overflow)(void *context);
  struct srv_core_watcher *next; /* the core's */
};
void srv_core_add_watcher(struct srv_core *core, struct srv_core_watcher *watcher);
void srv_core_remove_watcher(struct srv_core *core, struct srv_core_watcher *watcher);

/* --- downloads ---------------------------------------------------------------- */

/* The gateway has sent bytes up to offset_end of size. Kept in memory for each
 * device that is online, newest only; a block that was lost and comes behind later
 * ones is no step back. */
void srv_core_download_progress(struct srv_core *core, const struct srv_device_ref *device,
                                const char *package, const char *version, uint32_t offset_end,
                                uint32_t size);
/* False: nothing of that package was sent lately, or the device has reported
 * since that it is done with it. */
bool srv_core_get_progress(struct srv_core *core, const char *device_id, const char *package,
                           struct srv_progress *out);
#endif
