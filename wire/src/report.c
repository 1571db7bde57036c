/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/report.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "wire/cbor.h"

#define DEFAULT_PACKAGE "main"

/* The order is that of the published SDK's encoder. */
static const struct field {
  char name[4];
  uint8_t at;   /* in struct gw_report */
  uint8_t size; /* of a text with its NUL; 0: a number */
  bool always;  /* written even where it is 0 or empty */
} fields[] = {
    {"s", offsetof(struct gw_report, state), 0, true},
    {"r", offsetof(struct gw_report, reason), 0, true},
    {"pkg", offsetof(struct gw_report, package), GW_PACKAGE_MAX + 1, false},
    {"v", offsetof(struct gw_report, version), GW_REPORT_VERSION_MAX + 1, false},
    {"t", offsetof(struct gw_report, target), GW_REPORT_VERSION_MAX + 1, false},
    {"d", offsetof(struct gw_report, detail), 0, false},
};
#define FIELD_COUNT (sizeof fields / sizeof fields[0])

/* By which other clients call them. Apart, since who only writes needs none. */
static const char long_names[FIELD_COUNT][8] = {"state",   "reason", "package",
                                                "version", "target", "detail"};

int gw_report_encode(const struct gw_report *report, uint8_t *buffer, size_t size) {
  struct gw_cbor_writer writer;
  gw_cbor_writer_init(&writer, buffer, size);
  gw_cbor_write_map_indefinite(&writer);
  for (const struct field *field = fields; field < fields + FIELD_COUNT; field++) {
    const uint8_t *value = (const uint8_t *)report + field->at;
    if (field->size > 0 && memchr(value, 0, field->size) == NULL) return GW_ERR_TOO_LONG;
    if (*value == 0 && !field->always) continue;
    gw_cbor_write_text(&writer, field->name);
    if (field->size > 0) {
      gw_cbor_write_text(&writer, (const char *)value);
    } else {
      gw_cbor_write_uint(&writer, *value);
    }
  }
  gw_cbor_write_break(&writer);
  return gw_cbor_writer_finish(&writer);
}

static unsigned key_of(const struct gw_cbor_item *key) {
  for (unsigned i = 0; i < FIELD_COUNT; i++) {
    if (gw_cbor_text_equals(key, fields[i].name) || gw_cbor_text_equals(key, long_names[i])) {
      return i + 1;
    }
  }
  return 0;
}

static int read_field(struct gw_cbor_reader *reader, unsigned key, void *report) {
  const struct field *field = &fields[key - 1];
  uint8_t *out = (uint8_t *)report + field->at;
  uint64_t value;
  if (field->size > 0) return gw_cbor_read_text(reader, (char *)out, field->size);
  int status = gw_cbor_read_uint(reader, UINT8_MAX, &value);
  if (status == GW_OK) *out = (uint8_t)value;
  return status;
}

int gw_report_parse(const uint8_t *data, size_t size, struct gw_report *out) {
  struct gw_cbor_reader reader;
  uint32_t seen;
  memset(out, 0, sizeof *out);
  gw_cbor_reader_init(&reader, data, size);
  int status = gw_cbor_read_named_map(&reader, key_of, read_field, out, &seen);
  if (status != GW_OK) return status;
  if (!out->package[0]) memcpy(out->package, DEFAULT_PACKAGE, sizeof DEFAULT_PACKAGE);
  return reader.offset == size ? GW_OK : GW_ERR_MALFORMED;
}

const char *gw_ota_state_name(uint8_t state) {
  static const char *const names[] = {"IDLE", "DOWNLOADING", "DOWNLOADED", "UPDATING"};
  return state < sizeof names / sizeof names[0] ? names[state] : "UNKNOWN";
}

const char *gw_ota_reason_name(uint8_t reason) {
  static const char *const names[] = {
      "READY",
      "FIRMWARE_UPDATED_SUCCESSFULLY",
      "NOT_ENOUGH_FLASH_MEMORY",
      "OUT_OF_RAM",
      "CONNECTION_LOST",
      "INTEGRITY_CHECK_FAILURE",
      "UNSUPPORTED_PACKAGE_TYPE",
      "INVALID_URI",
      "FIRMWARE_UPDATE_FAILED",
      "UNSUPPORTED_PROTOCOL",
      "IO",
      "AWAIT_RETRY",
  };
  return reason < sizeof names / sizeof names[0] ? names[reason] : "UNKNOWN";
}

const char *gw_ota_detail_name(uint8_t detail) {
  static const char *const names[] = {
      "",
      "SIGNATURE_MISSING",
      "SIGNATURE_WRONG",
      "KEY_UNKNOWN",
      "TOO_OLD",
      "DIGEST_WRONG",
      "TOO_LARGE",
      "MODEL_INVALID",
      "OP_UNSUPPORTED",
      "ARENA_TOO_SMALL",
      "INTERFACE_WRONG",
      "TEST_OUTPUT",
      "TEST_TIME",
      "SHADOW",
      "CRASHED",
      "DELTA_WRONG",
      "REVERTED",
      "TEST_MISSING",
  };
  return detail < sizeof names / sizeof names[0] ? names[detail] : "UNKNOWN";
}
