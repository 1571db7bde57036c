/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GODWIT_STATE_H
#define GODWIT_STATE_H
/* The device's state: one JSON document that server and device both read and
 * change (`.d/PATH`). A path names a part of it, "" the whole.
 *
 * Memory and threads: as godwit/client.h. The objects are the caller's, zeroed
 * before their first use; a change is in use until done has been called, a
 * reading until on_value has been called or, where it observes, until it is
 * cancelled. Paths and values are copied, except the payload of
 * godwit_state_set. */
#include "godwit/client.h"

#define GODWIT_STATE_PATH_MAX 63u
#define GODWIT_STATE_JSON_MAX 256u /* bytes of a value as JSON, quotes and escapes included */

/* Changing -------------------------------------------------------------------
 * status: GODWIT_OK: the server has it. GODWIT_ERR_RESPONSE: it refused, code is
 * its CoAP code. Else why it could not be sent: not connected is
 * GODWIT_ERR_CONNECTION at once, a change is not kept. done may be NULL. */
typedef void (*godwit_state_done_fn)(struct godwit_client *client, int status, uint8_t code,
                                     void *arg);
struct godwit_state_change { /* internal */
  godwit_state_done_fn done;
  void *arg;
  struct godwit_request request;
  char path[GODWIT_STATE_PATH_MAX + 5];
  char json[GODWIT_STATE_JSON_MAX];
};

/* One value, as JSON. GODWIT_ERR_ARGUMENT for one that JSON has no text for
 * (infinity, not a number, not UTF-8) or whose text is too long; GODWIT_ERR_STATE
 * while the object is in use. A double keeps its point: 3.0 is not 3. */
int godwit_state_set_bool_async(struct godwit_client *client, struct godwit_state_change *change,
                                const char *path, bool value, godwit_state_done_fn done, void *arg);
int godwit_state_set_int_async(struct godwit_client *client, struct godwit_state_change *change,
                               const char *path, int64_t value, godwit_state_done_fn done,
                               void *arg);
int godwit_state_set_double_async(struct godwit_client *client, struct godwit_state_change *change,
                                  const char *path, double value, godwit_state_done_fn done,
                                  void *arg);
int godwit_state_set_string_async(struct godwit_client *client, struct godwit_state_change *change,
                                  const char *path, const char *value, godwit_state_done_fn done,
                                  void *arg);
/* Any value, GODWIT_FORMAT_JSON or GODWIT_FORMAT_CBOR, of at most
 * GODWIT_PAYLOAD_MAX bytes. payload is borrowed until done. */
int godwit_state_set(struct godwit_client *client, struct godwit_state_change *change,
                     const char *path, int32_t content_format, const void *payload,
                     size_t payload_size, godwit_state_done_fn done, void *arg);
int godwit_state_delete(struct godwit_client *client, struct godwit_state_change *change,
                        const char *path, godwit_state_done_fn done, void *arg);

/* Reading ------------------------------------------------------------------------
 * response: as godwit/client.h. What is not there is null, not an error. A value
 * of more than a block is GODWIT_ERR_FORMAT: name a part of it. */
typedef void (*godwit_state_value_fn)(struct godwit_client *client,
                                      const struct godwit_response *response, void *arg);
struct godwit_state_reading { /* internal */
  godwit_state_value_fn on_value;
  void *arg;
  struct godwit_request request;
  char path[GODWIT_STATE_PATH_MAX + 5];
};
/* Once. accept: GODWIT_FORMAT_JSON or GODWIT_FORMAT_CBOR. */
int godwit_state_get(struct godwit_client *client, struct godwit_state_reading *reading,
                     const char *path, int32_t accept, godwit_state_value_fn on_value, void *arg);
/* The current value, and each change of it, by whomever, over reconnects too. */
int godwit_state_observe(struct godwit_client *client, struct godwit_state_reading *reading,
                         const char *path, int32_t accept, godwit_state_value_fn on_value,
                         void *arg);
/* Ends it without a callback. */
void godwit_state_reading_cancel(struct godwit_client *client,
                                 struct godwit_state_reading *reading);

/* Values -------------------------------------------------------------------------
 * One scalar out of a response, JSON or CBOR by its format (none is JSON).
 * GODWIT_ERR_NOT_FOUND: null, or nothing. GODWIT_ERR_FORMAT: of another type, or
 * beyond the range. as_double takes integers too. */
int godwit_state_payload_as_bool(const struct godwit_response *response, bool *value);
int godwit_state_payload_as_int(const struct godwit_response *response, int64_t *value);
int godwit_state_payload_as_double(const struct godwit_response *response, double *value);
/* NUL-terminated. GODWIT_ERR_NO_MEMORY: it does not fit. */
int godwit_state_payload_as_string(const struct godwit_response *response, char *text, size_t size);
#endif
