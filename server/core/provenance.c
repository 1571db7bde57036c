/* SPDX-License-Identifier: Apache-2.0 */
#include "server/core/provenance.h"

#include <stdio.h>
#include <string.h>

#include "server/core/json.h"
#include "server/core/status.h"
#include "wire/cbor.h"
#include "wire/status.h"

#define SCORE_MAX 255

static int invalid(const char **reason, const char *why) {
  *reason = why;
  return SRV_ERR_INVALID;
}

/* --- the members that the server knows ------------------------------------------ */

static bool has_control(const char *text) {
  for (; *text != 0; text++) {
    if ((unsigned char)*text < 0x20 || *text == 0x7f) return true;
  }
  return false;
}

/* "PACKAGE@VERSION" */
static bool read_model(const char *text, struct srv_capture *out) {
  const char *at = strchr(text, '@');
  if (at == NULL || has_control(text)) return false;
  size_t package = (size_t)(at - text), version = strlen(at + 1);
  if (package == 0 || package > GW_PACKAGE_MAX) return false;
  if (version == 0 || version > GW_REPORT_VERSION_MAX) return false;
  memcpy(out->model_package, text, package);
  out->model_package[package] = 0;
  memcpy(out->model_version, at + 1, version + 1);
  return true;
}

static bool read_heard(const char *text, struct srv_capture *out) {
  size_t length = strlen(text);
  if (length > SRV_LABEL_MAX || has_control(text)) return false;
  memcpy(out->heard, text, length + 1);
  return true;
}

static bool read_score(json_int_t score, struct srv_capture *out) {
  if (score < 0 || score > SCORE_MAX) return false;
  out->score_permille = (score * 1000 + SCORE_MAX / 2) / SCORE_MAX;
  return true;
}

static int read_members(const json_t *map, struct srv_capture *out, const char **reason) {
  const json_t *model = json_object_get(map, "model"), *heard = json_object_get(map, "heard");
  const json_t *score = json_object_get(map, "score"), *time = json_object_get(map, "time");
  if (model != NULL && !(json_is_string(model) && read_model(json_string_value(model), out))) {
    return invalid(reason, "\"model\" must be text, PACKAGE@VERSION");
  }
  if (heard != NULL && !(json_is_string(heard) && read_heard(json_string_value(heard), out))) {
    return invalid(reason, "\"heard\" must be text of at most 64 bytes");
  }
  if (score != NULL && !(json_is_integer(score) && read_score(json_integer_value(score), out))) {
    return invalid(reason, "\"score\" must be a number from 0 to 255");
  }
  if (time != NULL && !(json_is_integer(time) && json_integer_value(time) >= 0)) {
    return invalid(reason, "\"time\" must be microseconds since 1970");
  }
  out->device_time_us = time == NULL ? 0 : json_integer_value(time);
  return SRV_OK;
}

static int keep(const json_t *map, struct srv_capture *out, const char **reason) {
  out->score_permille = -1;
  int status = read_members(map, out, reason);
  if (status != SRV_OK) return status;
  status = srv_json_print(map, out->provenance, sizeof(out->provenance));
  if (status != SRV_ERR_TOO_LARGE) return status;
  return invalid(reason, "it has more than 1023 bytes as JSON");
}

/* --- the sequence ----------------------------------------------------------------- */

/* Only the head of the byte string: its bytes come later. */
static int read_string_head(const uint8_t *data, size_t size, size_t *offset, uint64_t *length,
                            const char **reason) {
  if (*offset >= size) return SRV_PROVENANCE_MORE;
  uint8_t first = data[*offset];
  unsigned additional = first & 0x1f;
  if (first >> 5 != 2 || additional > 27) {
    return invalid(reason, "a byte string of definite length must follow the map");
  }
  size_t extra = additional < 24 ? 0 : (size_t)1 << (additional - 24);
  if (size - *offset < 1 + extra) return SRV_PROVENANCE_MORE;
  *length = extra == 0 ? additional : 0;
  for (size_t i = 0; i < extra; i++) *length = *length << 8 | data[*offset + 1 + i];
  *offset += 1 + extra;
  return SRV_OK;
}

static int convert(const uint8_t *data, size_t size, struct srv_capture *out, const char **reason) {
  struct gw_cbor_reader reader;
  json_t *map = NULL;
  gw_cbor_reader_init(&reader, data, size);
  int status = srv_json_from_cbor(&reader, &map);
  if (status == SRV_ERR_INVALID) {
    return invalid(reason, "the map must have text keys, each once, and valid values");
  }
  if (status == SRV_OK) status = keep(map, out, reason);
  json_decref(map);
  return status;
}

static int need_more(size_t size, const char **reason) {
  if (size < SRV_PROVENANCE_HEAD_MAX) return SRV_PROVENANCE_MORE;
  return invalid(reason, "the map is too long");
}

int srv_provenance_read(const uint8_t *data, size_t size, struct srv_capture *out,
                        size_t *head_size, uint64_t *content_size, const char **reason) {
  struct gw_cbor_reader reader;
  *reason = "out of memory";
  if (size == 0) return SRV_PROVENANCE_MORE;
  if (data[0] >> 5 != 5) return invalid(reason, "it must begin with a map");
  gw_cbor_reader_init(&reader, data, size);
  int status = gw_cbor_skip(&reader);
  if (status == GW_ERR_TRUNCATED) return need_more(size, reason);
  if (status != GW_OK) return invalid(reason, "the map is not well-formed");
  size_t map_size = reader.offset, offset = map_size;
  status = read_string_head(data, size, &offset, content_size, reason);
  if (status == SRV_PROVENANCE_MORE) return need_more(size, reason);
  if (status == SRV_OK) status = convert(data, map_size, out, reason);
  *head_size = offset;
  return status;
}
