/* SPDX-License-Identifier: Apache-2.0 */
// fuzz-link: wire
/* A datagram is refused, or written again it is the same datagram: each option
 * has one encoding only. */
#include <stdlib.h>
#include <string.h>

#include "wire/coap.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(int condition) {
  if (!condition) abort();
}

static void rewrite(const struct gw_coap_message *message, const uint8_t *data, size_t size) {
  struct gw_coap_writer writer;
  struct gw_coap_option_iterator iterator = {0};
  struct gw_coap_option option;
  uint8_t *again = malloc(size);
  gw_coap_writer_begin(&writer, again, size, message->type, message->code, message->message_id,
                       message->token, message->token_length);
  while (gw_coap_option_next(message, &iterator, &option)) {
    gw_coap_writer_option(&writer, option.number, option.value, option.length);
  }
  gw_coap_writer_payload(&writer, message->payload, message->payload_size);
  check(gw_coap_writer_finish(&writer) == (int)size);
  check(memcmp(again, data, size) == 0);
  free(again);
}

/* A path that was read can be written, and read again it is the same. An empty
 * segment is lost in writing, so paths with one are left out. */
static void check_path(const struct gw_coap_message *message) {
  char path[64];
  char again[64];
  uint8_t datagram[128];
  struct gw_coap_writer writer;
  struct gw_coap_message written;
  int length = gw_coap_path(message, path, sizeof path);
  if (length <= 0 || strstr(path, "//") || path[0] == '/' || path[length - 1] == '/') return;
  check(strlen(path) == (size_t)length);
  gw_coap_writer_begin(&writer, datagram, sizeof datagram, GW_COAP_CON, GW_COAP_GET, 1, NULL, 0);
  gw_coap_writer_path(&writer, path);
  int size = gw_coap_writer_finish(&writer);
  check(size > 0);
  check(gw_coap_parse(datagram, (size_t)size, &written) == GW_OK);
  check(gw_coap_path(&written, again, sizeof again) == length);
  check(strcmp(path, again) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  struct gw_coap_message message;
  uint32_t value;
  char text[5];
  if (gw_coap_parse(data, size, &message) != GW_OK) return 0;
  rewrite(&message, data, size);
  check_path(&message);
  (void)gw_coap_option_uint(&message, GW_COAP_OPT_BLOCK2, &value);
  uint16_t unknown = gw_coap_unknown_critical_option(&message);
  check(unknown == 0 || unknown % 2 == 1);
  check(strlen(gw_coap_code_text(message.code, text)) == 4);
  return 0;
}
