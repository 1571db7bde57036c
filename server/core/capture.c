/* SPDX-License-Identifier: Apache-2.0 */
/* Captures: what devices stream up, from the first byte to the label. */
#include <mbedtls/sha256.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "server/core/internal.h"
#include "server/core/provenance.h"
#include "wire/utf8.h"

#define DAY_US (INT64_C(86400) * 1000000)

/* --- a device's day --------------------------------------------------------------- */

static void add_usage(void *context, const void *row) {
  struct srv_seen *seen = context;
  seen->captures++;
  seen->capture_bytes += ((const struct srv_capture *)row)->size_bytes;
}

/* Ids begin with the second in which they were made: the day's captures are
 * those from its first id on. */
static int count_usage(struct srv_core *core, const char *device_id, int64_t day,
                       struct srv_seen *seen) {
  char first_id[16];
  struct srv_query query = {0};
  snprintf(first_id, sizeof(first_id), "%08x", (unsigned)(day * DAY_US / 1000000));
  srv_query_text(&query, "device_id", SRV_EQUALS, device_id);
  srv_query_text(&query, "id", SRV_AT_LEAST, first_id);
  seen->captures = 0;
  seen->capture_bytes = 0;
  int status = srv_core_list(core, SRV_CAPTURE, &query, add_usage, seen, NULL);
  seen->usage_day = status == SRV_OK ? day : 0;
  return status;
}

static int usage_of(struct srv_core *core, const char *device_id, struct srv_seen **out) {
  int64_t day = srv_now_us(core) / DAY_US;
  struct srv_seen *seen = srv_seen_of(core, device_id);
  *out = seen;
  if (seen == NULL) return srv_fail_memory(core);
  return seen->usage_day == day ? SRV_OK : count_usage(core, device_id, day, seen);
}

/* Bytes of uploads under way count as well: those that never end would fill the
 * disk. */
static int check_usage(struct srv_core *core, const char *device_id, size_t more) {
  struct srv_seen *seen;
  int status = usage_of(core, device_id, &seen);
  if (status != SRV_OK) return status;
  if (seen->captures >= SRV_CAPTURES_PER_DEVICE_DAY) {
    return srv_fail(core, SRV_ERR_BUSY, "the device has sent its %u captures of today",
                    SRV_CAPTURES_PER_DEVICE_DAY);
  }
  if (seen->capture_bytes + seen->open_bytes + more > SRV_CAPTURE_BYTES_PER_DEVICE_DAY ||
      seen->capture_bytes == SRV_CAPTURE_BYTES_PER_DEVICE_DAY) {
    return srv_fail(core, SRV_ERR_BUSY, "the device has sent its %u MiB of today",
                    SRV_CAPTURE_BYTES_PER_DEVICE_DAY / (1024 * 1024));
  }
  return SRV_OK;
}

static void charge_usage(struct srv_core *core, const char *device_id, size_t size) {
  struct srv_seen *seen = srv_seen_find(core, device_id);
  if (seen == NULL) return;
  seen->captures++;
  seen->capture_bytes += size;
}

static void hold_bytes(struct srv_core *core, const char *device_id, size_t size) {
  struct srv_seen *seen = srv_seen_find(core, device_id);
  if (seen != NULL) seen->open_bytes += size;
}

static void give_bytes_back(struct srv_core *core, const char *device_id, size_t size) {
  struct srv_seen *seen = srv_seen_find(core, device_id);
  if (seen != NULL) seen->open_bytes -= size;
}

/* --- uploads ------------------------------------------------------------------------ */

struct srv_capture_upload {
  struct srv_core *core;
  struct srv_capture row;         /* its inline bytes are the buffer of the first ones */
  struct srv_blob_writer *writer; /* once they are more; NULL before */
  size_t size;                    /* of the content so far */
  uint16_t format;
  bool head_done; /* of a sequence */
  uint64_t content_size;
  size_t head_size;
  uint8_t head[SRV_PROVENANCE_HEAD_MAX];
};

static bool is_sequence(const struct srv_capture_upload *upload) {
  return upload->format == SRV_FORMAT_CBOR_SEQUENCE;
}

/* "a", "a/b", "": no empty segment, nothing that a file system would take for
 * the way up. */
static bool is_path(const char *path) {
  size_t length = strlen(path);
  if (length > SRV_STREAM_PATH_MAX || !gw_utf8_is_valid((const uint8_t *)path, length))
    return false;
  for (size_t i = 0; i < length; i++) {
    if ((unsigned char)path[i] < 0x20 || path[i] == 0x7f) return false;
  }
  for (const char *segment = path; length > 0;) {
    size_t size = strcspn(segment, "/");
    if (size == 0 || (size <= 2 && strncmp(segment, "..", size) == 0)) return false;
    if (segment[size] == 0) return true;
    segment += size + 1;
  }
  return true;
}

int srv_core_capture_begin(struct srv_core *core, const struct srv_device_ref *device,
                           const char *path, uint16_t format, struct srv_capture_upload **out) {
  if (!is_path(path)) {
    return srv_fail(core, SRV_ERR_INVALID,
                    "a stream's path has at most %d bytes of UTF-8, no control characters, no "
                    "empty segment and no \"..\"",
                    SRV_STREAM_PATH_MAX);
  }
  int status = check_usage(core, device->device_id, 0);
  if (status == SRV_OK) status = srv_check_room(core);
  if (status != SRV_OK) return status;
  struct srv_capture_upload *upload = calloc(1, sizeof(*upload));
  if (upload == NULL) return srv_fail_memory(core);
  upload->core = core;
  upload->format = format;
  upload->row.score_permille = -1;
  memcpy(upload->row.project_id, device->project_id, sizeof(upload->row.project_id));
  memcpy(upload->row.device_id, device->device_id, sizeof(upload->row.device_id));
  snprintf(upload->row.path, sizeof(upload->row.path), "%s", path);
  *out = upload;
  return SRV_OK;
}

void srv_core_capture_abort(struct srv_capture_upload *upload) {
  if (upload == NULL) return;
  if (upload->writer != NULL) upload->core->blobs->ops->abort(upload->writer);
  give_bytes_back(upload->core, upload->row.device_id, upload->size);
  free(upload);
}

/* The first bytes stay in memory; a file is made when they are too many for
 * the row, so that hundreds of small uploads at once need no files. */
static int write_content(struct srv_capture_upload *upload, const uint8_t *data, size_t size) {
  struct srv_core *core = upload->core;
  const struct srv_blobs_ops *ops = core->blobs->ops;
  if (upload->writer == NULL && size <= SRV_CAPTURE_INLINE_MAX - upload->size) {
    if (size > 0) memcpy(upload->row.inline_bytes + upload->size, data, size);
    return SRV_OK;
  }
  int status = srv_check_room(core); /* hundreds may be under way */
  if (status != SRV_OK) return status;
  if (upload->writer == NULL) {
    status = ops->begin(core->blobs, &upload->writer);
    if (status == SRV_OK) {
      status = ops->append(upload->writer, upload->row.inline_bytes, upload->size);
    }
  }
  if (status == SRV_OK) status = ops->append(upload->writer, data, size);
  return srv_fail_blobs(core, status);
}

static int too_large(struct srv_core *core) {
  return srv_fail(core, SRV_ERR_TOO_LARGE, "a capture has at most %u bytes", SRV_CAPTURE_SIZE_MAX);
}

static int append_content(struct srv_capture_upload *upload, const uint8_t *data, size_t size) {
  struct srv_core *core = upload->core;
  if (is_sequence(upload) && size > upload->content_size - upload->size) {
    return srv_fail(core, SRV_ERR_INVALID, "more bytes than the byte string of %llu holds",
                    (unsigned long long)upload->content_size);
  }
  if (size > SRV_CAPTURE_SIZE_MAX - upload->size) return too_large(core);
  int status = check_usage(core, upload->row.device_id, size);
  if (status == SRV_OK) status = write_content(upload, data, size);
  if (status != SRV_OK) return status;
  upload->size += size;
  hold_bytes(core, upload->row.device_id, size);
  return SRV_OK;
}

/* Takes bytes for the head; *used of them belong to it, the rest is content. */
static int append_head(struct srv_capture_upload *upload, const uint8_t *data, size_t size,
                       size_t *used) {
  const char *reason;
  size_t room = sizeof(upload->head) - upload->head_size, before = upload->head_size, end = 0;
  *used = size < room ? size : room;
  memcpy(upload->head + before, data, *used);
  upload->head_size += *used;
  int status = srv_provenance_read(upload->head, upload->head_size, &upload->row, &end,
                                   &upload->content_size, &reason);
  if (status == SRV_PROVENANCE_MORE) return SRV_OK;
  if (status != SRV_OK) return srv_fail(upload->core, status, "the provenance: %s", reason);
  if (upload->content_size > SRV_CAPTURE_SIZE_MAX) return too_large(upload->core);
  upload->head_done = true;
  *used = end - before; /* its last byte came just now */
  return SRV_OK;
}

int srv_core_capture_append(struct srv_capture_upload *upload, const void *data, size_t size) {
  const uint8_t *bytes = data;
  if (size == 0) return SRV_OK;
  if (is_sequence(upload) && !upload->head_done) {
    size_t used;
    int status = append_head(upload, bytes, size, &used);
    if (status != SRV_OK || !upload->head_done) return status;
    bytes += used;
    size -= used;
  }
  return append_content(upload, bytes, size);
}

/* --- what ran then ------------------------------------------------------------------ */

struct reports {
  size_t count;
  struct srv_ota_status row[SRV_DEVICE_PACKAGES_MAX];
};

static void add_report(void *context, const void *row) {
  struct reports *reports = context;
  const struct srv_ota_status *status = row;
  if (status->version[0] == 0 || reports->count == SRV_DEVICE_PACKAGES_MAX) return;
  reports->row[reports->count++] = *status;
}

static int is_model(struct srv_core *core, const char *project_id,
                    const struct srv_ota_status *report, bool *out) {
  struct srv_query query = {0};
  uint64_t count = 0;
  srv_query_text(&query, "project_id", SRV_EQUALS, project_id);
  srv_query_text(&query, "package", SRV_EQUALS, report->package);
  srv_query_text(&query, "version", SRV_EQUALS, report->version);
  srv_query_number(&query, "is_model", SRV_EQUALS, 1);
  int status = srv_core_list(core, SRV_ARTIFACT, &query, NULL, NULL, &count);
  *out = count > 0;
  return status;
}

/* The device did not say: what it last reported to run, a model before
 * firmware, the newest before others. */
static int fill_model(struct srv_core *core, struct srv_capture *row) {
  struct reports reports = {0};
  struct srv_query query = {0};
  const struct srv_ota_status *best = NULL;
  bool best_is_model = false;
  srv_query_text(&query, "device_id", SRV_EQUALS, row->device_id);
  int status = srv_core_list(core, SRV_OTA_STATUS, &query, add_report, &reports, NULL);
  for (size_t i = 0; status == SRV_OK && i < reports.count; i++) {
    const struct srv_ota_status *report = &reports.row[i];
    bool model = false;
    status = is_model(core, row->project_id, report, &model);
    if (best != NULL && best_is_model && !model) continue;
    if (best != NULL && best_is_model == model && report->time_us <= best->time_us) continue;
    best = report;
    best_is_model = model;
  }
  if (status != SRV_OK || best == NULL) return status;
  memcpy(row->model_package, best->package, sizeof(row->model_package));
  memcpy(row->model_version, best->version, sizeof(row->model_version));
  return SRV_OK;
}

/* --- keeping ------------------------------------------------------------------------- */

static int check_complete(const struct srv_capture_upload *upload) {
  struct srv_core *core = upload->core;
  if (!is_sequence(upload)) return SRV_OK;
  if (!upload->head_done) {
    return srv_fail(core, SRV_ERR_INVALID, "the upload ends inside its provenance");
  }
  if (upload->size == upload->content_size) return SRV_OK;
  return srv_fail(core, SRV_ERR_INVALID, "the upload ends after %zu of %llu bytes", upload->size,
                  (unsigned long long)upload->content_size);
}

static void set_content(struct srv_capture_upload *upload, const uint8_t *data) {
  struct srv_capture *row = &upload->row;
  uint16_t format = is_sequence(upload) ? SRV_FORMAT_NONE : upload->format;
  row->size_bytes = (uint32_t)upload->size;
  snprintf(row->content_type, sizeof(row->content_type), "%s",
           srv_sniff(data, upload->size, format));
}

static int seal_bytes(struct srv_capture_upload *upload) {
  struct srv_core *core = upload->core;
  struct srv_capture *row = &upload->row;
  if (upload->writer == NULL) {
    set_content(upload, row->inline_bytes);
    row->inline_size = upload->size;
    mbedtls_sha256(row->inline_bytes, upload->size, row->digest, 0);
    return SRV_OK;
  }
  struct srv_blob_view view;
  int status = core->blobs->ops->seal(upload->writer, row->digest, &view);
  if (status == SRV_OK) set_content(upload, view.data);
  return srv_fail_blobs(core, status);
}

/* The row, and then its blob on its way: both are there when the batch is. */
static int write_capture(struct srv_capture_upload *upload) {
  struct srv_core *core = upload->core;
  const struct srv_capture *row = &upload->row;
  int status = srv_fail_store(core, core->store->ops->insert(core->store, SRV_CAPTURE, row));
  if (status != SRV_OK || upload->writer == NULL) return status;
  status = srv_note(core, SRV_CHANGE_BLOB_ADDED, row->project_id, NULL, row->digest);
  if (status != SRV_OK) return status;
  struct srv_blob_writer *writer = upload->writer;
  upload->writer = NULL; /* the core's now */
  return srv_place_later(core, writer, upload->size);
}

static int keep(struct srv_capture_upload *upload) {
  struct srv_core *core = upload->core;
  struct srv_capture *row = &upload->row;
  int status = check_complete(upload);
  if (status == SRV_OK) status = check_usage(core, row->device_id, 0);
  if (status == SRV_OK && row->model_package[0] == 0) status = fill_model(core, row);
  if (status == SRV_OK) status = seal_bytes(upload);
  if (status == SRV_OK) status = srv_transaction_begin(core);
  if (status != SRV_OK) return status;
  srv_make_id(core, row->id);
  row->time_us = srv_now_us(core);
  return srv_transaction_end(core, write_capture(upload));
}

int srv_core_capture_finish(struct srv_capture_upload *upload) {
  struct srv_core *core = upload->core;
  srv_core_batch_begin(core); /* of its own where there is none */
  int status = keep(upload);
  int committed = srv_core_batch_commit(core);
  if (status == SRV_OK) status = committed;
  if (status == SRV_OK) charge_usage(core, upload->row.device_id, upload->size);
  srv_core_capture_abort(upload);
  return status;
}

/* --- giving bytes out ------------------------------------------------------------------ */

/* One that was deleted since its row was read is no damage. */
static int open_blob(struct srv_core *core, const struct srv_capture *capture,
                     struct srv_blob_view *view) {
  struct srv_capture row;
  char what[SRV_ID_LENGTH + 16];
  int status = srv_get_by_id(core, SRV_CAPTURE, capture->project_id, capture->id, &row);
  if (status != SRV_OK) return status;
  snprintf(what, sizeof(what), "capture %s", capture->id);
  return srv_open_bytes(core, capture->digest, capture->size_bytes, what, view);
}

int srv_core_open_capture(struct srv_core *core, const struct srv_capture *capture,
                          struct srv_blob_view *view) {
  if (capture->size_bytes > SRV_CAPTURE_INLINE_MAX) return open_blob(core, capture, view);
  uint8_t *copy = malloc(capture->inline_size + 1); /* the row dies before the reader ends */
  if (copy == NULL) return srv_fail_memory(core);
  memcpy(copy, capture->inline_bytes, capture->inline_size);
  *view = (struct srv_blob_view){.data = copy, .size = capture->inline_size, .owner = core};
  return SRV_OK;
}

/* --- labels ------------------------------------------------------------------------------ */

/* Code points beyond ASCII that are no letter, digit or mark: what is said in
 * a label is a word, of any script, and becomes a folder's name. */
static const struct range {
  uint32_t first, last;
} not_letters[] = {
    {0x80, 0xA9},     {0xAB, 0xB4},     {0xB6, 0xB9},     {0xBB, 0xBF},       {0xD7, 0xD7},
    {0xF7, 0xF7},     {0x034F, 0x034F}, {0x061C, 0x061C}, {0x115F, 0x1160},   {0x1680, 0x1680},
    {0x17B4, 0x17B5}, {0x180B, 0x180F}, {0x2000, 0x206F}, {0x20A0, 0x20CF},   {0x2190, 0x2BFF},
    {0x2E00, 0x2E7F}, {0x2FF0, 0x3004}, {0x3008, 0x3020}, {0x3164, 0x3164},   {0xE000, 0xF8FF},
    {0xFE00, 0xFE1F}, {0xFE30, 0xFE6F}, {0xFEFF, 0xFF0F}, {0xFF1A, 0xFF20},   {0xFF3B, 0xFF40},
    {0xFF5B, 0xFF65}, {0xFFA0, 0xFFA0}, {0xFFE0, 0xFFFF}, {0x1F000, 0x1FAFF}, {0xE0000, 0x10FFFF}};

static bool is_letter(uint32_t code) {
  for (size_t i = 0; i < sizeof(not_letters) / sizeof(not_letters[0]); i++) {
    if (code >= not_letters[i].first && code <= not_letters[i].last) return false;
  }
  return true;
}

/* Valid UTF-8 is given. */
static uint32_t next_code(const uint8_t **text) {
  const uint8_t *c = *text;
  size_t size = c[0] < 0x80 ? 1 : c[0] < 0xE0 ? 2 : c[0] < 0xF0 ? 3 : 4;
  uint32_t code = size == 1 ? c[0] : c[0] & (0xFFu >> (size + 1));
  for (size_t i = 1; i < size; i++) code = code << 6 | (c[i] & 0x3Fu);
  *text = c + size;
  return code;
}

static bool is_label_code(uint32_t code) {
  if (code >= 0x80) return is_letter(code);
  return (code >= '0' && code <= '9') || (code >= 'A' && code <= 'Z') ||
         (code >= 'a' && code <= 'z') || code == '_' || code == '-' || code == '+' || code == ' ';
}

static bool is_label(const char *label) {
  size_t length = strlen(label);
  if (length > SRV_LABEL_MAX || !gw_utf8_is_valid((const uint8_t *)label, length)) return false;
  if (length > 0 && (label[0] == ' ' || label[length - 1] == ' ')) return false;
  for (const uint8_t *next = (const uint8_t *)label; *next != 0;) {
    if (!is_label_code(next_code(&next))) return false;
  }
  return true;
}

int srv_core_label_capture(struct srv_core *core, struct srv_capture *capture, const char *label) {
  if (!is_label(label)) {
    return srv_fail(core, SRV_ERR_INVALID,
                    "a label names a folder: at most %d bytes of letters, digits, '_', '-', '+' "
                    "and spaces inside",
                    SRV_LABEL_MAX);
  }
  struct srv_capture row;
  int status = srv_get_by_id(core, SRV_CAPTURE, capture->project_id, capture->id, &row);
  if (status == SRV_OK) status = srv_transaction_begin(core);
  if (status != SRV_OK) return status;
  snprintf(row.label, sizeof(row.label), "%s", label);
  row.labelled_us = label[0] == 0 ? 0 : srv_now_us(core);
  status = srv_fail_store(core, core->store->ops->update(core->store, SRV_CAPTURE, &row));
  status = srv_transaction_end(core, status);
  if (status == SRV_OK) *capture = row;
  return status;
}

/* --- removing ------------------------------------------------------------------------------ */

int srv_core_delete_capture(struct srv_core *core, const char *project_id, const char *id) {
  struct srv_capture row;
  int status = srv_get_by_id(core, SRV_CAPTURE, project_id, id, &row);
  if (status == SRV_OK) status = srv_transaction_begin(core);
  if (status != SRV_OK) return status;
  status = srv_remove_by_id(core, SRV_CAPTURE, id);
  if (status == SRV_OK && row.size_bytes > SRV_CAPTURE_INLINE_MAX) {
    status = srv_note(core, SRV_CHANGE_BLOB_UNUSED, project_id, NULL, row.digest);
  }
  return srv_transaction_end(core, status);
}

struct noting {
  struct srv_core *core;
  int status;
};

static void note_blob(void *context, const void *row) {
  struct noting *noting = context;
  const struct srv_capture *capture = row;
  if (noting->status != SRV_OK) return;
  noting->status =
      srv_note(noting->core, SRV_CHANGE_BLOB_UNUSED, capture->project_id, NULL, capture->digest);
}

int srv_note_capture_blobs(struct srv_core *core, const char *device_id) {
  struct noting noting = {.core = core};
  struct srv_query query = {0};
  srv_query_text(&query, "device_id", SRV_EQUALS, device_id);
  srv_query_number(&query, "size_bytes", SRV_AT_LEAST, SRV_CAPTURE_INLINE_MAX + 1);
  int status = srv_core_list(core, SRV_CAPTURE, &query, note_blob, &noting, NULL);
  return status == SRV_OK ? noting.status : status;
}
