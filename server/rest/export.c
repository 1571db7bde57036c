/* SPDX-License-Identifier: Apache-2.0 */
/* Captures as a dataset: a tar in the layout of Speech Commands, made while it
 * is sent (docs/spec/export.md). Memory does not grow with the number of
 * captures: rows come by pages, one blob is open at a time, and what is written
 * last (manifest and lists) waits in temporary files. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "server/core/json.h"
#include "server/core/log.h"
#include "server/rest/internal.h"
#include "server/core/sha1.h"
#include "server/rest/tar.h"

#define PAGE_ROWS 16      /* of the store, at once: 6 KiB each */
#define EXPORTS_MAX 4     /* at once; each has four files open and half a megabyte */
#define COUNTERS 65536    /* numbers of files, by speaker and label */
#define SPEAKER_LENGTH 8  /* hex digits */
#define FILE_NAME_MAX 100 /* of a tar entry: a label, a speaker, a number */

enum split { TRAINING, VALIDATION, TESTING, SPLIT_COUNT };
static const char *const split_names[SPLIT_COUNT] = {"training", "validation", "testing"};

/* Files that are written while captures are sent, and sent after them. */
enum tail { TAIL_LISTS = 0, TAIL_MANIFEST = SPLIT_COUNT, TAIL_SKIPPED, TAIL_COUNT };
static const char *const tail_names[TAIL_COUNT] = {"training_list.txt", "validation_list.txt",
                                                   "testing_list.txt", "manifest.jsonl",
                                                   "skipped.jsonl"};

enum stage {
  STAGE_CAPTURES, /* the next one's header */
  STAGE_BODY,
  STAGE_PADDING,
  STAGE_TAILS, /* the next one's header */
  STAGE_TAIL_BODY,
  STAGE_DONE
};

struct export {
  struct srv_core *core;
  char project_id[SRV_NAME_MAX + 1];
  unsigned share[SPLIT_COUNT]; /* percent */

  struct srv_query query; /* its texts are ours */
  char last_id[SRV_ID_LENGTH + 1];
  char newest_id[SRV_ID_LENGTH + 1]; /* captures that came later are not in it */
  size_t last_condition;             /* in the query: rows from last_id on */
  struct srv_capture page[PAGE_ROWS + 1];
  size_t page_count, page_next;
  bool page_is_last;

  enum stage stage;
  enum tail tail_index;
  struct srv_blob_view view; /* of the capture that is sent */
  bool view_open;
  FILE *tail_source; /* what is sent is read from here */
  uint8_t block[SRV_TAR_BLOCK_SIZE * 2];
  const uint8_t *piece; /* what is sent now */
  size_t piece_size;
  size_t padding; /* after what is sent now */

  struct srv_device device; /* of the last capture */
  char speaker[SPEAKER_LENGTH + 1];
  enum split split;
  uint32_t counter[COUNTERS];
  FILE *tail[TAIL_COUNT];
  uint64_t skipped;
};

static unsigned export_count; /* one thread */

static const uint8_t zeros[SRV_TAR_BLOCK_SIZE];

/* --- who speaks, and where that puts it ------------------------------------------------------ */

/* A device is on one side only, in each export the same: its name and its side
 * both come from the digest of its id. */
static enum split split_of(const struct export *export, const uint8_t digest[SRV_SHA1_SIZE]) {
  uint32_t head =
      (uint32_t)digest[0] << 24 | (uint32_t)digest[1] << 16 | (uint32_t)digest[2] << 8 | digest[3];
  unsigned percent = (unsigned)((uint64_t)head * 100 >> 32);
  if (percent < export->share[VALIDATION]) return VALIDATION;
  return percent < export->share[VALIDATION] + export->share[TESTING] ? TESTING : TRAINING;
}

static int find_device(struct export *export, const char *device_id) {
  uint8_t digest[SRV_SHA1_SIZE];
  if (strcmp(export->device.id, device_id) == 0) return SRV_OK;
  int status =
      srv_core_find(export->core, SRV_DEVICE, export->project_id, device_id, &export->device);
  if (status != SRV_OK) {
    export->device.id[0] = 0;
    return status;
  }
  srv_sha1(device_id, strlen(device_id), digest);
  snprintf(export->speaker, sizeof(export->speaker), "%02x%02x%02x%02x", digest[0], digest[1],
           digest[2], digest[3]);
  export->split = split_of(export, digest);
  return SRV_OK;
}

/* Rises for each file of a speaker and label. Pairs that fall on one counter
 * skip numbers, and no name is given twice. */
static uint32_t next_number(struct export *export, const char *label) {
  uint32_t hash = 2166136261u; /* FNV-1a */
  for (const char *c = export->speaker; *c != 0; c++) hash = (hash ^ (uint8_t)*c) * 16777619u;
  for (const char *c = label; *c != 0; c++) hash = (hash ^ (uint8_t)*c) * 16777619u;
  return export->counter[(hash ^ hash >> 16) % COUNTERS]++;
}

/* P1 to P6: bitmaps, gray maps and pixmaps have names of their own. */
static const char *pnm_extension(const uint8_t *data, size_t size) {
  static const char *const extensions[] = {".pbm", ".pgm", ".ppm"};
  if (size < 2 || data[1] < '1' || data[1] > '6') return ".pnm";
  return extensions[(data[1] - '1') % 3];
}

const char *srv_extension_of(const char *content_type, const struct srv_blob_view *view) {
  static const struct {
    const char *type, *extension;
  } known[] = {
      {"audio/wav", ".wav"},         {"audio/flac", ".flac"}, {"audio/ogg", ".ogg"},
      {"audio/mpeg", ".mp3"},        {"image/jpeg", ".jpg"},  {"image/png", ".png"},
      {"image/gif", ".gif"},         {"image/bmp", ".bmp"},   {"application/json", ".json"},
      {"application/cbor", ".cbor"}, {"text/plain", ".txt"},
  };
  if (strcmp(content_type, "image/x-portable-anymap") == 0) {
    return pnm_extension(view->data, view->size);
  }
  for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
    if (strcmp(known[i].type, content_type) == 0) return known[i].extension;
  }
  return ".bin";
}

/* --- what is sent last ---------------------------------------------------------------------- */

static int write_line(struct export *export, enum tail tail, json_t *line) {
  char *text = srv_json_text(line);
  json_decref(line);
  if (text == NULL) return SRV_ERR_INTERNAL;
  bool written = fprintf(export->tail[tail], "%s\n", text) > 0;
  free(text);
  return written ? SRV_OK : SRV_ERR_NO_SPACE;
}

/* PACKAGE@VERSION, as provenance has it. */
static json_t *model_of(const struct srv_capture *capture) {
  char text[GW_PACKAGE_MAX + GW_REPORT_VERSION_MAX + 2];
  if (capture->model_version[0] == 0) return json_null();
  snprintf(text, sizeof(text), "%s@%s", capture->model_package, capture->model_version);
  return srv_encode_text(text);
}

/* The capture as the API shows it, and what the export made of it. */
static json_t *manifest_line(const struct export *export, const struct srv_capture *capture,
                             const char *file) {
  json_t *shown = srv_encode_capture(capture);
  json_t *line = json_object();
  static const char *const kept[] = {"deviceId", "path",       "time",   "deviceTime",  "heard",
                                     "score",    "provenance", "digest", "contentType", "size"};
  json_object_set_new(line, "file", srv_encode_text(file));
  json_object_set_new(line, "label", srv_encode_text(capture->label));
  json_object_set_new(line, "device", srv_encode_text(export->device.name));
  json_object_set_new(line, "speaker", json_string(export->speaker));
  json_object_set_new(line, "split", json_string(split_names[export->split]));
  json_object_set_new(line, "captureId", srv_encode_text(capture->id));
  json_object_set_new(line, "model", model_of(capture));
  for (size_t i = 0; i < sizeof(kept) / sizeof(kept[0]); i++) {
    json_t *value = json_object_get(shown, kept[i]);
    if (value != NULL) json_object_set(line, kept[i], value);
  }
  json_decref(shown);
  return line;
}

static int note_file(struct export *export, const struct srv_capture *capture, const char *file) {
  if (fprintf(export->tail[TAIL_LISTS + export->split], "%s\n", file) < 0) return SRV_ERR_NO_SPACE;
  return write_line(export, TAIL_MANIFEST, manifest_line(export, capture, file));
}

/* SRV_ERR_NOT_FOUND: it is written down. */
static int skip(struct export *export, const struct srv_capture *capture, const char *reason) {
  export->skipped++;
  srv_log(SRV_LOG_ERROR, "rest", "export: capture %s is left out: %s", capture->id, reason);
  int status = write_line(export, TAIL_SKIPPED,
                          json_pack("{s:o, s:o}", "captureId", srv_encode_text(capture->id),
                                    "reason", srv_encode_text(reason)));
  return status == SRV_OK ? SRV_ERR_NOT_FOUND : status;
}

/* --- captures ------------------------------------------------------------------------------- */

static void keep_row(void *context, const void *row) {
  struct export *export = context;
  if (export->page_count <= PAGE_ROWS) {
    memcpy(&export->page[export->page_count++], row, sizeof(struct srv_capture));
  }
}

/* Rows after last_id. The query says "at least", so that the last one comes
 * again, unless it was deleted. */
static int read_page(struct export *export) {
  export->page_count = export->page_next = 0;
  export->query.condition[export->last_condition].text = export->last_id;
  export->query.limit = PAGE_ROWS + 1;
  int status = srv_core_list(export->core, SRV_CAPTURE, &export->query, keep_row, export, NULL);
  if (status != SRV_OK) return status;
  export->page_is_last = export->page_count <= PAGE_ROWS;
  if (export->page_count > 0 && strcmp(export->page[0].id, export->last_id) == 0) {
    export->page_next = 1;
  }
  if (export->page_count > 0) {
    memcpy(export->last_id, export->page[export->page_count - 1].id, sizeof(export->last_id));
  }
  return SRV_OK;
}

/* NULL at the end. */
static int next_capture(struct export *export, const struct srv_capture **out) {
  *out = NULL;
  while (export->page_next == export->page_count) {
    if (export->page_is_last) return SRV_OK;
    int status = read_page(export);
    if (status != SRV_OK) return status;
  }
  *out = &export->page[export->page_next++];
  return SRV_OK;
}

/* The core gives no other labels; a database that someone else wrote might. */
static bool names_a_folder(const char *label) {
  return label[0] != 0 && label[0] != '.' && strchr(label, '/') == NULL;
}

/* SRV_ERR_NOT_FOUND: it is not sent; why is written down, unless it was deleted. */
static int open_capture(struct export *export, const struct srv_capture *capture) {
  char reason[SRV_ERROR_MAX];
  int status = find_device(export, capture->device_id);
  if (status != SRV_OK) return status; /* deleted with its captures */
  if (!names_a_folder(capture->label)) return skip(export, capture, "its label names no folder");
  status = srv_core_open_capture(export->core, capture, &export->view);
  export->view_open = status == SRV_OK;
  if (status != SRV_ERR_IO) return status; /* NOT_FOUND: deleted meanwhile */
  snprintf(reason, sizeof(reason), "%s", srv_core_error(export->core));
  return skip(export, capture, reason);
}

static void close_capture(struct export *export) {
  if (export->view_open) srv_core_release_blob(export->core, &export->view);
  export->view_open = false;
}

/* --- pieces ------------------------------------------------------------------------------------
 */

static void send_piece(struct export *export, const void *data, size_t size) {
  export->piece = data;
  export->piece_size = size;
}

static int send_header(struct export *export, const char *name, uint64_t size, int64_t time_us) {
  if (!srv_tar_header(export->block, name, size, time_us / 1000000)) return SRV_ERR_INTERNAL;
  send_piece(export, export->block, SRV_TAR_BLOCK_SIZE);
  export->padding = srv_tar_padding(size);
  return SRV_OK;
}

static int begin_capture(struct export *export, const struct srv_capture *capture) {
  char name[FILE_NAME_MAX + 1];
  int length = snprintf(name, sizeof(name), "%s/%s_nohash_%u%s", capture->label, export->speaker,
                        next_number(export, capture->label),
                        srv_extension_of(capture->content_type, &export->view));
  if (length > FILE_NAME_MAX) return SRV_ERR_INTERNAL;
  int status = note_file(export, capture, name);
  if (status != SRV_OK) return status;
  export->stage = STAGE_BODY;
  return send_header(export, name, export->view.size, capture->time_us);
}

static int next_file(struct export *export) {
  for (;;) {
    const struct srv_capture *capture;
    int status = next_capture(export, &capture);
    if (status != SRV_OK) return status;
    if (capture == NULL) {
      export->stage = STAGE_TAILS;
      return SRV_OK;
    }
    status = open_capture(export, capture);
    if (status == SRV_OK) return begin_capture(export, capture);
    if (status != SRV_ERR_NOT_FOUND) return status;
  }
}

/* skipped.jsonl is there only when it says something. */
static int next_tail(struct export *export) {
  if (export->tail_index == TAIL_SKIPPED && export->skipped == 0) export->tail_index++;
  if (export->tail_index == TAIL_COUNT) {
    export->stage = STAGE_DONE; /* two blocks of zeros end a tar */
    memset(export->block, 0, sizeof(export->block));
    send_piece(export, export->block, sizeof(export->block));
    return SRV_OK;
  }
  FILE *file = export->tail[export->tail_index];
  if (fflush(file) != 0 || fseek(file, 0, SEEK_END) != 0) return SRV_ERR_NO_SPACE;
  long size = ftell(file);
  if (size < 0) return SRV_ERR_IO;
  rewind(file);
  export->stage = STAGE_TAIL_BODY;
  export->tail_source = file;
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  return send_header(export, tail_names[export->tail_index], (uint64_t)size,
                     (int64_t)now.tv_sec * 1000000);
}

/* A block of the file; at its end the padding, and the next one's turn. */
static int continue_tail(struct export *export) {
  size_t size = fread(export->block, 1, sizeof(export->block), export->tail_source);
  if (ferror(export->tail_source)) return SRV_ERR_IO;
  if (size > 0) {
    send_piece(export, export->block, size);
    return SRV_OK;
  }
  send_piece(export, zeros, export->padding);
  export->tail_index++;
  export->stage = STAGE_TAILS;
  return SRV_OK;
}

static void send_body(struct export *export) {
  send_piece(export, export->view.data, export->view.size);
  export->stage = STAGE_PADDING;
}

static void end_capture(struct export *export) {
  close_capture(export);
  send_piece(export, zeros, export->padding);
  export->stage = STAGE_CAPTURES;
}

/* The next piece that is not empty; none at the end. */
static int next_piece(struct export *export) {
  int status = SRV_OK;
  while (export->piece_size == 0 && status == SRV_OK) {
    switch (export->stage) {
      case STAGE_CAPTURES:
        status = next_file(export);
        break;
      case STAGE_BODY:
        send_body(export);
        break;
      case STAGE_PADDING:
        end_capture(export);
        break;
      case STAGE_TAILS:
        status = next_tail(export);
        break;
      case STAGE_TAIL_BODY:
        status = continue_tail(export);
        break;
      case STAGE_DONE:
        return SRV_OK;
    }
  }
  return status;
}

static long export_read(void *context, char *out, size_t size) {
  struct export *export = context;
  size_t done = 0;
  while (done < size) {
    int status = next_piece(export);
    if (status != SRV_OK) {
      srv_log(SRV_LOG_ERROR, "rest", "an export was cut off: %s",
              status == SRV_ERR_NO_SPACE ? "no room for its temporary files"
                                         : srv_core_error(export->core));
      return -1;
    }
    if (export->piece_size == 0) break;
    size_t part = export->piece_size < size - done ? export->piece_size : size - done;
    memcpy(out + done, export->piece, part);
    export->piece += part;
    export->piece_size -= part;
    done += part;
  }
  return (long)done;
}

/* --- life --------------------------------------------------------------------------------------
 */

static void export_close(void *context) {
  struct export *export = context;
  close_capture(export);
  for (size_t i = 0; i < TAIL_COUNT; i++) {
    if (export->tail[i] != NULL) fclose(export->tail[i]);
  }
  for (size_t i = 0; i < export->query.condition_count; i++) {
    if (i != export->last_condition) free((void *)(uintptr_t) export->query.condition[i].text);
  }
  free(export);
  export_count--;
}

static int open_tails(struct srv_request *request, struct export *export) {
  for (size_t i = 0; i < TAIL_COUNT; i++) {
    export->tail[i] = tmpfile();
    if (export->tail[i] == NULL) {
      return srv_request_fail(request, SRV_ERR_NO_SPACE, "cannot make a temporary file in /tmp: %s",
                              strerror(errno));
    }
  }
  return SRV_OK;
}

/* "80,10,10": percent for training, validation and testing. */
static int read_split(struct srv_request *request, struct export *export) {
  const char *text = srv_query_value(request, "split");
  int used = 0;
  if (text == NULL || text[0] == 0) text = "80,10,10";
  if (sscanf(text, "%3u,%3u,%3u%n", &export->share[TRAINING], &export->share[VALIDATION],
             &export->share[TESTING], &used) == 3 &&
      text[used] == 0 && strpbrk(text, "+- ") == NULL &&
      export->share[TRAINING] + export->share[VALIDATION] + export->share[TESTING] == 100) {
    return SRV_OK;
  }
  return srv_request_fail_field(request, "split",
                                "must be percent of training, validation and testing that make "
                                "100 together, like 80,10,10");
}

static int check_layout(struct srv_request *request) {
  const char *layout = srv_query_value(request, "layout");
  if (layout == NULL || layout[0] == 0 || strcmp(layout, "speech_commands") == 0) return SRV_OK;
  return srv_request_fail_field(request, "layout", "must be speech_commands");
}

static int check_labelled(struct srv_request *request) {
  const char *labelled = srv_query_value(request, "labelled");
  const char *label = srv_query_value(request, "label");
  if (labelled != NULL && strcmp(labelled, "true") != 0) {
    return srv_request_fail_field(request, "labelled", "only labelled captures are exported");
  }
  if (label == NULL || label[0] != 0) return SRV_OK;
  return srv_request_fail_field(request, "label", "only labelled captures are exported");
}

/* The filters' texts live in the request: the export needs its own. */
static int own_texts(struct srv_request *request, struct srv_query *query) {
  bool complete = true;
  for (size_t i = 0; i < query->condition_count; i++) {
    struct srv_condition *condition = &query->condition[i];
    if (condition->text == NULL) continue;
    condition->text = strdup(condition->text);
    complete = complete && condition->text != NULL;
  }
  return complete ? SRV_OK : srv_request_fail(request, SRV_ERR_INTERNAL, "out of memory");
}

static void keep_id(void *context, const void *row) {
  memcpy(context, ((const struct srv_capture *)row)->id, SRV_ID_LENGTH + 1);
}

/* The newest capture now is the last that can be in it. */
static int find_newest(struct srv_request *request, struct export *export, uint64_t *total) {
  struct srv_query query = export->query;
  query.newest_first = true;
  query.limit = 1;
  return srv_request_fail_core(request, srv_core_list(request->core, SRV_CAPTURE, &query, keep_id,
                                                      export->newest_id, total));
}

static int make_query(struct srv_request *request, struct export *export, uint64_t *total) {
  struct srv_query *query = &export->query;
  int status = srv_capture_query(request, query);
  if (status == SRV_OK && srv_query_value(request, "labelled") == NULL) {
    srv_query_text(query, "label", SRV_AT_LEAST, "\x01"); /* any */
  }
  if (status == SRV_OK) status = srv_query_from_parameters(request, query);
  if (status == SRV_OK) status = find_newest(request, export, total);
  if (status != SRV_OK) {
    query->condition_count = 0; /* nothing of it is the export's yet */
    return status;
  }
  srv_query_text(query, "id", SRV_AT_MOST, export->newest_id);
  status = own_texts(request, query);
  export->last_condition = query->condition_count;
  srv_query_text(query, "id", SRV_AT_LEAST, export->last_id);
  return status;
}

int srv_export_captures(struct srv_request *request) {
  uint64_t total = 0;
  int status = check_layout(request);
  if (status == SRV_OK) status = check_labelled(request);
  if (status != SRV_OK) return status;
  if (export_count == EXPORTS_MAX) {
    return srv_request_fail(request, SRV_ERR_BUSY, "%d exports are running: try again later",
                            EXPORTS_MAX);
  }
  struct export *export = calloc(1, sizeof(*export));
  if (export == NULL) return srv_request_fail(request, SRV_ERR_INTERNAL, "out of memory");
  export_count++;
  export->core = request->core;
  export->last_condition = SRV_CONDITIONS_MAX;
  memcpy(export->project_id, request->project.id, sizeof(export->project_id));
  status = read_split(request, export);
  if (status == SRV_OK) status = open_tails(request, export);
  if (status == SRV_OK) status = make_query(request, export, &total);
  if (status != SRV_OK) {
    export_close(export);
    return status;
  }
  snprintf(request->bytes_name, sizeof(request->bytes_name), "captures-%s.tar",
           request->project.id);
  snprintf(request->bytes_type, sizeof(request->bytes_type), "application/x-tar");
  request->stream = (struct srv_answer_stream){
      .read = export_read, .close = export_close, .context = export, .count = (int64_t)total};
  return SRV_OK;
}
