/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/report.h"

#include <stdbool.h>
#include <string.h>

#include "wire/cbor.h"

#define DEFAULT_PACKAGE "main"

/* The order is that of the published SDK's encoder. */
enum field {
  FIELD_STATE,
  FIELD_REASON,
  FIELD_PACKAGE,
  FIELD_VERSION,
  FIELD_TARGET,
  FIELD_DETAIL,
  FIELD_COUNT
};

static const char short_names[FIELD_COUNT][4] = {"s", "r", "pkg", "v", "t", "d"};
/* Apart, since who only writes needs none. */
static const char long_names[FIELD_COUNT][8] = {"state",   "reason", "package",
                                                "version", "target", "detail"};

static void write_text_field(struct gw_cbor_writer *writer, enum field field, const char *text) {
  if (!text[0]) return;
  gw_cbor_write_text(writer, short_names[field]);
  gw_cbor_write_text(writer, text);
}

static void write_uint_field(struct gw_cbor_writer *writer, enum field field, uint8_t value) {
  gw_cbor_write_text(writer, short_names[field]);
  gw_cbor_write_uint(writer, value);
}

static bool is_terminated(const char *field, size_t size) { return memchr(field, 0, size) != NULL; }

int gw_report_encode(const struct gw_report *report, uint8_t *buffer, size_t size) {
  if (!is_terminated(report->package, sizeof report->package) ||
      !is_terminated(report->version, sizeof report->version) ||
      !is_terminated(report->target, sizeof report->target)) {
    return GW_ERR_TOO_LONG;
  }
  struct gw_cbor_writer writer;
  gw_cbor_writer_init(&writer, buffer, size);
  gw_cbor_write_map_indefinite(&writer);
  write_uint_field(&writer, FIELD_STATE, report->state);
  write_uint_field(&writer, FIELD_REASON, report->reason);
  write_text_field(&writer, FIELD_PACKAGE, report->package);
  write_text_field(&writer, FIELD_VERSION, report->version);
  write_text_field(&writer, FIELD_TARGET, report->target);
  if (report->detail != 0) write_uint_field(&writer, FIELD_DETAIL, report->detail);
  gw_cbor_write_break(&writer);
  return gw_cbor_writer_finish(&writer);
}

static unsigned key_of(const struct gw_cbor_item *key) {
  for (unsigned field = 0; field < FIELD_COUNT; field++) {
    if (gw_cbor_text_equals(key, short_names[field]) ||
        gw_cbor_text_equals(key, long_names[field])) {
      return field + 1;
    }
  }
  return 0;
}

static int read_uint8(struct gw_cbor_reader *reader, uint8_t *out) {
  uint64_t value;
  int status = gw_cbor_read_uint(reader, UINT8_MAX, &value);
  if (status == GW_OK) *out = (uint8_t)value;
  return status;
}

static int read_field(struct gw_cbor_reader *reader, unsigned key, void *report) {
  struct gw_report *out = report;
  switch ((enum field)(key - 1)) {
    case FIELD_STATE:
      return read_uint8(reader, &out->state);
    case FIELD_REASON:
      return read_uint8(reader, &out->reason);
    case FIELD_PACKAGE:
      return gw_cbor_read_text(reader, out->package, sizeof out->package);
    case FIELD_VERSION:
      return gw_cbor_read_text(reader, out->version, sizeof out->version);
    case FIELD_TARGET:
      return gw_cbor_read_text(reader, out->target, sizeof out->target);
    default:
      return read_uint8(reader, &out->detail);
  }
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
