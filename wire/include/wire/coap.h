/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WIRE_COAP_H
#define WIRE_COAP_H
/* CoAP messages (RFC 7252 section 3) as views over a datagram, and a writer
 * into a caller's buffer. No I/O, no clock, no allocation, no global state:
 * every function may be called from any thread on different objects.
 * A parsed message borrows the datagram; it dies with it. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "wire/status.h"

#define GW_COAP_TOKEN_MAX 8u
#define GW_COAP_HEADER_SIZE 4u
/* Every message of the device contract fits one datagram of this size: a
 * Zephyr client receives into 1280 bytes (RFC 7252 4.6 suggests 1152). */
#define GW_COAP_DATAGRAM_MAX 1280u

enum gw_coap_type { GW_COAP_CON = 0, GW_COAP_NON = 1, GW_COAP_ACK = 2, GW_COAP_RST = 3 };

/* class.detail in one byte (RFC 7252 section 3) */
#define GW_COAP_CODE(class_, detail) ((uint8_t)(((class_) << 5) | (detail)))
enum gw_coap_code {
  GW_COAP_EMPTY = 0,
  GW_COAP_GET = 1,
  GW_COAP_POST = 2,
  GW_COAP_PUT = 3,
  GW_COAP_DELETE = 4,
  GW_COAP_FETCH = 5, /* RFC 8132 */
  GW_COAP_PATCH = 6,
  GW_COAP_IPATCH = 7,
  GW_COAP_CREATED = 65,  /* 2.01 */
  GW_COAP_DELETED = 66,  /* 2.02 */
  GW_COAP_VALID = 67,    /* 2.03 */
  GW_COAP_CHANGED = 68,  /* 2.04 */
  GW_COAP_CONTENT = 69,  /* 2.05 */
  GW_COAP_CONTINUE = 95, /* 2.31, RFC 7959 */
  GW_COAP_BAD_REQUEST = 128,
  GW_COAP_UNAUTHORIZED = 129,
  GW_COAP_BAD_OPTION = 130,
  GW_COAP_FORBIDDEN = 131,
  GW_COAP_NOT_FOUND = 132,
  GW_COAP_METHOD_NOT_ALLOWED = 133,
  GW_COAP_NOT_ACCEPTABLE = 134,
  GW_COAP_REQUEST_INCOMPLETE = 136, /* 4.08, RFC 7959 */
  GW_COAP_REQUEST_TOO_LARGE = 141,  /* 4.13 */
  GW_COAP_UNSUPPORTED_FORMAT = 143, /* 4.15 */
  GW_COAP_TOO_MANY_REQUESTS = 157,  /* 4.29, RFC 8516 */
  GW_COAP_INTERNAL_ERROR = 160,
  GW_COAP_SERVICE_UNAVAILABLE = 163,
};

enum gw_coap_option_number {
  GW_COAP_OPT_IF_MATCH = 1,
  GW_COAP_OPT_URI_HOST = 3,
  GW_COAP_OPT_ETAG = 4,
  GW_COAP_OPT_OBSERVE = 6,
  GW_COAP_OPT_URI_PORT = 7,
  GW_COAP_OPT_URI_PATH = 11,
  GW_COAP_OPT_CONTENT_FORMAT = 12,
  GW_COAP_OPT_MAX_AGE = 14,
  GW_COAP_OPT_URI_QUERY = 15,
  GW_COAP_OPT_ACCEPT = 17,
  GW_COAP_OPT_BLOCK2 = 23,
  GW_COAP_OPT_BLOCK1 = 27,
  GW_COAP_OPT_SIZE2 = 28,
  GW_COAP_OPT_SIZE1 = 60,
};

enum gw_coap_format {
  GW_COAP_FORMAT_TEXT = 0,
  GW_COAP_FORMAT_OCTETS = 42,
  GW_COAP_FORMAT_JSON = 50,
  GW_COAP_FORMAT_CBOR = 60,
};

/* A parsed message: fixed header fields by value, the rest borrowed. */
struct gw_coap_message {
  enum gw_coap_type type;
  uint8_t code;
  uint16_t message_id;
  uint8_t token[GW_COAP_TOKEN_MAX];
  uint8_t token_length;
  const uint8_t *options; /* encoded options, checked as a whole */
  size_t options_size;
  const uint8_t *payload; /* NULL when payload_size is 0 */
  size_t payload_size;
};

/* Parses and checks a whole datagram: version, token length, reserved code
 * classes, which codes the type may carry, emptiness of an empty message (RFC
 * 7252 4.1), every option's delta and length, payload marker. A NON empty
 * message passes: Zephyr clients keep their path open with it. After GW_OK the
 * option iterator cannot fail. GW_ERR_TRUNCATED or GW_ERR_MALFORMED otherwise; *out is then unset,
 * except that type and message_id are valid if size >= 4 and the version is 1
 * (a receiver may answer RST, RFC 7252 4.2). */
int gw_coap_parse(const uint8_t *datagram, size_t size, struct gw_coap_message *out);

struct gw_coap_option {
  uint16_t number;
  const uint8_t *value; /* borrowed; never NULL, may have length 0 */
  uint16_t length;
};

/* Iterates in wire order. Start with a zeroed iterator. */
struct gw_coap_option_iterator {
  size_t offset;
  uint16_t number;
};
bool gw_coap_option_next(const struct gw_coap_message *message,
                         struct gw_coap_option_iterator *iterator, struct gw_coap_option *out);

/* First option of that number; false when absent. */
bool gw_coap_option_find(const struct gw_coap_message *message, uint16_t number,
                         struct gw_coap_option *out);

/* First option of that number as an unsigned integer (RFC 7252 3.2). False
 * when absent or longer than four bytes. */
bool gw_coap_option_uint(const struct gw_coap_message *message, uint16_t number, uint32_t *out);

/* A critical (odd) option that this implementation does not know, which a
 * server answers with 4.02 (RFC 7252 5.4.1); 0 when there is none. A known one
 * that is too long or comes twice where once is allowed counts as unknown
 * (5.4.3, 5.4.5). If-Match is not known: nothing here honours it. */
uint16_t gw_coap_unknown_critical_option(const struct gw_coap_message *message);

/* Joins the Uri-Path options with '/' into text, NUL-terminated, without a
 * leading slash: ".u/c/model@1.0.0"; "" for no path. Returns the length or
 * GW_ERR_NO_SPACE, or GW_ERR_MALFORMED for a segment that holds '/' or NUL, is
 * "." or "..", or is not UTF-8: after GW_OK the text can be split again and is
 * safe to log. */
int gw_coap_path(const struct gw_coap_message *message, char *text, size_t size);

/* Writes one message front to back into a caller's buffer. The first error
 * sticks; only gw_coap_writer_finish reports it. */
struct gw_coap_writer {
  uint8_t *buffer;
  size_t size;
  size_t length;
  uint16_t last_option;
  int error;
  bool has_payload;
};
void gw_coap_writer_begin(struct gw_coap_writer *writer, uint8_t *buffer, size_t size,
                          enum gw_coap_type type, uint8_t code, uint16_t message_id,
                          const uint8_t *token, size_t token_length);
/* Options go in ascending number (GW_ERR_ORDER otherwise). */
void gw_coap_writer_option(struct gw_coap_writer *writer, uint16_t number, const void *value,
                           size_t length);
void gw_coap_writer_option_uint(struct gw_coap_writer *writer, uint16_t number, uint32_t value);
/* Splits at '/', skips empty segments: "/.u/desired" gives two options. */
void gw_coap_writer_path(struct gw_coap_writer *writer, const char *path);
void gw_coap_writer_payload(struct gw_coap_writer *writer, const void *payload, size_t size);
/* Length of the message, or the first error. */
int gw_coap_writer_finish(struct gw_coap_writer *writer);

/* "2.05" style name of a code into text of at least 5 bytes; returns text. */
char *gw_coap_code_text(uint8_t code, char text[5]);
#endif
