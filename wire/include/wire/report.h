/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WIRE_REPORT_H
#define WIRE_REPORT_H
/* The state report that a device POSTs to `.u/c/PKG` (docs/spec/wire.md). */
#include <stddef.h>
#include <stdint.h>

#include "wire/manifest.h"

enum gw_ota_state {
  GW_OTA_IDLE = 0,
  GW_OTA_DOWNLOADING = 1,
  GW_OTA_DOWNLOADED = 2,
  GW_OTA_UPDATING = 3,
};
enum gw_ota_reason {
  GW_OTA_READY = 0,
  GW_OTA_UPDATED_SUCCESSFULLY = 1,
  GW_OTA_NOT_ENOUGH_FLASH = 2,
  GW_OTA_OUT_OF_RAM = 3,
  GW_OTA_CONNECTION_LOST = 4,
  GW_OTA_INTEGRITY_CHECK_FAILED = 5,
  GW_OTA_UNSUPPORTED_PACKAGE_TYPE = 6,
  GW_OTA_INVALID_URI = 7,
  GW_OTA_UPDATE_FAILED = 8,
  GW_OTA_UNSUPPORTED_PROTOCOL = 9,
  GW_OTA_IO = 10,
  GW_OTA_AWAIT_RETRY = 11,
};
/* Why, more closely than the reason above says it; Godwit's own, under a key that
 * other servers skip. Numbers are kept for ever. */
enum gw_ota_detail {
  GW_DETAIL_NONE = 0,
  GW_DETAIL_SIGNATURE_MISSING = 1, /* this device takes signed models only */
  GW_DETAIL_SIGNATURE_WRONG = 2,   /* of other bytes, or no signature at all */
  GW_DETAIL_KEY_UNKNOWN = 3,       /* signed by a key that this device does not hold (any more) */
  GW_DETAIL_TOO_OLD = 4,           /* below the least sequence number that was signed */
  GW_DETAIL_DIGEST_WRONG = 5,      /* the bytes are not the ones promised */
  GW_DETAIL_TOO_LARGE = 6,         /* for the slot */
  GW_DETAIL_MODEL_INVALID = 7,     /* truncated, or not what the runtime can read */
  GW_DETAIL_OP_UNSUPPORTED = 8,
  GW_DETAIL_ARENA_TOO_SMALL = 9,
  GW_DETAIL_INTERFACE_WRONG = 10, /* inputs, outputs or labels are not the application's */
  GW_DETAIL_TEST_OUTPUT = 11,     /* self-test: other outputs than expected */
  GW_DETAIL_TEST_TIME = 12,       /* self-test: too slow */
  GW_DETAIL_SHADOW = 13,          /* beside the active model it did not do well enough */
  GW_DETAIL_CRASHED = 14,         /* took the device down while it was tried, or in service */
  GW_DETAIL_DELTA_WRONG = 15,     /* a delta or compressed form that did not decode */
  GW_DETAIL_REVERTED = 16,        /* the application gave it back */
  GW_DETAIL_TEST_MISSING = 17,    /* this device takes models with a self-test only */
};

/* The longest version in a report. A component's has at most GW_VERSION_MAX
 * bytes, but a firmware names its own version as it likes; this is what fits
 * the 64 bytes that published clients encode into. */
#define GW_REPORT_VERSION_MAX 46u
/* What gw_report_encode writes at most; 73 when no version exceeds GW_VERSION_MAX. */
#define GW_REPORT_SIZE_MAX 135u

struct gw_report {
  uint8_t state;                           /* enum gw_ota_state, unknown values pass through */
  uint8_t reason;                          /* enum gw_ota_reason, unknown values pass through */
  uint8_t detail;                          /* enum gw_ota_detail, unknown values pass through */
  char package[GW_PACKAGE_MAX + 1];        /* "main" when the message names none */
  char version[GW_REPORT_VERSION_MAX + 1]; /* what runs now; "" unknown */
  char target[GW_REPORT_VERSION_MAX + 1];  /* what is being installed; "" none */
};

/* Encodes byte for byte as the published SDK does: indefinite map, short keys,
 * empty strings omitted; a detail, where there is one, comes last. Bytes written, GW_ERR_NO_SPACE,
 * or GW_ERR_TOO_LONG for a field without its NUL. */
int gw_report_encode(const struct gw_report *report, uint8_t *buffer, size_t size);
/* Accepts short and long key names (s/state, r/reason, pkg/package, v/version,
 * t/target, d/detail), in any order, definite or indefinite; other keys are skipped,
 * absent ones are 0, "main" and "". Errors as gw_manifest_parse. */
int gw_report_parse(const uint8_t *data, size_t size, struct gw_report *out);

/* "DOWNLOADING", "INTEGRITY_CHECK_FAILURE", ...; "UNKNOWN" beyond the enum. */
const char *gw_ota_state_name(uint8_t state);
const char *gw_ota_reason_name(uint8_t reason);
/* "SIGNATURE_MISSING", ...; "" for none, "UNKNOWN" beyond the enum. */
const char *gw_ota_detail_name(uint8_t detail);
#endif
