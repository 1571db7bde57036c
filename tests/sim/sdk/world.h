/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_SIM_SDK_WORLD_H
#define TESTS_SIM_SDK_WORLD_H
/* A world for one device: a clock that only moves when told to, a network that
 * loses, repeats and reorders by seed, a medium that tears writes when power
 * fails, and a server that speaks real CoAP over real DTLS. It implements the
 * duties of a port (sdk/platform), so the SDK under test is the one that ships. */
#include <setjmp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "wire/manifest.h"
#include "wire/report.h"

#define WORLD_IDENTITY "device@project"
#define WORLD_PSK "0123456789abcdef"
#define WORLD_HOST "192.0.2.1"
#define WORLD_VOLUME "sd"

/* Forgets everything and begins anew. */
void world_reset(uint32_t seed);
uint32_t world_random(void);

/* Clock */
uint64_t world_now_ms(void);
/* Log lines of the SDK so far that begin so. */
unsigned world_log_lines(const char *beginning);
void world_advance_ms(uint64_t ms);

/* Network ---------------------------------------------------------------- */
struct world_network {
  unsigned loss_percent, duplicate_percent, reorder_percent;
  unsigned travel_ms; /* one way; 10 */
  unsigned rate;      /* bytes a second, each way, UDP and IP headers included; 0: any */
  unsigned queue;     /* with rate: bytes that may wait; what finds no room is dropped */
  bool down;          /* nothing passes */
  bool refused;       /* nobody listens at the server's port: sockets say so */
  bool useless;       /* this device's sockets fail until a new one is opened */
  bool dumb;          /* name look-up is pending for ever */
  unsigned opened;    /* sockets so far */
  uint64_t datagrams; /* both ways */
  uint64_t queue_drops, bytes_to_device;
};
extern struct world_network world_network;
/* A stranger writes to the device's newest socket with the server's address. */
void world_network_forge(const void *data, size_t size);
/* The device loses power: its sockets are gone. */
void world_network_power_on(void);

/* Server ------------------------------------------------------------------ */
#define WORLD_ARTIFACTS_MAX 8
#define WORLD_REPORTS_MAX 256
#define WORLD_CAPTURES_MAX 512
#define WORLD_POSTS_MAX 256
#define WORLD_RESOURCES_MAX 12
/* What came to `.s/PATH`: whole, in one message or in blocks. */
struct world_capture {
  char path[64]; /* "audio" */
  int format;    /* -1: none */
  uint8_t *data;
  size_t size;
};
/* A request to any other path that changes something. */
struct world_post {
  char path[64]; /* ".c/status" */
  uint8_t method;
  int format;
  uint8_t data[1024];
  size_t size;
};
struct world_artifact {
  char name[40]; /* "model@1.0.0" */
  uint8_t *data;
  size_t size;
};
struct world_server {
  bool deaf;                /* alive for DTLS, answers no request */
  bool deaf_to_observe;     /* answers all but the observation */
  const char *deaf_to;      /* not NULL: answers all but requests for that path */
  bool resets_observe;      /* answers an observation with RST */
  bool separate;            /* empty acknowledgement first, the answer in its own CON */
  bool skip_cid;            /* does not negotiate Connection ID */
  const char *psk;          /* WORLD_PSK */
  uint8_t download_code;    /* not 0: what component requests are answered with, */
  size_t download_times;    /* so often; 0: always */
  uint32_t max_age_s;       /* not 0: with this Max-Age */
  unsigned one_place_ms;    /* not 0: component requests wait so long, in one place: a newer one
                               drives out the older */
  bool mute;                /* answers all but component requests */
  size_t mute_block;        /* not 0: never answers this block */
  uint8_t report_code;      /* not 0: what reports are answered with */
  size_t download_end;      /* not 0: components end there, as if whole */
  size_t deaf_after_blocks; /* not 0: goes deaf after so many blocks, once */
  uint8_t szx_max;          /* blocks are not larger; 6 */
  size_t whole_downloads;   /* requests for block 0 */
  uint64_t bytes_sent;      /* of components */
  size_t blocks;            /* component requests */
  size_t blocks_served;     /* with 2.05 */
  size_t pings;             /* CoAP pings and requests without path */
  size_t manifest_requests;
  size_t observations;      /* registrations under a token that was not registered yet */
  uint8_t stream_code;      /* not 0: what blocks and messages to `.s/` are answered with, */
  size_t stream_code_times; /* so often; 0: always */
  size_t stream_code_after; /* when so many have been taken */
  size_t stream_deaf_times; /* so many of them are not answered at all */
  uint8_t stream_szx_max;   /* blocks are asked to be not larger; 6 */
  uint64_t stream_limit;    /* 4.13 beyond it; 16 MiB */
  bool stream_dies_stored;  /* stores a whole upload, and is deaf before it says so; once */
  bool stream_by_session;   /* uploads end with their session; or go on in the next */
  bool stream_wrong_block;  /* answers name another block than the one that came */
  bool stream_no_option;    /* answers have no Block1 */
  size_t stream_blocks;     /* that came, repeated ones too */
  size_t stream_begun;      /* blocks 0 that came */
  size_t restart_at_block;  /* not 0: all sessions are forgotten at that block, once */
  struct world_capture capture[WORLD_CAPTURES_MAX];
  size_t capture_count;
  uint8_t post_code;      /* not 0: what other POST, PUT and DELETE are answered with, */
  size_t post_code_times; /* so often; 0: always */
  struct world_post post[WORLD_POSTS_MAX];
  size_t post_count;
  struct gw_report report[WORLD_REPORTS_MAX];
  size_t report_count;
  size_t handshakes;
};
extern struct world_server world_server;

/* Puts an artifact in place (bytes copied). */
void world_server_add(const char *name, const void *data, size_t size);
/* What observers are told: size 0 for "no release". */
void world_server_manifest(const void *bytes, size_t size);
/* What it is now; the size. */
size_t world_server_current_manifest(void *bytes, size_t room);
/* The same for one component `model@version`, whose artifact has been added.
 * digest NULL: the right one; size 0: the right one. */
void world_server_release(const char *version, const uint8_t *digest, uint32_t size_bytes);
/* A resource that is read and observed: ".c", ".rpc", ".d/counter". Observers
 * are told. One that was not put is 4.04. */
void world_server_put(const char *path, int format, const void *data, size_t size);
/* Requests to that path so far that changed something. */
size_t world_server_posts(const char *path);
/* All sessions are forgotten, as by kill -9 and a new start. */
void world_server_restart(void);
/* Sends raw bytes as application data to the newest session. */
void world_server_send_raw(const void *data, size_t size);
/* Reports as text: "DOWNLOADING/READY v=1 t=2\n"..., from `first` on. Static. */
const char *world_server_reports(size_t first);

/* Lets everything that is due happen, then moves the clock to the next event,
 * but not beyond limit_ms of the clock. */
void world_step(uint64_t limit_ms, uint32_t device_timeout_ms);

/* Medium ------------------------------------------------------------------- */
struct world_medium {
  long operations; /* changes so far: write, truncate, sync, remove */
  long cut_at;     /* power fails during that operation; 0: never */
  jmp_buf *on_cut; /* where to go then */
  size_t capacity; /* 0: without limit */
  bool broken;     /* every call fails with GODWIT_ERR_IO */
};
extern struct world_medium world_medium;
/* After a cut: what was not synced is there, or not, or in parts, by chance. */
void world_medium_power_on(void);
bool world_medium_has(const char *name);
/* Borrowed until the next change; NULL when absent. */
const uint8_t *world_medium_file(const char *name, size_t *size);
/* Puts bytes there behind the store's back; NULL data removes. */
void world_medium_put(const char *name, const void *data, size_t size);
size_t world_medium_file_count(void);
const char *world_medium_names(void); /* static */
#endif
