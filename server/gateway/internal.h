/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SERVER_GATEWAY_INTERNAL_H
#define SERVER_GATEWAY_INTERNAL_H
/* The gateway's objects, shared by its files. Who owns what:
 *   gateway.c        the gateway, the loop, the batch, answers that wait for it
 *   udp.c            the socket and its queues
 *   hello.c          the door: ClientHello and cookie, without state
 *   session_table.c  sessions by address and Connection ID, devices
 *   dtls.c           a session's life: handshake, records, timers, end
 *   coap_layer.c     a session's CoAP: messages, duplicates, answers, keepalive
 *   observe.c        observations and their notifications
 *   routes.c         which path does what
 *   orphans.c        uploads whose session has ended
 *   ota.c, streams.c, state.c, settings.c, rpc.c, logs.c, profile.c, shadow.c, csr.c
 *                    what those paths do
 *   convert.c        CBOR and JSON into each other
 * Calls go down this list; up only through the functions declared here. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <jansson.h>
#include <mbedtls/ctr_drbg.h>
#include <mbedtls/entropy.h>
#include <mbedtls/ssl.h>

#include "server/gateway/gateway.h"
#include "server/gateway/hello.h"
#include "server/gateway/timers.h"
#include "server/gateway/udp.h"
#include "wire/block.h"
#include "wire/coap.h"
#include "wire/exchange.h"

#define CID_SIZE 8u
/* A session's: published clients keep at most eight of state, and one each of
 * manifest, settings and calls. */
#define OBSERVATIONS_MAX 16u
/* A session's uploads: more at once than these is no client's habit. A fifth
 * pushes out one that has been silent for UPLOAD_SILENT_MS. */
#define UPLOADS_OPEN_MAX 4u
#define UPLOADS_SAVED_MAX 4u /* remembered, so that a repeated last block is not stored twice */
#define UPLOAD_SILENT_MS 10000u
#define UPLOAD_IDLE_MS 60000u /* without a block: forgotten */
/* Uploads whose session has ended; the oldest gives way. */
#define ORPHANS_MAX 1024u
/* A client without an answer for ten seconds connects anew; its old session may
 * not know that yet. */
#define SESSION_LOST_MS 9000u
#define UPLOAD_TOTAL_MS 3600000u /* 8 MiB in an hour is 2 kB/s: slower than any link of ours */
#define TOKEN_DIGEST_SIZE 16u
/* The longest representation made here (not a blob): a device's state as CBOR,
 * where "1.0," of JSON becomes nine bytes. */
#define REPRESENTATION_MAX (SRV_DEVICE_STATE_MAX / 4u * 9u + 64u)
/* What a path (gw_coap_path) may have, the NUL included. */
#define PATH_MAX_SIZE 256u
/* A response's payload without Block2, and a block's: what Zephyr receives. */
#define PAYLOAD_MAX 1024u

struct session;

/* One identity that is, or is about to be, connected; shared by its sessions. */
struct device {
  struct srv_device_ref ref;
  struct device *next; /* in the table's chain */
  struct session *sessions;
  unsigned references;
  bool revoked;       /* its sessions end at the next run */
  uint64_t budget_ms; /* token bucket: the time at which it was last filled */
  uint32_t tokens;    /* hundredths of a request */
};

/* Something that can be observed, the same for all its observers. */
struct observable {
  /* Writes the current representation of path (what the pattern's '*' stood
   * for); returns its length, 0 when there is nothing to tell, or enum
   * srv_status. */
  int (*represent)(struct srv_gateway *gateway, struct session *session, const char *path,
                   uint16_t format, uint8_t *buffer, size_t size);
  /* Any may be NULL. An observer has registered or renewed; its peer has
   * acknowledged the present representation; one of the session is gone. */
  void (*registered)(struct session *session);
  void (*acknowledged)(struct session *session);
  void (*cancelled)(struct session *session);
  /* Nothing but the device and its own operator change it: when something of
   * the whole project changes, it need not be looked at. */
  bool is_devices_own;
};

struct observation {
  struct observation *next;
  const struct observable *observable;
  uint16_t format;
  uint8_t token[GW_COAP_TOKEN_MAX];
  uint8_t token_length;
  bool changed;                    /* something newer may wait */
  uint8_t sent[TOKEN_DIGEST_SIZE]; /* digest of what the observer was last sent */
  uint32_t sequence;               /* Observe option last sent; rises */
  uint16_t message_id;             /* of the outstanding notification */
  struct gw_retransmit outstanding;
  char path[]; /* see represent; never changes */
};

/* A block-wise upload, by session, path and token. */
struct upload {
  struct upload *next; /* the session's, or the next orphan */
  enum upload_state {
    UPLOAD_OPEN,
    UPLOAD_SAVING, /* complete, in the batch that is not committed yet */
    UPLOAD_SAVED,  /* remembered for repeats of its last block */
  } state;
  struct srv_capture_upload *capture; /* ours in UPLOAD_OPEN, else NULL */
  struct gw_block1_receiver blocks;
  uint64_t begun; /* one more than that of the upload begun before */
  uint64_t started_ms, heard_ms;
  struct srv_device_ref device; /* for who has no session any more */
  bool token_changes;           /* its client gives each block a token of its own */
  uint8_t token_length;
  uint8_t token[GW_COAP_TOKEN_MAX];
  char path[SRV_STREAM_PATH_MAX + 1];
};

enum session_state { SESSION_HANDSHAKE, SESSION_OPEN, SESSION_DEAD };

struct session {
  struct srv_gateway *gateway;
  enum session_state state;
  bool has_cid;    /* the peer sends our CID */
  bool quiet;      /* does not answer; a CID session may be asleep */
  bool by_address; /* in the table of addresses (or of handshakes) */
  bool listed_changed;
  struct udp_path path;
  uint8_t cid[CID_SIZE];
  struct session *address_next, *cid_next;       /* hash chains */
  struct session *device_previous, *device_next; /* sessions of one device */
  struct session *list_previous, *list_next;     /* handshakes, open sessions, or dead ones */
  struct session *changed_next;                  /* sessions with observations to look at */
  struct device *device; /* known once the identity is; never NULL in SESSION_OPEN */
  char credential_id[SRV_ID_LENGTH + 1]; /* that opened it, see core.h */
  bool is_certificate;
  bool revoked;                  /* that credential is: ends at the next run */
  struct peer *peer;             /* a certificate's handshake until it is done, see dtls.c */
  struct session *admitted_next; /* of this batch, see gateway.admitted */

  mbedtls_ssl_context ssl;
  const uint8_t *incoming; /* datagram that mbedTLS reads next; NULL: none */
  size_t incoming_size;
  uint64_t flight_intermediate_ms, flight_final_ms; /* mbedTLS's timer; 0: off */
  uint8_t client_random[HELLO_RANDOM_SIZE];

  struct timer timer;
  uint64_t started_ms, received_ms, sent_ms;
  uint64_t told_ms; /* when the core was last told that the device lives */
  uint16_t next_message_id;
  uint16_t ping_message_id;
  struct gw_retransmit ping;
  struct gw_dedup dedup;
  struct observation *observations;
  struct upload *uploads;   /* the last begun first */
  bool token_stays;         /* its client gives all blocks of an upload one token */
  uint8_t uploads_begun;    /* since one of them went on; refused ones, too */
  struct csr_transfer *csr; /* NULL: it has never asked */
};

struct session_list {
  struct session *first, *last;
  size_t count;
};

struct session_table {
  struct session **open, **handshakes, **cids; /* buckets */
  struct device **devices;
  size_t bucket_count; /* of each, a power of two */
  uint64_t hash_key[2];
  size_t device_count;
  struct session_list open_list, handshake_list, dead_list;
};

/* An answer to a request that wrote: sent once the batch is on the disk. */
struct waiting_answer {
  struct session *session;
  uint16_t message_id;
  uint8_t type, code, token_length;
  uint8_t token[GW_COAP_TOKEN_MAX];
  bool has_block1;
  uint32_t block1;
};
#define WAITING_ANSWERS_MAX 128u /* then the batch is committed early */

struct srv_gateway {
  struct srv_gateway_config config; /* with defaults filled in */
  struct srv_core *core;
  struct udp_socket *udp;
  struct session_table table;
  struct timers timers;
  uint64_t now_ms; /* read once per batch */
  uint8_t cookie_secret[HELLO_SECRET_SIZE];
  mbedtls_entropy_context entropy;
  mbedtls_ctr_drbg_context random;
  mbedtls_ssl_config ssl_config;
  mbedtls_x509_crt certificate; /* our own, and its key */
  mbedtls_pk_context key;
  struct session *shaking; /* whose handshake mbedTLS is in */
  /* Sessions whose certificate the core has noted in this batch: should it not be
   * stored, they end, as revoking would not find them. Nothing is freed within a
   * batch. */
  struct session *admitted;
  struct csr_command *csr_commands;
  struct csr_quota *csr_quotas;
  uint64_t csr_polled_ms;
  struct srv_gateway_stats stats;
  size_t waiting_count;
  struct waiting_answer waiting[WAITING_ANSWERS_MAX];
  struct session *changed_first, *changed_last;
  struct upload *orphans; /* the longest without a session first */
  struct upload **orphans_end;
  size_t orphan_count;
  uint64_t uploads_begun;
  bool revocations;       /* some device is revoked */
  uint64_t log_window_ms; /* when log_lines began to be counted, see may_log */
  unsigned log_lines, log_skipped;
  uint8_t representation[REPRESENTATION_MAX];
};

/* ---- session_table.c ---- */
bool table_init(struct session_table *table, uint64_t key0, uint64_t key1);
void table_free(struct session_table *table);
struct session *table_find_open(const struct session_table *table, const struct udp_path *path);
struct session *table_find_handshake(const struct session_table *table,
                                     const struct udp_path *path);
struct session *table_find_cid(const struct session_table *table, const uint8_t cid[CID_SIZE]);
/* A new session enters as a handshake, by address and CID. */
void table_add_handshake(struct session_table *table, struct session *session);
/* The handshake is done: it takes the address from whoever had it, which is
 * returned (NULL: nobody) and can from now on only be found by its CID. */
struct session *table_open(struct session_table *table, struct session *session);
/* An open session writes from elsewhere; returns whoever lost that address. */
struct session *table_move(struct session_table *table, struct session *session,
                           const struct udp_path *path);
/* Out of every index, into the list of the dead. */
void table_bury(struct session_table *table, struct session *session);
/* Takes a dead one out of the list, to be freed; NULL when there is none. */
struct session *table_take_dead(struct session_table *table);
/* The device's entry, made when needed, with one reference more; NULL when
 * memory is out. */
struct device *table_device_acquire(struct session_table *table, const struct srv_device_ref *ref);
struct device *table_device_find(const struct session_table *table, const char *project_id,
                                 const char *device_id);
void table_device_release(struct session_table *table, struct device *device);

/* ---- dtls.c ---- */
int dtls_init(struct srv_gateway *gateway, char *error, size_t error_size);
void dtls_deinit(struct srv_gateway *gateway);
/* One datagram of the socket, from whomever. */
void dtls_receive(struct srv_gateway *gateway, const uint8_t *datagram, size_t size,
                  const struct udp_path *path);
/* The session's timer fired, perhaps early. */
void dtls_timer(struct session *session);
/* Something of the session is due earlier than its timer may know. */
void dtls_schedule(struct session *session);
/* Encrypts and queues one CoAP message. */
void session_send(struct session *session, const uint8_t *message, size_t size);
/* Ends it: close_notify when `polite`, observers and answers forgotten, the
 * device told offline when this was its last. Freed later, by dtls_reap. */
void session_end(struct session *session, bool polite);
void dtls_reap(struct srv_gateway *gateway);
/* Ends every session of revoked devices. */
void dtls_end_revoked(struct srv_gateway *gateway);
/* The batch is committed, or is not. */
void dtls_committed(struct srv_gateway *gateway, bool saved);
uint32_t gateway_random(struct srv_gateway *gateway);
/* For lines that strangers cause: false when there were many in a short time. */
bool gateway_may_log(struct srv_gateway *gateway);

/* ---- coap_layer.c ---- */
/* One decrypted datagram. */
void coap_receive(struct session *session, const uint8_t *datagram, size_t size);
/* When its next timer is due; and what to do then. */
uint64_t coap_due_ms(const struct session *session);
void coap_timer(struct session *session);
/* Sends the answers that waited for the commit; `saved` false turns them into
 * 5.00. */
void coap_send_waiting(struct srv_gateway *gateway, bool saved);
/* Commits what the batch has come to and goes on with a new one; false when that
 * was not stored. For answers with a payload, which cannot wait for the end. */
bool coap_commit_early(struct srv_gateway *gateway);
void coap_forget_session(struct session *session);
struct request;
struct response;
/* Sends the answer to a request whose handler deferred it. Of request->message
 * only type, message id and token are read. */
void coap_respond(const struct request *request, struct response *response);

/* ---- observe.c ---- */
/* Registers or renews; false when the session has OBSERVATIONS_MAX. The
 * representation is about to be sent as the answer, with *sequence. */
bool observe_register(struct session *session, const struct gw_coap_message *request,
                      const struct observable *observable, const char *path, uint16_t format,
                      const uint8_t *representation, size_t size, uint32_t *sequence);
void observe_cancel(struct session *session, const uint8_t *token, size_t token_length);
void observe_cancel_all(struct session *session);
/* ACK or RST with that message id came; nothing happens when it is not that of
 * an outstanding notification. */
void observe_acknowledged(struct session *session, uint16_t message_id);
void observe_rejected(struct session *session, uint16_t message_id);
/* The core says that what this session observes may have changed, in the whole
 * project or for its device. */
void observe_mark(struct session *session, bool whole_project);
/* Looks at up to `limit` marked sessions and notifies; true when more wait. */
bool observe_run(struct srv_gateway *gateway, size_t limit);
uint64_t observe_due_ms(const struct session *session);
/* False when the peer has not answered to the end of retransmission. */
bool observe_timer(struct session *session);
/* Something came: what it could not be told before can be tried again. */
void observe_wake(struct session *session);

/* ---- routes.c ---- */
enum { METHOD_GET = 1, METHOD_POST = 2, METHOD_PUT = 4, METHOD_DELETE = 8 };

struct request {
  struct srv_gateway *gateway;
  struct session *session;
  const struct gw_coap_message *message;
  const char *rest; /* of the path, behind the pattern's '*' */
};
#define FORMAT_NONE 0xFFFFu
struct response {
  uint8_t code;
  uint16_t format;        /* FORMAT_NONE: no Content-Format */
  const uint8_t *payload; /* the whole representation; blocks are cut from it */
  size_t payload_size;
  bool wrote;                          /* send after the commit; then without payload */
  bool deferred;                       /* nothing is sent now: coap_respond does it later */
  const struct observable *observable; /* NULL: Observe is ignored */
  struct srv_blob_view blob; /* released when the answer is written; owner or data NULL: none */
  /* How far the device is with it is told to the core. NULL: of no interest. */
  void (*block_sent)(const struct request *request, size_t offset_end, size_t size);
};
typedef void (*route_handler)(const struct request *request, struct response *response);
/* NULL when there is none: *code says 4.04 or 4.05. */
route_handler route_find(const char *path, uint8_t coap_method, const char **rest, uint8_t *code);
/* True for a block of an artifact or of an upload that is under way: cheap to
 * serve, and clients pace them. */
bool route_is_cheap(route_handler handler, const struct gw_coap_message *message);
/* enum srv_status to a CoAP code. */
uint8_t route_code_of_status(int status);
/* 2.05 with what the observable is now, or its error. */
void respond_with(const struct request *request, struct response *response,
                  const struct observable *observable, uint16_t format);
/* The answer to a request that wrote: `code` once it is on the disk, or the
 * status's own. */
void respond_written(struct response *response, int status, uint8_t code);

/* ---- ota.c ---- */
void ota_get_manifest(const struct request *request, struct response *response);
void ota_get_artifact(const struct request *request, struct response *response);
void ota_post_report(const struct request *request, struct response *response);

/* ---- description.c ---- */
void description_get(const struct request *request, struct response *response);
void description_get_encoded(const struct request *request, struct response *response);

/* ---- streams.c ---- */
void streams_post(const struct request *request, struct response *response);
/* When the next upload of the session is to be forgotten; and doing it. */
uint64_t streams_due_ms(const struct session *session);
void streams_timer(struct session *session);
bool streams_has_token(const struct upload *upload, const struct gw_coap_message *message);
/* Ends it, in no list any more. */
void streams_free(struct srv_gateway *gateway, struct upload *upload);
/* What the session completed in this batch is on the disk, or is not. */
void streams_committed(struct session *session, bool saved);
/* Its uploads wait for the device's next session. */
void streams_forget_session(struct session *session);

/* ---- orphans.c ---- */
/* Takes an upload in whose session has ended. */
void orphans_add(struct srv_gateway *gateway, struct upload *upload);
/* The upload of this session's device, path and token that was begun last, when
 * the block goes on with it or repeats its last one, and it is an orphan or one of
 * another session of the device that seems lost. It is the caller's then; else
 * NULL. */
struct upload *orphans_take(struct session *session, const struct gw_coap_message *message,
                            const char *path, struct gw_block block);
/* Has the device an upload with that path and token, in any session or none? */
bool orphans_know(struct session *session, const struct gw_coap_message *message, const char *path);
/* Would orphans_take take one? */
bool orphans_have(struct session *session, const struct gw_coap_message *message, const char *path,
                  struct gw_block block);
/* The longest waiting open one gives way; false when there is none. */
bool orphans_drop_one(struct srv_gateway *gateway);
uint64_t orphans_due_ms(const struct srv_gateway *gateway);
/* Drops those that are due; all of them when `all`. */
void orphans_timer(struct srv_gateway *gateway, bool all);

/* ---- state.c, settings.c, rpc.c, logs.c ---- */
void state_get(const struct request *request, struct response *response);
void state_set(const struct request *request, struct response *response);
void state_delete(const struct request *request, struct response *response);
void settings_get(const struct request *request, struct response *response);
void settings_post_status(const struct request *request, struct response *response);
void rpc_get(const struct request *request, struct response *response);
void rpc_post_status(const struct request *request, struct response *response);
void logs_post(const struct request *request, struct response *response);

/* ---- profile.c, shadow.c ---- */
/* CBOR in one datagram of at most so many bytes? 0, or the code to answer with. */
uint8_t profile_check_cbor(const struct gw_coap_message *message, size_t max);
void shadow_post(const struct request *request, struct response *response);
void profile_post_hello(const struct request *request, struct response *response);

/* ---- keyset.c ---- */
void keyset_get(const struct request *request, struct response *response);

/* ---- csr.c ---- */
void csr_post(const struct request *request, struct response *response);
/* When csr_run wants to look at commands again; TIMER_NEVER: none runs. */
uint64_t csr_due_ms(const struct srv_gateway *gateway);
void csr_run(struct srv_gateway *gateway);
void csr_end_commands(struct srv_gateway *gateway);
void csr_forget_session(struct session *session);

/* ---- convert.c ---- */
/* One CBOR item as JSON: integers stay integers, floats floats (those that JSON
 * lacks become null), bytes become base64 text. NULL for what is not one
 * well-formed item of our subset, has a key that is no text or comes twice, an
 * integer beyond 64 bits signed, or more than SRV_DEVICE_STATE_DEPTH_MAX
 * levels. */
json_t *convert_from_cbor(const uint8_t *data, size_t size);
/* The same rules for JSON text of any type. */
json_t *convert_from_json(const uint8_t *data, size_t size);
/* Length, or GW_ERR_NO_SPACE. Floats take eight bytes, whatever their value. */
int convert_to_cbor(const json_t *value, uint8_t *buffer, size_t size);
/* Compact; length, or GW_ERR_NO_SPACE. No NUL. */
int convert_to_json(const json_t *value, uint8_t *buffer, size_t size);
/* A request's payload, which must be whole and say that it is CBOR or JSON: 0 and
 * *out, which the caller releases, or the code to answer with. */
uint8_t convert_payload(const struct gw_coap_message *message, json_t **out);
/* Which of the two the client would have: Accept, where it makes sense. */
uint16_t convert_accept(const struct gw_coap_message *message, uint16_t otherwise);
#endif
