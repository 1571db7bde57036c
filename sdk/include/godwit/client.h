/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GODWIT_CLIENT_H
#define GODWIT_CLIENT_H
/* The connection of a device to its server: CoAP over DTLS 1.2 with a
 * pre-shared key, or with a certificate (godwit/pki.h). The client connects, keeps the session
 * alive, reconnects with back-off, renews observations, retransmits, and moves blocks. It knows
 * nothing of models or releases (godwit/ota.h, godwit/updater.h).
 *
 * Loop: the client is a state machine that its owner drives with
 * godwit_client_poll, which never blocks. There is no hidden thread. Callbacks
 * run inside godwit_client_poll, on the caller's stack; any function here may
 * be called from a callback, except the ones that say "blocks".
 * Memory: everything, mbedTLS included, lives in the memory given at init.
 * malloc is never called.
 * Threads: all clients of a process are used by one thread at a time. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "godwit/status.h"

struct godwit_client;
struct godwit_certificate; /* godwit/pki.h */

#define GODWIT_DEFAULT_PORT 5684u

/* What godwit_client_config.memory needs: the client itself and mbedTLS's
 * pool. Any alignment is accepted. */
#define GODWIT_CLIENT_MEMORY_BYTES 24576u

enum godwit_client_state {
  GODWIT_CLIENT_STOPPED,    /* before start, after stop */
  GODWIT_CLIENT_WAITING,    /* backing off until the next attempt */
  GODWIT_CLIENT_CONNECTING, /* name look-up and DTLS handshake */
  GODWIT_CLIENT_CONNECTED,
};

typedef void (*godwit_client_state_fn)(struct godwit_client *client, enum godwit_client_state state,
                                       int status, void *arg);

/* Zero-initialise, then set host, memory, and either psk_identity and psk or
 * certificate. A zero takes the default. Strings and the pre-shared key are
 * copied into `memory`; the certificate is borrowed. */
struct godwit_client_config {
  const char *host;                             /* name or address literal, at most 127 bytes */
  uint16_t port;                                /* 0: 5684 */
  const char *psk_identity;                     /* "id@project", at most 127 bytes */
  const void *psk;                              /* key bytes, not hex */
  size_t psk_size;                              /* 1 to 64 */
  const struct godwit_certificate *certificate; /* instead of the three above; NULL: none */
  void *memory;                                 /* the caller's, until godwit_client_deinit */
  size_t memory_size; /* at least GODWIT_CLIENT_MEMORY_BYTES; with a certificate
                         GODWIT_CLIENT_CERTIFICATE_MEMORY_BYTES */

  bool no_connection_id;         /* false: Connection ID (RFC 9146) is offered, so that the
                                    session outlives a change of this device's address */
  uint32_t keepalive_ms;         /* silence after which the client pings; 0: 20,000 */
  uint32_t response_timeout_ms;  /* silence for so long after a request means that the session is
                                    lost; 0: 10,000. A single request is given two thirds of it,
                                    a ping that follows the last. Cellular wants 30,000 and more */
  uint32_t handshake_timeout_ms; /* whole handshake; 0: 15,000 */
  uint32_t backoff_min_ms;       /* first wait after a failure; 0: 1,000. Doubles with each
                                    failure; each wait is spread over its upper half */
  uint32_t backoff_max_ms;       /* 0: 300,000 */
  uint32_t observe_refresh_ms;   /* an observation is renewed so often, in case that a
                                    notification was lost; 0: 6 hours */
  uint8_t block_szx;             /* block size asked for is 16 << szx: 1 to 6; 0: 6 (1,024) */

  godwit_client_state_fn on_state; /* may be NULL */
  void *arg;                       /* for on_state */
};

/* Lays the client out in config->memory. GODWIT_ERR_ARGUMENT for a missing or
 * over-long field, both a pre-shared key and a certificate, or neither;
 * GODWIT_ERR_NO_MEMORY for too little memory. Does not touch
 * the network. */
int godwit_client_init(struct godwit_client **client, const struct godwit_client_config *config);

/* Stops, ends all requests with GODWIT_ERR_CANCELLED, wipes the key. The
 * memory is the caller's again. */
void godwit_client_deinit(struct godwit_client *client);

/* From now on poll connects, and reconnects after every loss. */
void godwit_client_start(struct godwit_client *client);
/* Closes the session (the server is told) and stays stopped. Requests under
 * way end with GODWIT_ERR_CONNECTION; observations stay and are renewed by the
 * next start. */
void godwit_client_stop(struct godwit_client *client);

/* Does what is due: receives, answers, retransmits, runs callbacks. Never
 * blocks, except that a port may block in name look-up (its documents say so).
 * Called from a callback it does nothing. */
void godwit_client_poll(struct godwit_client *client);

/* Milliseconds until poll has something to do even though nothing arrives; 0:
 * now; at most 60,000. */
uint32_t godwit_client_next_timeout_ms(const struct godwit_client *client);
/* What the application may wait on until it is readable: the port's socket
 * handle (POSIX: a file descriptor), -1 when there is none at the moment. It
 * may change with each poll. */
int godwit_client_socket(const struct godwit_client *client);
/* Sleeps until something arrives, something is due or timeout_ms is over;
 * blocks. For loops that have nothing else to do. */
void godwit_client_wait(struct godwit_client *client, uint32_t timeout_ms);

/* A second pre-shared key, copied: from the next connection on it is tried
 * first, and where the server refuses it, the one before is tried again (with
 * the usual pause), in turns. So a key can be changed without the risk of losing
 * the device: both stand at the server until the new one was used. Called again
 * it replaces the one that the last session was not opened with. GODWIT_ERR_ARGUMENT
 * as in init. */
int godwit_client_set_psk(struct godwit_client *client, const char *identity, const void *psk,
                          size_t psk_size);
/* The identity of this session, or of the next attempt; "" with a certificate. */
const char *godwit_client_psk_identity(const struct godwit_client *client);

enum godwit_client_state godwit_client_state(const struct godwit_client *client);
/* "CONNECTED", ... static storage. */
const char *godwit_client_state_name(enum godwit_client_state state);
/* True when the session in use outlives a change of address. */
bool godwit_client_has_connection_id(const struct godwit_client *client);
/* Why the last session or attempt ended; GODWIT_OK when none has. */
int godwit_client_last_error(const struct godwit_client *client);

/* The application knows that the network has changed (new address, Wi-Fi to
 * cellular): with Connection ID the session goes on over a new socket and is
 * pinged at once, otherwise the client reconnects at once. */
void godwit_client_network_changed(struct godwit_client *client);

/* Since init; sizes are UDP payloads, as they are on the air without IP and
 * UDP headers. */
struct godwit_client_stats {
  uint64_t datagrams_in, datagrams_out, bytes_in, bytes_out;
  uint32_t connects;         /* handshakes that succeeded */
  uint32_t connect_failures; /* attempts that did not */
  uint32_t sessions_lost;    /* sessions that ended without being stopped */
  uint32_t retransmissions;  /* CoAP messages sent again */
  uint32_t malformed;        /* datagrams that were no CoAP */
  size_t pool_peak_bytes;    /* most of the mbedTLS pool ever in use */
};
void godwit_client_stats(const struct godwit_client *client, struct godwit_client_stats *out);

/* Requests ----------------------------------------------------------------
 * A request is the caller's object: filled in, handed over, and not to be
 * touched until it has ended. path and payload are borrowed for as long. One
 * message is outstanding at a time (RFC 7252 4.7), and requests take turns;
 * downloads (godwit/ota.h) have theirs beside it, so they do not hold up a report. */
enum godwit_method { GODWIT_GET = 1, GODWIT_POST = 2, GODWIT_PUT = 3, GODWIT_DELETE = 4 };

#define GODWIT_FORMAT_OCTETS 42
#define GODWIT_FORMAT_JSON 50
#define GODWIT_FORMAT_CBOR 60
#define GODWIT_FORMAT_NONE (-1)

struct godwit_response {
  int status;             /* GODWIT_OK for a 2.xx, GODWIT_ERR_RESPONSE for any other code, else
                             why no answer came */
  uint8_t code;           /* CoAP code, class << 5 | detail; 0: no answer came */
  int32_t content_format; /* GODWIT_FORMAT_NONE when absent */
  const uint8_t *payload; /* dies with the callback; NULL when payload_size is 0 */
  size_t payload_size;
  uint32_t offset; /* of payload in the representation: not 0 in a blockwise GET */
  int32_t block1;  /* value of the Block1 option (RFC 7959 2.2): for uploads; -1 when absent */
  bool is_last;    /* the request has ended: its object is free when the callback returns */
  bool has_more;   /* payload is a block, and others follow. Where it was not asked for so, status
                      is GODWIT_ERR_FORMAT: what comes first must not pass for the whole */
};

/* The value is ignored. */
typedef int (*godwit_response_fn)(struct godwit_client *client,
                                  const struct godwit_response *response, void *arg);

struct godwit_request {
  enum godwit_method method;
  const char *path;       /* "/.u/desired" */
  int32_t content_format; /* of the payload; GODWIT_FORMAT_NONE without */
  int32_t accept;         /* GODWIT_FORMAT_NONE for none */
  const void *payload;    /* at most GODWIT_PAYLOAD_MAX bytes */
  size_t payload_size;
  bool observe;    /* GET: on_response is called for the current representation and for each
                      change, also over reconnects, until godwit_client_cancel */
  bool blockwise;  /* GET: one block of the representation, from offset on. The next one is asked
                      for by another request, with the offset behind this one; large things come
                      faster by godwit_ota_download_begin */
  uint32_t offset; /* blockwise: first byte wanted, a multiple of 16 */
  godwit_response_fn on_response;
  void *arg;

  struct { /* the client's */
    struct godwit_request *next;
    uint32_t token;
    uint16_t message_id;
    uint8_t phase;
    uint8_t szx;
    bool observed;   /* a notification with a sequence value has come */
    bool registered; /* the server has this observation under this token */
    bool is_block1;
    uint32_t block1;         /* one block of an upload: the option's value */
    uint32_t size1;          /* its first block: size of the whole; 0: not said */
    uint32_t observed_value; /* observe: its sequence value */
    uint64_t refresh_ms;     /* observe: when to register again */
    uint64_t observed_ms;    /* observe: arrival of the newest notification */
  } internal;
};
#define GODWIT_PAYLOAD_MAX 1024u

/* Queues the request; it is sent as soon as it is its turn. Not connected: an
 * observation waits, anything else is GODWIT_ERR_CONNECTION. A session lost on
 * the way ends it with GODWIT_ERR_CONNECTION. */
int godwit_client_request(struct godwit_client *client, struct godwit_request *request);

/* Takes the request back without a callback. The server learns that an
 * observation is over when its next notification is answered with a reset (RFC
 * 7641 3.6). Harmless when it has ended already; the object must have been
 * zeroed before its first use. */
void godwit_client_cancel(struct godwit_client *client, struct godwit_request *request);

/* Part of the SDK's own objects (streams, settings, ...), and not for
 * applications: work that is done once due_ms of the clock has come and the
 * client is connected. run's status is GODWIT_OK then; GODWIT_ERR_CANCELLED when
 * the client ends, and the object is not the client's any more. */
struct godwit_service {
  void (*run)(struct godwit_client *client, int status, void *arg);
  void *arg;
  uint64_t due_ms; /* UINT64_MAX: nothing to do */
  struct godwit_service *next;
};
#endif
