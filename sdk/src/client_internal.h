/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SDK_CLIENT_INTERNAL_H
#define SDK_CLIENT_INTERNAL_H
/* The client's memory, shared by client.c (the connection), exchange.c
 * (requests and answers over it) and ota.c (manifest and reports). Nothing
 * outside sdk/src includes this. */
#include "dtls.h"
#include "godwit/client.h"
#include "godwit/ota.h"
#include "wire/block.h"
#include "wire/coap.h"
#include "wire/exchange.h"
#include "wire/pace.h"

#define GODWIT_HOST_MAX 127u
#define GODWIT_IDENTITY_MAX 127u
#define GODWIT_PSK_MAX 64u

enum godwit_request_phase {
  GODWIT_REQUEST_FREE = 0,  /* not the client's */
  GODWIT_REQUEST_QUEUED,    /* waits for its turn */
  GODWIT_REQUEST_SENT,      /* outstanding: the only one */
  GODWIT_REQUEST_SUSPECT,   /* not answered; a ping asks whether the server is there */
  GODWIT_REQUEST_OBSERVING, /* registered, waits for notifications */
};

struct godwit_ota {
  uint8_t report_count;
  bool report_sent; /* the oldest is under way */
  uint16_t reports_size;
  uint64_t report_not_before_ms;             /* the server was too busy for it */
  uint8_t reports[GODWIT_OTA_REPORTS_BYTES]; /* that wait, oldest first, see ota.c */
  struct godwit_request report_request;
  char report_path[sizeof "/.u/c/" + GW_PACKAGE_MAX];

  struct godwit_request manifest_request;
  godwit_ota_manifest_fn on_manifest;
  void *on_manifest_arg;
};

/* What is used most stands first: short offsets make short instructions. */
struct godwit_client {
  enum godwit_client_state state;
  bool in_poll;
  bool ending;           /* in deinit: callbacks begin nothing new */
  bool use_first;        /* the next key was refused just now, or there is none */
  bool in_session_first; /* what this session, or the last attempt, goes by */
  bool next_has_worked;  /* the last session was opened with the next key */
  uint16_t next_message_id;
  uint32_t next_token;

  struct godwit_request *requests;       /* in turn; observations too */
  struct godwit_request *current;        /* outstanding, or NULL */
  struct godwit_request *suspect;        /* not answered, or NULL */
  struct godwit_ota_download *downloads; /* see window.h */
  struct godwit_service *services;       /* what else may have something to send */
  int last_error;
  unsigned failures;           /* attempts and sessions that ended badly, in a row */
  unsigned refusals;           /* of the socket, since the last sign of life */
  uint32_t srtt_ms, rttvar_ms; /* round trips, smoothed, and how they vary (RFC 6298 2) */
  uint32_t rto_ms; /* before a block is sent again; 0: not known, RFC 7252's two to three seconds */
  uint64_t sent_ms;       /* first transmission of current */
  uint64_t deadline_ms;   /* current must be answered by then */
  uint64_t received_ms;   /* CONNECTED: last sign of life */
  uint64_t wait_until_ms; /* WAITING: when to try */
  uint64_t connect_ms;    /* CONNECTING: since when */
  uint64_t connected_ms;  /* CONNECTED: since when */
  uint64_t moved_ms;      /* last change of socket within the session */
  struct gw_retransmit retransmit;
  struct godwit_client_config config; /* defaults filled in; strings point below */
  struct godwit_request ping;         /* method 0 */
  struct gw_pace pace;                /* of the downloads' blocks */
  struct godwit_client_stats stats;
  struct godwit_pool pool;
  struct godwit_ota ota;
  struct godwit_dtls dtls;

  char host[GODWIT_HOST_MAX + 1];
  char identity[GODWIT_IDENTITY_MAX + 1];
  uint8_t psk[GODWIT_PSK_MAX];
  char next_identity[GODWIT_IDENTITY_MAX + 1]; /* of godwit_client_set_psk */
  uint8_t next_psk[GODWIT_PSK_MAX];
  size_t next_psk_size; /* 0: none */
  uint8_t receive_buffer[GW_COAP_DATAGRAM_MAX];
  uint8_t send_buffer[GW_COAP_DATAGRAM_MAX];
};

/* client.c */
uint32_t godwit_client_random(void);
/* Ends the session because of `status`; the client waits and tries again. */
void godwit_client_lose_session(struct godwit_client *client, int status);

/* GODWIT_ERR_STATE when it is there already, or the client ends. run may remove
 * any service and add others. */
int godwit_client_add_service(struct godwit_client *client, struct godwit_service *service);
/* Harmless when it is not there. */
void godwit_client_remove_service(struct godwit_client *client, struct godwit_service *service);
bool godwit_client_has_service(const struct godwit_client *client,
                               const struct godwit_service *service);
/* "/.s/" and "audio" into out. GODWIT_ERR_ARGUMENT when it does not fit. A path
 * may begin with a slash; empty, it names the prefix itself. */
int godwit_client_join_path(char *out, size_t size, const char *prefix, const char *path);
/* How long to pause after the nth refusal in a row, from 1: a second, doubled
 * each time up to about a minute, spread over the upper half. */
uint32_t godwit_client_pause_ms(unsigned refusals);
/* Behind the answer to something that should arrive: when to send it again, or
 * UINT64_MAX where it was answered, or refused for good, or not taken after
 * refusals_max times. *refusals counts them, from 0. A lost session is no
 * refusal: 0, which is at once in the next one. */
uint64_t godwit_client_again_ms(const struct godwit_client *client,
                                const struct godwit_response *response, uint8_t *refusals,
                                unsigned refusals_max);
/* 4.29 and 5.xx: not the fault of what was sent, worth another try later. */
bool godwit_client_is_busy_code(uint8_t code);

/* exchange.c: one poll's worth of a connected client. May lose the session. */
void godwit_exchange_begin_session(struct godwit_client *client);
void godwit_exchange_run(struct godwit_client *client, uint64_t now_ms);
/* Ends what was under way with `status`; observations are queued again. */
void godwit_exchange_end_session(struct godwit_client *client, int status);
uint64_t godwit_exchange_due_ms(const struct godwit_client *client);
/* Asks for a sign of life now. */
void godwit_exchange_ping(struct godwit_client *client);
/* Takes every request back with `status`, observations too. */
void godwit_exchange_cancel_all(struct godwit_client *client, int status);

/* Is it under way? For objects that must not be filled in again then. */
bool godwit_exchange_has_request(const struct godwit_client *client,
                                 const struct godwit_request *request);
/* A token that no request of this session has had. */
uint32_t godwit_exchange_new_token(struct godwit_client *client);
/* As godwit_client_request, for one block of an upload: all blocks of one carry
 * the same token, and block1 is the option's value. size1 is what the whole
 * takes, so that a server which takes no such size says so at once; 0: not said. */
int godwit_exchange_request_block(struct godwit_client *client, struct godwit_request *request,
                                  uint32_t token, uint32_t block1, uint32_t size1);

/* ota.c: sends the oldest report when none is under way. */
void godwit_ota_send_reports(struct godwit_client *client);
#endif
