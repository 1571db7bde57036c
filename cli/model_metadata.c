/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/model_metadata.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FRONT_ALIGNMENT 64u
#define DATA_ALIGNMENT 16u /* of Buffer.data, by the schema */
#define BODY_DIGITS 10

/* Fields of the tables that are written, by the schema's ids. */
enum {
  MODEL_VERSION,
  MODEL_OPERATOR_CODES,
  MODEL_SUBGRAPHS,
  MODEL_DESCRIPTION,
  MODEL_BUFFERS,
  MODEL_METADATA_BUFFER,
  MODEL_METADATA,
  MODEL_SIGNATURES,
  MODEL_FIELDS
};
enum { METADATA_NAME, METADATA_BUFFER };
enum { BUFFER_DATA };

/* ---- reading the old root ----------------------------------------------------- *
 * The runtime verified what it reads; two fields it does not look at
 * (metadata_buffer, signature_defs) are checked here: that they point into the file. */

struct body {
  const uint8_t *data;
  size_t size;
  uint32_t field[MODEL_FIELDS]; /* position of what it points to; 0: absent */
  uint32_t version;
  uint32_t buffer_count;
  uint32_t metadata_count;
};

static uint32_t load_u16(const uint8_t *p) { return (uint32_t)p[0] | (uint32_t)p[1] << 8; }
static uint32_t load_u32(const uint8_t *p) { return load_u16(p) | load_u16(p + 2) << 16; }

static void store(uint8_t *p, uint32_t value, size_t size) {
  for (size_t i = 0; i < size; i++) p[i] = (uint8_t)(value >> 8 * i);
}

/* Where field `id` of the root stands; 0: absent. */
static uint32_t root_field(const struct body *body, unsigned id) {
  uint32_t root = load_u32(body->data);
  uint32_t vtable = root - load_u32(body->data + root);
  if (4 + 2 * id + 2 > load_u16(body->data + vtable)) return 0;
  uint32_t offset = load_u16(body->data + vtable + 4 + 2 * (size_t)id);
  return offset == 0 ? 0 : root + offset;
}

static uint32_t pointed_to(const struct body *body, uint32_t at) {
  if (at == 0 || (uint64_t)at + 4 > body->size) return 0;
  uint64_t target = (uint64_t)at + load_u32(body->data + at);
  return target + 4 <= body->size ? (uint32_t)target : 0;
}

static const char *read_body(struct body *body, const struct wit_model *model) {
  *body = (struct body){.data = model->flatbuffer, .size = model->flatbuffer_size};
  for (unsigned id = MODEL_FIELDS; id < MODEL_FIELDS + 8; id++) {
    if (root_field(body, id) != 0) {
      return "the model keeps data outside its flatbuffer; convert it without external buffers";
    }
  }
  for (unsigned id = MODEL_OPERATOR_CODES; id < MODEL_FIELDS; id++) {
    uint32_t at = root_field(body, id);
    body->field[id] = pointed_to(body, at);
    if (at != 0 && body->field[id] == 0) {
      return "the model's root points outside the file; convert the model again";
    }
  }
  uint32_t version = root_field(body, MODEL_VERSION);
  body->version = version ? load_u32(body->data + version) : 0;
  body->buffer_count = load_u32(body->data + body->field[MODEL_BUFFERS]);
  if (body->field[MODEL_METADATA] != 0) {
    body->metadata_count = load_u32(body->data + body->field[MODEL_METADATA]);
  }
  return NULL;
}

/* Position of element i of a vector of tables. */
static uint32_t element(const struct body *body, unsigned field, uint32_t i) {
  return pointed_to(body, body->field[field] + 4 + 4 * i);
}

/* Name of old metadata entry i, NUL-terminated in the file; "" where it has none. */
static const char *metadata_name(const struct body *body, uint32_t i) {
  uint32_t table = element(body, MODEL_METADATA, i);
  uint32_t vtable = table - load_u32(body->data + table);
  if (load_u16(body->data + vtable) < 6) return "";
  uint32_t offset = load_u16(body->data + vtable + 4);
  if (offset == 0) return "";
  return (const char *)body->data + pointed_to(body, table + offset) + 4;
}

/* ---- writing the front ----------------------------------------------------------- */

struct front {
  uint8_t *data; /* NULL: only measuring */
  uint32_t size;
  uint32_t shift; /* where the body begins; known after measuring */
};

static uint32_t put(struct front *front, const void *data, size_t size) {
  uint32_t at = front->size;
  if (front->data != NULL && size > 0) memcpy(front->data + at, data, size);
  front->size += (uint32_t)size;
  return at;
}

static uint32_t put_u16(struct front *front, uint32_t value) {
  uint8_t bytes[2];
  store(bytes, value, 2);
  return put(front, bytes, 2);
}

static uint32_t put_u32(struct front *front, uint32_t value) {
  uint8_t bytes[4];
  store(bytes, value, 4);
  return put(front, bytes, 4);
}

/* Zeros until what comes `ahead` bytes later is aligned. */
static void align(struct front *front, uint32_t alignment, uint32_t ahead) {
  while ((front->size + ahead) % alignment != 0) put(front, "", 1);
}

/* The offset at `at` leads to `target` of this file. */
static void point(struct front *front, uint32_t at, uint32_t target) {
  if (front->data != NULL) store(front->data + at, target - at, 4);
}

static void point_to_body(struct front *front, uint32_t at, uint32_t target) {
  point(front, at, front->shift + target);
}

/* A vtable of `fields` fields of 4 bytes each, all there. */
static uint32_t put_vtable(struct front *front, unsigned fields) {
  align(front, 4, 0);
  uint32_t at = put_u16(front, 4 + 2 * fields);
  put_u16(front, 4 + 4 * fields);
  for (unsigned i = 0; i < fields; i++) put_u16(front, 4 + 4 * i);
  return at;
}

/* A table of `fields` zeros, to be filled. */
static uint32_t put_table(struct front *front, uint32_t vtable, unsigned fields) {
  align(front, 4, 0);
  uint32_t at = put_u32(front, front->size - vtable);
  for (unsigned i = 0; i < fields; i++) put_u32(front, 0);
  return at;
}

static uint32_t field_at(uint32_t table, unsigned id) { return table + 4 + 4 * id; }

static uint32_t put_vector(struct front *front, uint32_t count) {
  uint32_t at = put_u32(front, count);
  for (uint32_t i = 0; i < count; i++) put_u32(front, 0);
  return at;
}

static uint32_t put_string(struct front *front, const char *text) {
  align(front, 4, 0);
  uint32_t at = put_u32(front, (uint32_t)strlen(text));
  put(front, text, strlen(text) + 1);
  return at;
}

/* What goes in. */
struct packing {
  const struct body *body;
  const struct cli_metadata_entry *entries;
  size_t count;
  uint32_t kept[256]; /* old metadata entries that stay */
  uint32_t kept_count;
  uint32_t added; /* entries with data */
};

/* The root, without fields that the body has not: a field of the vtable is 0 then. */
static uint32_t put_root(struct front *front, const struct packing *packing) {
  align(front, 4, 0);
  uint32_t vtable = put_u16(front, 4 + 2 * MODEL_FIELDS);
  put_u16(front, 4 + 4 * MODEL_FIELDS);
  for (unsigned id = 0; id < MODEL_FIELDS; id++) {
    bool written = id == MODEL_VERSION || id == MODEL_BUFFERS || id == MODEL_METADATA ||
                   packing->body->field[id] != 0;
    put_u16(front, written ? 4 + 4 * id : 0);
  }
  uint32_t root = put_table(front, vtable, MODEL_FIELDS);
  if (front->data != NULL) store(front->data + field_at(root, 0), packing->body->version, 4);
  for (unsigned id = MODEL_OPERATOR_CODES; id < MODEL_FIELDS; id++) {
    if (id == MODEL_BUFFERS || id == MODEL_METADATA || packing->body->field[id] == 0) continue;
    point_to_body(front, field_at(root, id), packing->body->field[id]);
  }
  return root;
}

static void put_entry_data(struct front *front, uint32_t slot, uint32_t vtable,
                           const struct cli_metadata_entry *entry) {
  uint32_t table = put_table(front, vtable, 1);
  point(front, slot, table);
  align(front, DATA_ALIGNMENT, 4);
  uint32_t vector = put_u32(front, (uint32_t)entry->size);
  point(front, field_at(table, BUFFER_DATA), vector);
  put(front, entry->data, entry->size);
}

static void put_entry_name(struct front *front, uint32_t slot, uint32_t vtable, const char *name,
                           uint32_t buffer) {
  uint32_t table = put_table(front, vtable, 2);
  point(front, slot, table);
  if (front->data != NULL) store(front->data + field_at(table, METADATA_BUFFER), buffer, 4);
  point(front, field_at(table, METADATA_NAME), put_string(front, name));
}

static void put_front(struct front *front, const struct packing *packing) {
  const struct body *body = packing->body;
  uint32_t start = put_u32(front, 0);
  put(front, "TFL3", 4);
  uint32_t root = put_root(front, packing);
  point(front, start, root);
  uint32_t metadata_vtable = put_vtable(front, 2), buffer_vtable = put_vtable(front, 1);
  align(front, 4, 0);

  uint32_t buffers = put_vector(front, body->buffer_count + packing->added);
  point(front, field_at(root, MODEL_BUFFERS), buffers);
  for (uint32_t i = 0; i < body->buffer_count; i++) {
    point_to_body(front, buffers + 4 + 4 * i, element(body, MODEL_BUFFERS, i));
  }
  uint32_t metadata = put_vector(front, packing->kept_count + packing->added);
  point(front, field_at(root, MODEL_METADATA), metadata);
  for (uint32_t i = 0; i < packing->kept_count; i++) {
    point_to_body(front, metadata + 4 + 4 * i, element(body, MODEL_METADATA, packing->kept[i]));
  }
  uint32_t next = 0;
  for (size_t i = 0; i < packing->count; i++) {
    const struct cli_metadata_entry *entry = &packing->entries[i];
    if (entry->data == NULL) continue;
    uint32_t buffer = body->buffer_count + next;
    put_entry_name(front, metadata + 4 + 4 * (packing->kept_count + next), metadata_vtable,
                   entry->name, buffer);
    put_entry_data(front, buffers + 4 + 4 * buffer, buffer_vtable, entry);
    next++;
  }
  align(front, FRONT_ALIGNMENT, 0);
}

static bool is_replaced(const struct packing *packing, const char *name) {
  for (size_t i = 0; i < packing->count; i++) {
    if (strcmp(packing->entries[i].name, name) == 0) return true;
  }
  return false;
}

static void choose_kept(struct packing *packing) {
  for (uint32_t i = 0; i < packing->body->metadata_count && i < 256; i++) {
    if (!is_replaced(packing, metadata_name(packing->body, i))) {
      packing->kept[packing->kept_count++] = i;
    }
  }
  for (size_t i = 0; i < packing->count; i++) packing->added += packing->entries[i].data != NULL;
}

static uint8_t *write_file(const struct wit_model *model, const struct packing *packing,
                           uint32_t shift, size_t *size) {
  size_t header = (size_t)(model->flatbuffer - model->file);
  uint8_t *file = malloc(model->file_size + shift);
  if (file == NULL) return NULL;
  struct front front = {.data = file + header, .shift = shift};
  memcpy(file, model->file, header);
  put_front(&front, packing);
  memcpy(file + header + shift, model->flatbuffer, model->flatbuffer_size);
  *size = model->file_size + shift;
  return file;
}

const char *cli_model_add_metadata(const struct wit_model *model,
                                   const struct cli_metadata_entry *entries, size_t count,
                                   uint8_t **out, size_t *out_size) {
  struct body body;
  char digits[BODY_DIGITS + 1] = "0000000000";
  struct cli_metadata_entry all[CLI_METADATA_ENTRIES_MAX];
  if (count + 1 > CLI_METADATA_ENTRIES_MAX) return "too many entries at once; add fewer";
  const char *problem = read_body(&body, model);
  if (problem != NULL) return problem;
  memcpy(all, entries, count * sizeof *entries);
  all[count] = (struct cli_metadata_entry){CLI_BODY_METADATA, digits, BODY_DIGITS};

  struct packing packing = {.body = &body, .entries = all, .count = count + 1};
  choose_kept(&packing);
  struct front measured = {0};
  put_front(&measured, &packing);
  snprintf(digits, sizeof digits, "%010u", (unsigned)measured.size);
  *out = write_file(model, &packing, measured.size, out_size);
  return *out != NULL ? NULL : "no memory; close other programs";
}

/* ---- taking it off ------------------------------------------------------------------ */

/* Where the body begins in the flatbuffer; 0: there is no front. */
static size_t body_offset(const struct wit_model *model) {
  const uint8_t *text;
  size_t size, offset = 0;
  struct wit_model inner;
  if (!wit_model_metadata(model, CLI_BODY_METADATA, &text, &size) || size != BODY_DIGITS) return 0;
  for (size_t i = 0; i < size; i++) {
    if (text[i] < '0' || text[i] > '9') return 0;
    offset = offset * 10 + (size_t)(text[i] - '0');
  }
  if (offset % FRONT_ALIGNMENT != 0 || offset >= model->flatbuffer_size) return 0;
  /* Not every file that says so is one of ours. */
  int status =
      wit_model_open(&inner, model->flatbuffer + offset, model->flatbuffer_size - offset, NULL);
  return status == WIT_OK && inner.flatbuffer == inner.file ? offset : 0;
}

bool cli_model_body(const struct wit_model *model, uint8_t **out, size_t *out_size) {
  size_t offset = body_offset(model), header = (size_t)(model->flatbuffer - model->file);
  *out = malloc(model->file_size);
  if (*out == NULL) return false;
  memcpy(*out, model->file, header);
  memcpy(*out + header, model->flatbuffer + offset, model->flatbuffer_size - offset);
  *out_size = model->file_size - offset;
  return true;
}
