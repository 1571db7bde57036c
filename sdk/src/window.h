/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SDK_WINDOW_H
#define SDK_WINDOW_H
/* Downloads with several blocks under way: the part of the message layer that
 * they have for themselves. exchange.c passes on what comes and calls run. */
#include "client_internal.h"

/* A session begins. */
void godwit_window_begin_session(struct godwit_client *client);
/* Ends all downloads with `status`. */
void godwit_window_end_all(struct godwit_client *client, int status);

/* The download that an answer is for, or NULL. */
struct godwit_ota_download *godwit_window_find(const struct godwit_client *client,
                                               const struct gw_coap_message *message);
/* Takes an answer; the download may have ended when this returns. */
void godwit_window_answer(struct godwit_client *client, struct godwit_ota_download *download,
                          const struct gw_coap_message *message, uint64_t now_ms);
/* An empty ACK or RST with the message id of one of its requests? Then it is
 * heeded, and true. */
bool godwit_window_empty(struct godwit_client *client, const struct gw_coap_message *message,
                         uint64_t now_ms);
/* Counts losses, asks for what may be asked for. May lose the session. */
void godwit_window_run(struct godwit_client *client, uint64_t now_ms);
/* How long until run has something to do though nothing comes. */
uint32_t godwit_window_wait_ms(const struct godwit_client *client, uint64_t now_ms);

/* exchange.c: sends a request that is in no list, with the token and message id
 * that it has. False when the session was lost by it. */
bool godwit_exchange_send(struct godwit_client *client, const struct godwit_request *request);
#endif
