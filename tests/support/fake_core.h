/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_SUPPORT_FAKE_CORE_H
#define TESTS_SUPPORT_FAKE_CORE_H
/* server/core/core.h in memory, for tests of the gateway that need a core which
 * fails on command, and for fuzzing. Devices d0..d9 of project "p": identity
 * "dN@p", PSK "secret-N". One manifest for all of them. Linked instead of
 * srv_core. */
#include "server/core/core.h"

#define FAKE_REPORTS_MAX 64

struct srv_core {
  struct srv_core_listener listener;
  bool disabled[10];
  bool revoked_psk; /* every identity is unknown */
  struct gw_manifest manifest;
  int manifest_status; /* when not SRV_OK: what srv_core_manifest returns */
  const uint8_t *blob; /* the bytes behind model@1.0.0 */
  size_t blob_size;
  unsigned blobs_open;
  int report_status, commit_status;
  unsigned batch_depth, commits;
  unsigned online_calls, offline_calls;
  int online[10];
  size_t report_count;
  struct gw_report report[FAKE_REPORTS_MAX];
};

/* What was logged: how many lines, and the last warning. */
extern unsigned fake_core_log_lines;
extern char fake_core_log_warning[256];

/* Manifest: model@1.0.0, its blob NULL. */
void fake_core_init(struct srv_core *core);
/* component_count components model@VERSION, asset1@1.0.0, ...; the sequence
 * number rises; tells the listener. */
void fake_core_release(struct srv_core *core, const char *version, size_t component_count);
#endif
