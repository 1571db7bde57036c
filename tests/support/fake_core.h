/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_SUPPORT_FAKE_CORE_H
#define TESTS_SUPPORT_FAKE_CORE_H
/* server/core/core.h in memory, for tests of the gateway that need a core which
 * fails on command, and for fuzzing. Devices d0..d9 of project "p": identity
 * "dN@p", PSK "secret-N". One manifest for all of them. Linked instead of
 * srv_core. */
#include "server/core/core.h"
#include "server/core/profile.h"
#include "server/core/shadow.h"

#define FAKE_REPORTS_MAX 64
#define FAKE_CAPTURES_MAX 16
#define FAKE_STATES_MAX 8
#define FAKE_OFFER "0123456789abcdef"

/* What was stored, oldest first; the first bytes of each. */
struct fake_capture {
  char device; /* '0' to '9' */
  uint16_t format;
  char path[SRV_STREAM_PATH_MAX + 1];
  size_t size;
  uint8_t first[64];
  uint32_t sum; /* of all bytes, each times its position from 1 */
};

struct srv_core {
  struct srv_core_listener listener;
  bool disabled[10];
  bool revoked_psk; /* every identity is unknown */
  struct gw_manifest manifest;
  int manifest_status; /* when not SRV_OK: what srv_core_manifest returns */
  const uint8_t *blob; /* the bytes behind model@1.0.0 */
  size_t blob_size;
  unsigned blobs_open;
  int describe_status;
  struct srv_keyset keyset; /* epoch 0: there is none */
  int keyset_status;
  uint32_t keyset_asked;             /* the last epoch */
  struct gw_description description; /* of model@1.0.0 */
  uint32_t offer_progress;           /* end of the last block of FAKE_OFFER, whose bytes are blob */
  int report_status, commit_status;
  unsigned batch_depth, commits;
  unsigned online_calls, offline_calls;
  int online[10];
  size_t report_count;
  struct gw_report report[FAKE_REPORTS_MAX];

  int capture_begin_status, capture_append_status, capture_finish_status;
  unsigned captures_open, capture_count; /* complete, committed or not */
  struct fake_capture capture[FAKE_CAPTURES_MAX];
  int state_status;
  struct { /* parts of state by path, each on its own; value NULL: free */
    char path[256];
    char *json;
  } state[FAKE_STATES_MAX];
  struct srv_device_settings settings;
  int64_t settings_status_version;
  char settings_errors[SRV_SETTINGS_ERRORS_MAX + 1];
  struct srv_rpc_call call; /* id "": none */
  int listening;            /* device's; -1: was never told */
  unsigned answers;
  uint32_t answer_status;
  char answer_detail[SRV_RPC_DETAIL_MAX + 1]; /* "" for NULL */
  unsigned hello_count;
  struct gw_hello hello; /* the last; its custom ops dangle */
  unsigned shadow_count;
  struct gw_shadow_report shadow; /* the last */
  unsigned log_count;
  enum srv_device_log_level log_level;
  char log_module[SRV_LOG_MODULE_MAX + 1], log_message[SRV_LOG_MESSAGE_MAX + 1];
  char log_fields[SRV_LOG_FIELDS_MAX + 1];
};

/* What was logged: how many lines, and the last warning. */
extern unsigned fake_core_log_lines;
extern char fake_core_log_warning[256];

/* Manifest: model@1.0.0, its blob NULL. */
void fake_core_init(struct srv_core *core);
/* component_count components model@VERSION, asset1@1.0.0, ...; the sequence
 * number rises; tells the listener. */
void fake_core_release(struct srv_core *core, const char *version, size_t component_count);
/* Another call waits for device 0; id NULL: none any more. Tells the listener. */
void fake_core_call(struct srv_core *core, const char *id, const char *method, const char *params);
/* Frees what it keeps. */
void fake_core_deinit(struct srv_core *core);
#endif
