/* SPDX-License-Identifier: Apache-2.0 */
/* Summaries and reports in CBOR (docs/spec/wire.md); apart from the sums, so
 * that what only adds up need not link it. */
#include <string.h>

#include "wire/cbor.h"
#include "wire/shadow.h"

enum {
  COMPARED = 1,
  MISSED = 8,
  ACTIVE_SIDE = 9,
  CANDIDATE_SIDE = 10,
  PAIRS = 11,
  SUMMARY_LAST = PAIRS,
};
enum {
  SIDE_TIME_SUM = 1,
  SIDE_TIME_MAX = 2,
  SIDE_TIMES = 3,
  SIDE_CONFIDENCE_SUM = 4,
  SIDE_CONFIDENCES = 5,
  SIDE_LAST = SIDE_CONFIDENCES,
};
enum {
  REPORT_PACKAGE = 1,
  REPORT_ACTIVE = 2,
  REPORT_CANDIDATE = 3,
  REPORT_VERDICT = 4,
  REPORT_REASON = 5,
  REPORT_ELAPSED = 6,
  REPORT_LABELS = 7,
  REPORT_SUMMARY = 8,
  REPORT_LAST = REPORT_SUMMARY,
};

/* The plain counters in the order of their keys, from 1. */
static const size_t counter_offset[MISSED] = {
    offsetof(struct gw_shadow_summary, compared),
    offsetof(struct gw_shadow_summary, agreed),
    offsetof(struct gw_shadow_summary, only_candidate_knows),
    offsetof(struct gw_shadow_summary, only_active_knows),
    offsetof(struct gw_shadow_summary, heard),
    offsetof(struct gw_shadow_summary, heard_agreed),
    offsetof(struct gw_shadow_summary, skipped),
    offsetof(struct gw_shadow_summary, missed),
};

static uint32_t counter(const struct gw_shadow_summary *summary, unsigned key) {
  uint32_t value;
  memcpy(&value, (const uint8_t *)summary + counter_offset[key - 1], sizeof value);
  return value;
}

/* Encoding ------------------------------------------------------------------ */

/* Zeros at the end are left out. */
static void write_buckets(struct gw_cbor_writer *writer, unsigned key, const uint32_t *bucket,
                          size_t count) {
  while (count > 0 && bucket[count - 1] == 0) count--;
  gw_cbor_write_uint(writer, key);
  gw_cbor_write_array(writer, count);
  for (size_t i = 0; i < count; i++) gw_cbor_write_uint(writer, bucket[i]);
}

static void write_side(struct gw_cbor_writer *writer, unsigned key,
                       const struct gw_shadow_side *side) {
  gw_cbor_write_uint(writer, key);
  gw_cbor_write_map(writer, SIDE_LAST);
  gw_cbor_write_uint(writer, SIDE_TIME_SUM);
  gw_cbor_write_uint(writer, side->time_us_sum);
  gw_cbor_write_uint(writer, SIDE_TIME_MAX);
  gw_cbor_write_uint(writer, side->time_us_max);
  write_buckets(writer, SIDE_TIMES, side->time_bucket, GW_SHADOW_TIME_BUCKETS);
  gw_cbor_write_uint(writer, SIDE_CONFIDENCE_SUM);
  gw_cbor_write_uint(writer, side->confidence_sum);
  write_buckets(writer, SIDE_CONFIDENCES, side->confidence_bucket, GW_SHADOW_CONFIDENCE_BUCKETS);
}

static void write_summary(struct gw_cbor_writer *writer, const struct gw_shadow_summary *summary) {
  gw_cbor_write_map(writer, SUMMARY_LAST);
  for (unsigned key = COMPARED; key <= MISSED; key++) {
    gw_cbor_write_uint(writer, key);
    gw_cbor_write_uint(writer, counter(summary, key));
  }
  write_side(writer, ACTIVE_SIDE, &summary->side[GW_SHADOW_ACTIVE]);
  write_side(writer, CANDIDATE_SIDE, &summary->side[GW_SHADOW_CANDIDATE]);
  gw_cbor_write_uint(writer, PAIRS);
  gw_cbor_write_array(writer, 3u * summary->pair_count);
  for (unsigned i = 0; i < summary->pair_count; i++) {
    gw_cbor_write_uint(writer, summary->pair[i].active);
    gw_cbor_write_uint(writer, summary->pair[i].candidate);
    gw_cbor_write_uint(writer, summary->pair[i].count);
  }
}

int gw_shadow_encode(const struct gw_shadow_summary *summary, uint8_t *buffer, size_t size) {
  struct gw_cbor_writer writer;
  gw_cbor_writer_init(&writer, buffer, size);
  write_summary(&writer, summary);
  return gw_cbor_writer_finish(&writer);
}

static void write_labels(struct gw_cbor_writer *writer, const struct gw_shadow_labels *labels) {
  gw_cbor_write_uint(writer, REPORT_LABELS);
  gw_cbor_write_array(writer, labels->count);
  for (unsigned i = 0; i < labels->count; i++) {
    gw_cbor_write_array(writer, 2);
    gw_cbor_write_text(writer, labels->label[i].name);
    gw_cbor_write_uint(writer, labels->label[i].flags);
  }
}

static void write_named(struct gw_cbor_writer *writer, unsigned key, const char *text) {
  gw_cbor_write_uint(writer, key);
  gw_cbor_write_text(writer, text);
}

static void write_number(struct gw_cbor_writer *writer, unsigned key, uint32_t number) {
  gw_cbor_write_uint(writer, key);
  gw_cbor_write_uint(writer, number);
}

static bool texts_end(const struct gw_shadow_report *report) {
  return memchr(report->package, 0, sizeof report->package) != NULL &&
         memchr(report->active, 0, sizeof report->active) != NULL &&
         memchr(report->candidate, 0, sizeof report->candidate) != NULL;
}

int gw_shadow_report_encode(const struct gw_shadow_report *report, uint8_t *buffer, size_t size) {
  struct gw_cbor_writer writer;
  if (!texts_end(report)) return GW_ERR_TOO_LONG;
  gw_cbor_writer_init(&writer, buffer, size);
  gw_cbor_write_map(&writer, REPORT_LAST);
  write_named(&writer, REPORT_PACKAGE, report->package);
  write_named(&writer, REPORT_ACTIVE, report->active);
  write_named(&writer, REPORT_CANDIDATE, report->candidate);
  write_number(&writer, REPORT_VERDICT, report->verdict);
  write_number(&writer, REPORT_REASON, report->reason);
  write_number(&writer, REPORT_ELAPSED, report->elapsed_s);
  write_labels(&writer, &report->labels);
  gw_cbor_write_uint(&writer, REPORT_SUMMARY);
  write_summary(&writer, &report->summary);
  return gw_cbor_writer_finish(&writer);
}

/* Parsing ------------------------------------------------------------------- */

static int read_uint8(struct gw_cbor_reader *reader, uint8_t *out) {
  uint64_t value;
  int status = gw_cbor_read_uint(reader, UINT8_MAX, &value);
  if (status == GW_OK) *out = (uint8_t)value;
  return status;
}

static int read_bucket(struct gw_cbor_reader *reader, unsigned index, void *bucket) {
  return gw_cbor_read_uint32(reader, UINT32_MAX, (uint32_t *)bucket + index);
}

static int read_buckets(struct gw_cbor_reader *reader, unsigned max, uint32_t *bucket) {
  int count = gw_cbor_read_array(reader, max, read_bucket, bucket);
  return count < 0 ? count : GW_OK;
}

static int read_side_value(struct gw_cbor_reader *reader, unsigned key, void *side) {
  struct gw_shadow_side *out = side;
  switch (key) {
    case SIDE_TIME_SUM:
      return gw_cbor_read_uint(reader, UINT64_MAX, &out->time_us_sum);
    case SIDE_TIME_MAX:
      return gw_cbor_read_uint32(reader, UINT32_MAX, &out->time_us_max);
    case SIDE_TIMES:
      return read_buckets(reader, GW_SHADOW_TIME_BUCKETS, out->time_bucket);
    case SIDE_CONFIDENCE_SUM:
      return gw_cbor_read_uint(reader, UINT64_MAX, &out->confidence_sum);
    default:
      return read_buckets(reader, GW_SHADOW_CONFIDENCE_BUCKETS, out->confidence_bucket);
  }
}

static int read_pair_value(struct gw_cbor_reader *reader, unsigned index, void *summary) {
  struct gw_shadow_pair *pair = &((struct gw_shadow_summary *)summary)->pair[index / 3];
  switch (index % 3) {
    case 0:
      return read_uint8(reader, &pair->active);
    case 1:
      return read_uint8(reader, &pair->candidate);
    default:
      return gw_cbor_read_uint32(reader, UINT32_MAX, &pair->count);
  }
}

static int read_pairs(struct gw_cbor_reader *reader, struct gw_shadow_summary *out) {
  int count = gw_cbor_read_array(reader, 3 * GW_SHADOW_PAIRS_MAX, read_pair_value, out);
  if (count < 0) return count;
  if (count % 3 != 0) return GW_ERR_MALFORMED;
  out->pair_count = (uint8_t)(count / 3);
  return GW_OK;
}

static int read_summary_value(struct gw_cbor_reader *reader, unsigned key, void *summary) {
  struct gw_shadow_summary *out = summary;
  uint32_t value, seen;
  if (key == PAIRS) return read_pairs(reader, out);
  if (key >= ACTIVE_SIDE) {
    struct gw_shadow_side *side = &out->side[key - ACTIVE_SIDE];
    return gw_cbor_read_map(reader, SIDE_LAST, read_side_value, side, &seen);
  }
  int status = gw_cbor_read_uint32(reader, UINT32_MAX, &value);
  if (status == GW_OK) memcpy((uint8_t *)out + counter_offset[key - 1], &value, sizeof value);
  return status;
}

static uint64_t sum(const uint32_t *bucket, size_t count) {
  uint64_t total = 0;
  for (size_t i = 0; i < count; i++) total += bucket[i];
  return total;
}

static bool side_adds_up(const struct gw_shadow_summary *summary,
                         const struct gw_shadow_side *side) {
  return sum(side->time_bucket, GW_SHADOW_TIME_BUCKETS) == summary->compared &&
         side->time_us_max <= side->time_us_sum &&
         side->time_us_sum <= (uint64_t)summary->compared * side->time_us_max &&
         sum(side->confidence_bucket, GW_SHADOW_CONFIDENCE_BUCKETS) == summary->heard &&
         side->confidence_sum <= (uint64_t)summary->heard * 1000u;
}

/* In their order, none twice, together no more than all that disagreed. */
static bool pairs_add_up(const struct gw_shadow_summary *summary) {
  uint64_t total = 0;
  for (unsigned i = 0; i < summary->pair_count; i++) {
    const struct gw_shadow_pair *pair = &summary->pair[i];
    if (pair->active >= GW_SHADOW_LABELS_MAX || pair->candidate >= GW_SHADOW_LABELS_MAX ||
        pair->active == pair->candidate || pair->count == 0) {
      return false;
    }
    if (i > 0 && gw_shadow_pair_rank(pair) >= gw_shadow_pair_rank(pair - 1)) return false;
    total += pair->count;
  }
  return total <= summary->compared - summary->agreed;
}

static bool adds_up(const struct gw_shadow_summary *summary) {
  uint64_t apart = (uint64_t)summary->only_active_knows + summary->only_candidate_knows;
  return summary->agreed <= summary->compared && apart + summary->agreed <= summary->compared &&
         apart + summary->heard <= summary->compared && summary->heard_agreed <= summary->heard &&
         summary->heard_agreed <= summary->agreed &&
         side_adds_up(summary, &summary->side[GW_SHADOW_ACTIVE]) &&
         side_adds_up(summary, &summary->side[GW_SHADOW_CANDIDATE]) && pairs_add_up(summary);
}

static int read_summary(struct gw_cbor_reader *reader, struct gw_shadow_summary *out) {
  uint32_t seen;
  memset(out, 0, sizeof *out);
  int status = gw_cbor_read_map(reader, SUMMARY_LAST, read_summary_value, out, &seen);
  if (status != GW_OK) return status;
  return adds_up(out) ? GW_OK : GW_ERR_MALFORMED;
}

int gw_shadow_parse(const uint8_t *data, size_t size, struct gw_shadow_summary *out) {
  struct gw_cbor_reader reader;
  gw_cbor_reader_init(&reader, data, size);
  int status = read_summary(&reader, out);
  if (status != GW_OK) return status;
  return reader.offset == size ? GW_OK : GW_ERR_MALFORMED;
}

static int read_label_value(struct gw_cbor_reader *reader, unsigned index, void *label) {
  struct gw_shadow_label *out = label;
  if (index == 0) return gw_cbor_read_text(reader, out->name, sizeof out->name);
  return read_uint8(reader, &out->flags);
}

static int read_label(struct gw_cbor_reader *reader, unsigned index, void *labels) {
  struct gw_shadow_labels *out = labels;
  struct gw_shadow_label *label = &out->label[index];
  int count = gw_cbor_read_array(reader, 2, read_label_value, label);
  if (count < 0) return count;
  if (count != 2) return GW_ERR_MISSING;
  for (unsigned i = 0; i < index; i++) {
    if (strcmp(out->label[i].name, label->name) == 0) return GW_ERR_MALFORMED;
  }
  return GW_OK;
}

static int read_labels(struct gw_cbor_reader *reader, struct gw_shadow_labels *out) {
  int count = gw_cbor_read_array(reader, GW_SHADOW_LABELS_MAX, read_label, out);
  if (count < 0) return count;
  out->count = (uint8_t)count;
  return GW_OK;
}

static int read_report_value(struct gw_cbor_reader *reader, unsigned key, void *report) {
  struct gw_shadow_report *out = report;
  switch (key) {
    case REPORT_PACKAGE:
      return gw_cbor_read_text(reader, out->package, sizeof out->package);
    case REPORT_ACTIVE:
      return gw_cbor_read_text(reader, out->active, sizeof out->active);
    case REPORT_CANDIDATE:
      return gw_cbor_read_text(reader, out->candidate, sizeof out->candidate);
    case REPORT_VERDICT:
      return read_uint8(reader, &out->verdict);
    case REPORT_REASON:
      return read_uint8(reader, &out->reason);
    case REPORT_ELAPSED:
      return gw_cbor_read_uint32(reader, UINT32_MAX, &out->elapsed_s);
    case REPORT_LABELS:
      return read_labels(reader, &out->labels);
    default:
      return read_summary(reader, &out->summary);
  }
}

static bool pairs_are_named(const struct gw_shadow_report *report) {
  for (unsigned i = 0; i < report->summary.pair_count; i++) {
    const struct gw_shadow_pair *pair = &report->summary.pair[i];
    if (pair->active >= report->labels.count || pair->candidate >= report->labels.count) {
      return false;
    }
  }
  return true;
}

int gw_shadow_report_parse(const uint8_t *data, size_t size, struct gw_shadow_report *out) {
  struct gw_cbor_reader reader;
  uint32_t seen;
  memset(out, 0, sizeof *out);
  if (size > GW_SHADOW_REPORT_SIZE_MAX) return GW_ERR_TOO_LONG;
  gw_cbor_reader_init(&reader, data, size);
  int status = gw_cbor_read_map(&reader, REPORT_LAST, read_report_value, out, &seen);
  if (status != GW_OK) return status;
  if (out->package[0] == 0 || out->active[0] == 0 || out->candidate[0] == 0) return GW_ERR_MISSING;
  return reader.offset == size && pairs_are_named(out) ? GW_OK : GW_ERR_MALFORMED;
}
