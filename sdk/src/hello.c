/* SPDX-License-Identifier: Apache-2.0 */
#include "godwit/hello.h"

#include "client_internal.h"

#define PATH "/" GW_HELLO_PATH
#define REFUSALS_MAX 6u

static int on_answer(struct godwit_client *client, const struct godwit_response *response,
                     void *arg) {
  struct godwit_hello *hello = arg;
  uint64_t again_ms = godwit_client_again_ms(client, response, &hello->refusals, REFUSALS_MAX);
  /* A lost session is no reason to say it in the next one twice. */
  hello->service.due_ms = again_ms == 0 ? UINT64_MAX : again_ms;
  return 0;
}

static void say(struct godwit_client *client, int status, void *arg) {
  struct godwit_hello *hello = arg;
  if (status < 0) { /* the client ends */
    godwit_hello_stop(hello);
    return;
  }
  if (godwit_exchange_has_request(client, &hello->request)) return;
  hello->request = (struct godwit_request){
      .method = GODWIT_POST,
      .path = PATH,
      .content_format = GODWIT_FORMAT_CBOR,
      .accept = GODWIT_FORMAT_NONE,
      .payload = hello->payload,
      .payload_size = hello->size,
      .on_response = on_answer,
      .arg = hello,
  };
  (void)godwit_client_request(client, &hello->request); /* connected, nothing amiss */
}

/* A session begins. Stands before the application's own, so that the client
 * need not know of it. */
static void on_state(struct godwit_client *client, enum godwit_client_state state, int status,
                     void *arg) {
  struct godwit_hello *hello = arg;
  if (state == GODWIT_CLIENT_CONNECTED) hello->service.due_ms = 0;
  if (hello->on_state != NULL) hello->on_state(client, state, status, hello->on_state_arg);
}

static int encode(struct godwit_hello *hello, const struct gw_hello_words *words) {
  struct gw_hello_words said = *words;
  if (said.sdk == NULL) said.sdk = "godwit/" GODWIT_SDK_VERSION;
  int size = gw_hello_encode(&said, hello->payload, sizeof hello->payload);
  if (size < 0) return GODWIT_ERR_ARGUMENT;
  hello->size = (size_t)size;
  return GODWIT_OK;
}

int godwit_hello_start(struct godwit_hello *hello, struct godwit_client *client,
                       const struct gw_hello_words *words) {
  if (hello == NULL || client == NULL || words == NULL) return GODWIT_ERR_ARGUMENT;
  if (hello->client != NULL) return GODWIT_ERR_STATE;
  int status = encode(hello, words);
  if (status < 0) return status;
  bool is_connected = client->state == GODWIT_CLIENT_CONNECTED;
  hello->refusals = 0;
  hello->service =
      (struct godwit_service){.run = say, .arg = hello, .due_ms = is_connected ? 0 : UINT64_MAX};
  status = godwit_client_add_service(client, &hello->service);
  if (status < 0) return status;
  hello->client = client;
  hello->on_state = client->config.on_state;
  hello->on_state_arg = client->config.arg;
  client->config.on_state = on_state;
  client->config.arg = hello;
  return GODWIT_OK;
}

void godwit_hello_stop(struct godwit_hello *hello) {
  struct godwit_client *client = hello->client;
  if (client == NULL) return;
  hello->client = NULL;
  client->config.on_state = hello->on_state;
  client->config.arg = hello->on_state_arg;
  godwit_client_cancel(client, &hello->request);
  godwit_client_remove_service(client, &hello->service);
}
