/* SPDX-License-Identifier: Apache-2.0 */
/* Labels from the three places that docs/spec/model.md names. Each is a piece
 * of text with a separator; nothing is copied. */
#include "runtime/src/labels.h"

#include <string.h>

#include "runtime/src/error.h"
#include "runtime/src/limits.h"
#include "runtime/src/model.h"

#define HEADER_BEGIN "GLTHBEGIN;"
#define HEADER_END ";GLTHEND\n"

struct label_text {
  enum wit_label_source source;
  const char *at;
  size_t size;
  char separator;
};

/* ---- the header line --------------------------------------------------- */

bool wit_labels_header_size(const uint8_t *file, size_t size, size_t *header_size) {
  const size_t begin = sizeof HEADER_BEGIN - 1;
  const size_t end = sizeof HEADER_END - 1;
  *header_size = 0;
  if (size < begin || memcmp(file, HEADER_BEGIN, begin) != 0) return true;
  if (size > WIT_HEADER_SIZE_MAX) size = WIT_HEADER_SIZE_MAX;
  /* The first and the last ';' are the same one where there are no labels. */
  for (size_t at = begin - 1; at + end <= size; at++) {
    if (memcmp(file + at, HEADER_END, end) == 0) {
      *header_size = at + end;
      return true;
    }
  }
  return false;
}

static bool header_labels(const struct wit_model *model, struct label_text *text) {
  size_t size = (size_t)(model->flatbuffer - model->file);
  size_t frame = sizeof HEADER_BEGIN - 1 + sizeof HEADER_END - 1;
  if (size <= frame) return false;
  *text = (struct label_text){
      WIT_LABELS_HEADER, (const char *)model->file + sizeof HEADER_BEGIN - 1, size - frame, ';'};
  return true;
}

/* ---- godwit.labels ------------------------------------------------------ */

static bool godwit_labels(const struct wit_model *model, struct label_text *text) {
  const uint8_t *data;
  size_t size;
  if (!wit_model_metadata(model, "godwit.labels", &data, &size)) return false;
  *text = (struct label_text){WIT_LABELS_GODWIT, (const char *)data, size, '\n'};
  return true;
}

/* ---- TFLite Metadata: a flatbuffer that names a file, a ZIP that holds it -- */

enum { MODEL_METADATA_SUBGRAPHS = 3 };
enum { SUBGRAPH_METADATA_OUTPUTS = 3 };
enum { TENSOR_METADATA_FILES = 6 };
enum { ASSOCIATED_FILE_NAME = 0, ASSOCIATED_FILE_TYPE = 2 };
enum { TENSOR_AXIS_LABELS = 2, TENSOR_VALUE_LABELS = 3 };
#define ASSOCIATED_FILES_MAX 16u

#define ZIP_END_SIZE 22u
#define ZIP_END_SIGNATURE 0x06054b50u
#define ZIP_ENTRY_SIZE 46u
#define ZIP_ENTRY_SIGNATURE 0x02014b50u
#define ZIP_LOCAL_SIZE 30u
#define ZIP_LOCAL_SIGNATURE 0x04034b50u
#define ZIP_STORED 0u
#define ZIP_COMMENT_MAX 65535u
#define ZIP_ENTRIES_MAX 64u

struct bytes {
  const uint8_t *at;
  size_t size;
};

static bool has(struct bytes file, uint64_t position, uint64_t size) {
  return position <= file.size && size <= file.size - position;
}

static bool zip_find_end(struct bytes file, size_t *position) {
  if (file.size < ZIP_END_SIZE) return false;
  size_t last = file.size - ZIP_END_SIZE;
  size_t first = last > ZIP_COMMENT_MAX ? last - ZIP_COMMENT_MAX : 0;
  for (size_t at = last + 1; at-- > first;) {
    if (wit_load_u32(file.at + at) == ZIP_END_SIGNATURE) {
      *position = at;
      return true;
    }
  }
  return false;
}

/* The bytes of the stored (not compressed) file behind a directory entry. */
static bool zip_stored_file(struct bytes file, uint64_t base, const uint8_t *entry,
                            struct bytes *out) {
  uint32_t size = wit_load_u32(entry + 20);
  uint64_t local = base + wit_load_u32(entry + 42);
  if (wit_load_u16(entry + 10) != ZIP_STORED || size != wit_load_u32(entry + 24)) return false;
  if (!has(file, local, ZIP_LOCAL_SIZE)) return false;
  const uint8_t *header = file.at + local;
  if (wit_load_u32(header) != ZIP_LOCAL_SIGNATURE) return false;
  uint64_t data = local + ZIP_LOCAL_SIZE + wit_load_u16(header + 26) + wit_load_u16(header + 28);
  if (!has(file, data, size)) return false;
  *out = (struct bytes){file.at + data, size};
  return true;
}

static bool zip_find(struct bytes file, struct bytes name, struct bytes *out) {
  size_t end;
  if (!zip_find_end(file, &end)) return false;
  uint32_t count = wit_load_u16(file.at + end + 10);
  uint64_t directory_size = wit_load_u32(file.at + end + 12);
  uint64_t directory_offset = wit_load_u32(file.at + end + 16);
  if (directory_size + directory_offset > end) return false;
  /* Offsets count from the start of the archive, which may be the start of the
   * model or the first byte behind it. */
  uint64_t base = end - directory_size - directory_offset;
  uint64_t at = base + directory_offset;
  for (uint32_t i = 0; i < count && i < ZIP_ENTRIES_MAX; i++) {
    if (!has(file, at, ZIP_ENTRY_SIZE)) return false;
    const uint8_t *entry = file.at + at;
    if (wit_load_u32(entry) != ZIP_ENTRY_SIGNATURE) return false;
    uint32_t name_size = wit_load_u16(entry + 28);
    uint64_t next =
        at + ZIP_ENTRY_SIZE + name_size + wit_load_u16(entry + 30) + wit_load_u16(entry + 32);
    if (!has(file, at, next - at)) return false;
    if (name_size == name.size && memcmp(entry + ZIP_ENTRY_SIZE, name.at, name_size) == 0) {
      return zip_stored_file(file, base, entry, out);
    }
    at = next;
  }
  return false;
}

/* Name of the label file of output 0. */
static bool tflite_label_file(struct wit_reader *r, struct bytes *name) {
  struct wit_table root = wit_read_root(r);
  struct wit_vector subgraphs = wit_read_vector(r, &root, MODEL_METADATA_SUBGRAPHS, 4);
  if (subgraphs.count == 0) return false;
  struct wit_table subgraph = wit_vector_table(r, &subgraphs, 0);
  struct wit_vector outputs = wit_read_vector(r, &subgraph, SUBGRAPH_METADATA_OUTPUTS, 4);
  if (outputs.count == 0) return false;
  struct wit_table output = wit_vector_table(r, &outputs, 0);
  struct wit_vector files = wit_read_vector(r, &output, TENSOR_METADATA_FILES, 4);
  for (uint32_t i = 0; i < files.count && i < ASSOCIATED_FILES_MAX; i++) {
    struct wit_table file = wit_vector_table(r, &files, i);
    uint8_t type = wit_read_u8(r, &file, ASSOCIATED_FILE_TYPE, 0);
    struct wit_vector text = wit_read_string(r, &file, ASSOCIATED_FILE_NAME);
    if (r->status) return false;
    if ((type == TENSOR_AXIS_LABELS || type == TENSOR_VALUE_LABELS) && text.count > 0) {
      *name = (struct bytes){r->data + text.position, text.count};
      return true;
    }
  }
  return false;
}

static bool tflite_labels(const struct wit_model *model, struct label_text *text) {
  const uint8_t *data;
  size_t size;
  if (!wit_model_metadata(model, "TFLITE_METADATA", &data, &size)) return false;
  struct wit_reader r;
  wit_reader_init(&r, data, (uint32_t)size);
  struct bytes name = {0}, labels = {0};
  if (!tflite_label_file(&r, &name)) return false;
  if (!zip_find((struct bytes){model->file, model->file_size}, name, &labels)) return false;
  *text = (struct label_text){WIT_LABELS_TFLITE, (const char *)labels.at, labels.size, '\n'};
  return true;
}

/* ---- the public side ---------------------------------------------------- */

static struct label_text find_labels(const struct wit_model *model) {
  struct label_text text;
  if ((godwit_labels(model, &text) || tflite_labels(model, &text) || header_labels(model, &text)) &&
      text.size > 0 && text.size <= WIT_LABELS_BYTES_MAX) {
    /* A separator behind the last label ends it and begins none. */
    if (text.at[text.size - 1] == text.separator) text.size--;
    return text;
  }
  return (struct label_text){.source = WIT_LABELS_NONE};
}

enum wit_label_source wit_model_label_source(const struct wit_model *model) {
  return find_labels(model).source;
}

size_t wit_model_label_count(const struct wit_model *model) {
  struct label_text text = find_labels(model);
  if (text.source == WIT_LABELS_NONE) return 0;
  size_t count = 1;
  for (size_t i = 0; i < text.size; i++) count += text.at[i] == text.separator;
  return count;
}

bool wit_model_label(const struct wit_model *model, size_t index, const char **text,
                     size_t *length) {
  struct label_text labels = find_labels(model);
  if (labels.source == WIT_LABELS_NONE) return false;
  const char *at = labels.at, *end = labels.at + labels.size;
  for (;; index--) {
    const char *separator = memchr(at, labels.separator, (size_t)(end - at));
    const char *stop = separator ? separator : end;
    if (index == 0) {
      *text = at;
      *length = (size_t)(stop - at);
      if (*length > 0 && labels.separator == '\n' && stop[-1] == '\r') --*length;
      return true;
    }
    if (!separator) return false;
    at = separator + 1;
  }
}

int wit_model_check_labels(const struct wit_model *model, struct wit_error *error) {
  wit_error_clear(error);
  size_t count = wit_model_label_count(model);
  if (count == 0) return WIT_OK;
  struct wit_tensor output;
  if (!wit_model_output(model, 0, &output)) {
    return wit_error_set(error, WIT_ERR_LABELS, -1, -1, "%u labels, but the model has no output",
                         (uint32_t)count);
  }
  int32_t last = output.shape.rank > 0 ? output.shape.dim[output.shape.rank - 1] : 1;
  if (last >= 0 && (uint32_t)last == count) return WIT_OK;
  return wit_error_set(error, WIT_ERR_LABELS, -1, -1,
                       "%u labels, but output 0 has %d values in its last dimension",
                       (uint32_t)count, last);
}
