/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/manifest.h"

#include <string.h>

#include "wire/cbor.h"

enum { TOP_SEQUENCE = 1, TOP_DIGEST = 2, TOP_COMPONENTS = 3, TOP_PAIRS = 3 };
enum {
  COMPONENT_PACKAGE = 1,
  COMPONENT_VERSION = 2,
  COMPONENT_DIGEST = 3,
  COMPONENT_SIZE = 4,
  COMPONENT_URI = 5,
  COMPONENT_TYPE = 6,
  COMPONENT_PAIRS = 6,
};

#define URI_PREFIX "/.u/c/"

/* A set of key numbers below 32. */
#define KEY(number) (1u << (number))

/* ---- Digests ---- */

void gw_digest_to_hex(const uint8_t digest[GW_DIGEST_SIZE], char hex[GW_DIGEST_HEX_SIZE + 1]) {
  static const char digits[] = "0123456789abcdef";
  for (size_t i = 0; i < GW_DIGEST_SIZE; i++) {
    hex[2 * i] = digits[digest[i] >> 4];
    hex[2 * i + 1] = digits[digest[i] & 15u];
  }
  hex[GW_DIGEST_HEX_SIZE] = '\0';
}

static int hex_value(char digit) {
  if (digit >= '0' && digit <= '9') return digit - '0';
  if (digit >= 'a' && digit <= 'f') return digit - 'a' + 10;
  if (digit >= 'A' && digit <= 'F') return digit - 'A' + 10;
  return -1;
}

int gw_digest_from_hex(const char *hex, size_t length, uint8_t digest[GW_DIGEST_SIZE]) {
  if (length != GW_DIGEST_HEX_SIZE) return GW_ERR_MALFORMED;
  for (size_t i = 0; i < GW_DIGEST_SIZE; i++) {
    int high = hex_value(hex[2 * i]);
    int low = hex_value(hex[2 * i + 1]);
    if (high < 0 || low < 0) return GW_ERR_MALFORMED;
    digest[i] = (uint8_t)(high << 4 | low);
  }
  return GW_OK;
}

/* ---- Encoding ---- */

/* Does a field of `size` bytes hold a C string? */
static bool is_terminated(const char *field, size_t size) { return memchr(field, 0, size) != NULL; }

static int check_component(const struct gw_component *component) {
  if (!is_terminated(component->package, sizeof component->package) ||
      !is_terminated(component->version, sizeof component->version) ||
      !is_terminated(component->uri, sizeof component->uri) ||
      !is_terminated(component->type, sizeof component->type)) {
    return GW_ERR_TOO_LONG;
  }
  if (!component->package[0] || !component->version[0] || !component->uri[0]) return GW_ERR_MISSING;
  return component->size_bytes > INT32_MAX ? GW_ERR_TOO_LONG : GW_OK;
}

static int check_manifest(const struct gw_manifest *manifest) {
  if (manifest->sequence_number > INT32_MAX) return GW_ERR_TOO_LONG;
  if (manifest->component_count > GW_MANIFEST_COMPONENTS_MAX) return GW_ERR_TOO_LONG;
  for (size_t i = 0; i < manifest->component_count; i++) {
    int status = check_component(&manifest->component[i]);
    if (status != GW_OK) return status;
  }
  return GW_OK;
}

static void write_digest(struct gw_cbor_writer *writer, const uint8_t digest[GW_DIGEST_SIZE]) {
  char hex[GW_DIGEST_HEX_SIZE + 1];
  gw_digest_to_hex(digest, hex);
  gw_cbor_write_text(writer, hex);
}

static void write_text_pair(struct gw_cbor_writer *writer, unsigned key, const char *text) {
  gw_cbor_write_uint(writer, key);
  gw_cbor_write_text(writer, text);
}

/* All six keys, ascending, and nothing behind the sixth: published clients
 * before v0.22 refuse the whole manifest otherwise. */
static void write_component(struct gw_cbor_writer *writer, const struct gw_component *component) {
  gw_cbor_write_map(writer, COMPONENT_PAIRS);
  write_text_pair(writer, COMPONENT_PACKAGE, component->package);
  write_text_pair(writer, COMPONENT_VERSION, component->version);
  gw_cbor_write_uint(writer, COMPONENT_DIGEST);
  write_digest(writer, component->digest);
  gw_cbor_write_uint(writer, COMPONENT_SIZE);
  gw_cbor_write_uint(writer, component->size_bytes);
  write_text_pair(writer, COMPONENT_URI, component->uri);
  write_text_pair(writer, COMPONENT_TYPE, component->type);
}

static int write_manifest(struct gw_cbor_writer *writer, const struct gw_manifest *manifest) {
  int status = check_manifest(manifest);
  if (status != GW_OK) return status;
  gw_cbor_write_map(writer, TOP_PAIRS);
  gw_cbor_write_uint(writer, TOP_SEQUENCE);
  gw_cbor_write_uint(writer, manifest->sequence_number);
  gw_cbor_write_uint(writer, TOP_DIGEST);
  write_digest(writer, manifest->digest);
  gw_cbor_write_uint(writer, TOP_COMPONENTS);
  gw_cbor_write_array(writer, manifest->component_count);
  for (size_t i = 0; i < manifest->component_count; i++) {
    write_component(writer, &manifest->component[i]);
  }
  return gw_cbor_writer_finish(writer);
}

int gw_manifest_encode(const struct gw_manifest *manifest, uint8_t *buffer, size_t size) {
  struct gw_cbor_writer writer;
  gw_cbor_writer_init(&writer, buffer, size < GW_MANIFEST_SIZE_MAX ? size : GW_MANIFEST_SIZE_MAX);
  return write_manifest(&writer, manifest);
}

size_t gw_manifest_encoded_size(const struct gw_manifest *manifest) {
  struct gw_cbor_writer writer;
  gw_cbor_writer_init(&writer, NULL, SIZE_MAX);
  int length = write_manifest(&writer, manifest);
  return length > 0 ? (size_t)length : 0;
}

/* ---- Parsing ---- */

static int read_digest(struct gw_cbor_reader *reader, uint8_t digest[GW_DIGEST_SIZE]) {
  struct gw_cbor_item item;
  int status = gw_cbor_read(reader, &item);
  if (status != GW_OK) return status;
  if (item.type != GW_CBOR_TEXT) return GW_ERR_MALFORMED;
  return gw_digest_from_hex((const char *)item.data, item.size, digest);
}

static int read_component_value(struct gw_cbor_reader *reader, unsigned key, void *component) {
  struct gw_component *out = component;
  switch (key) {
    case COMPONENT_PACKAGE:
      return gw_cbor_read_text(reader, out->package, sizeof out->package);
    case COMPONENT_VERSION:
      return gw_cbor_read_text(reader, out->version, sizeof out->version);
    case COMPONENT_DIGEST:
      return read_digest(reader, out->digest);
    case COMPONENT_SIZE:
      return gw_cbor_read_uint32(reader, INT32_MAX, &out->size_bytes);
    case COMPONENT_URI:
      return gw_cbor_read_text(reader, out->uri, sizeof out->uri);
    case COMPONENT_TYPE:
      return gw_cbor_read_text(reader, out->type, sizeof out->type);
    default:
      return GW_OK;
  }
}

static int read_component(struct gw_cbor_reader *reader, struct gw_component *out) {
  const uint32_t required = KEY(COMPONENT_PACKAGE) | KEY(COMPONENT_VERSION) |
                            KEY(COMPONENT_DIGEST) | KEY(COMPONENT_SIZE) | KEY(COMPONENT_URI);
  uint32_t seen;
  int status = gw_cbor_read_map(reader, COMPONENT_PAIRS, read_component_value, out, &seen);
  if (status != GW_OK) return status;
  if ((seen & required) != required) return GW_ERR_MISSING;
  return out->package[0] && out->version[0] && out->uri[0] ? GW_OK : GW_ERR_MISSING;
}

static int parse_component(struct gw_cbor_reader *reader, unsigned index, void *manifest) {
  return read_component(reader, &((struct gw_manifest *)manifest)->component[index]);
}

static int parse_components(struct gw_cbor_reader *reader, struct gw_manifest *out) {
  int count = gw_cbor_read_array(reader, GW_MANIFEST_COMPONENTS_MAX, parse_component, out);
  if (count < 0) return count;
  out->component_count = (size_t)count;
  return GW_OK;
}

static int read_top_value(struct gw_cbor_reader *reader, unsigned key, void *manifest) {
  struct gw_manifest *out = manifest;
  switch (key) {
    case TOP_SEQUENCE:
      return gw_cbor_read_uint32(reader, INT32_MAX, &out->sequence_number);
    case TOP_DIGEST:
      return read_digest(reader, out->digest);
    case TOP_COMPONENTS:
      return parse_components(reader, out);
    default:
      return GW_OK;
  }
}

/* Nothing of ours at all is "no release"; half of it is a broken manifest. */
static int check_top_keys(uint32_t seen) {
  const uint32_t required = KEY(TOP_SEQUENCE) | KEY(TOP_COMPONENTS);
  uint32_t present = seen & required;
  return present == 0 || present == required ? GW_OK : GW_ERR_MISSING;
}

int gw_manifest_parse(const uint8_t *data, size_t size, struct gw_manifest *out) {
  struct gw_cbor_reader reader;
  uint32_t seen;
  memset(out, 0, sizeof *out);
  gw_cbor_reader_init(&reader, data, size);
  int status = gw_cbor_read_map(&reader, TOP_PAIRS, read_top_value, out, &seen);
  if (status != GW_OK) return status;
  return reader.offset == size ? check_top_keys(seen) : GW_ERR_MALFORMED;
}

const struct gw_component *gw_manifest_find(const struct gw_manifest *manifest,
                                            const char *package) {
  for (size_t i = 0; i < manifest->component_count; i++) {
    if (strcmp(manifest->component[i].package, package) == 0) return &manifest->component[i];
  }
  return NULL;
}

/* ---- Scanning ---- */

enum { SCAN_HEAD, SCAN_PAIRS, SCAN_ELEMENTS, SCAN_END };

void gw_manifest_scan_begin(struct gw_manifest_scan *scan, const char *package) {
  memset(scan, 0, sizeof *scan);
  scan->package = package;
}

static int enter(struct gw_cbor_reader *reader, enum gw_cbor_type type, uint32_t *count) {
  struct gw_cbor_item item;
  int status = gw_cbor_read(reader, &item);
  if (status != GW_OK) return status;
  if (item.type != type || item.size >= UINT32_MAX) return GW_ERR_MALFORMED;
  *count = item.indefinite ? UINT32_MAX : (uint32_t)item.size;
  return GW_OK;
}

/* GW_OK when another one follows, 1 at the end; a BREAK is eaten. */
static int next_of(struct gw_cbor_reader *reader, const uint32_t *count) {
  struct gw_cbor_reader peek = *reader;
  struct gw_cbor_item item;
  if (*count != UINT32_MAX) return *count > 0 ? GW_OK : 1;
  int status = gw_cbor_read(&peek, &item);
  if (status == GW_ERR_TRUNCATED && reader->offset < reader->size) return GW_OK; /* a long one */
  if (status != GW_OK || item.type != GW_CBOR_BREAK) return status;
  *reader = peek;
  return 1;
}

static void count_down(uint32_t *count) {
  if (*count != UINT32_MAX) --*count;
}

static int scan_element(struct gw_manifest_scan *scan, struct gw_cbor_reader *reader) {
  struct gw_component component = {.package = ""};
  int status = next_of(reader, &scan->elements);
  if (status == 1) scan->state = SCAN_PAIRS;
  if (status != GW_OK) return status;
  status = read_component(reader, &component);
  if (status != GW_OK) return status;
  count_down(&scan->elements);
  if (!scan->is_found && strcmp(component.package, scan->package) == 0) {
    scan->component = component;
    scan->is_found = true;
  }
  return GW_OK;
}

static int scan_pair(struct gw_manifest_scan *scan, struct gw_cbor_reader *reader) {
  struct gw_cbor_item key;
  int status = next_of(reader, &scan->pairs);
  if (status == 1) scan->state = SCAN_END;
  if (status != GW_OK) return status;
  struct gw_cbor_reader peek = *reader;
  status = gw_cbor_read(&peek, &key);
  if (status == GW_OK) status = gw_cbor_skip(reader); /* a key of another kind may hold more */
  if (status != GW_OK) return status;
  uint32_t number = key.type == GW_CBOR_UINT && key.uint <= TOP_PAIRS ? (uint32_t)key.uint : 0;
  if (number != 0 && (scan->seen & KEY(number)) != 0) return GW_ERR_MALFORMED;
  status = number == TOP_COMPONENTS ? enter(reader, GW_CBOR_ARRAY, &scan->elements)
                                    : gw_cbor_skip(reader);
  if (status != GW_OK) return status;
  scan->seen |= KEY(number);
  count_down(&scan->pairs);
  if (number == TOP_COMPONENTS) scan->state = SCAN_ELEMENTS;
  return GW_OK;
}

/* Reads one item on; an error leaves what was not read whole. */
static int scan_one(struct gw_manifest_scan *scan, struct gw_cbor_reader *reader) {
  switch (scan->state) {
    case SCAN_HEAD:
      scan->state = SCAN_PAIRS;
      return enter(reader, GW_CBOR_MAP, &scan->pairs);
    case SCAN_PAIRS:
      return scan_pair(scan, reader);
    case SCAN_ELEMENTS:
      return scan_element(scan, reader);
    default:
      return reader->offset < reader->size ? GW_ERR_MALFORMED : GW_ERR_TRUNCATED;
  }
}

static int scan_kept(struct gw_manifest_scan *scan) {
  struct gw_cbor_reader reader;
  int status = GW_OK;
  gw_cbor_reader_init(&reader, scan->kept, scan->kept_size);
  while (status >= GW_OK) {
    const struct gw_cbor_reader before = reader;
    uint8_t state = scan->state;
    status = scan_one(scan, &reader);
    if (status >= GW_OK) continue;
    reader = before;
    scan->state = state;
  }
  scan->kept_size = (uint16_t)(scan->kept_size - reader.offset);
  memmove(scan->kept, scan->kept + reader.offset, scan->kept_size);
  return status == GW_ERR_TRUNCATED ? GW_OK : status;
}

int gw_manifest_scan_feed(struct gw_manifest_scan *scan, const uint8_t *data, size_t size) {
  while (size > 0 && scan->status == GW_OK) {
    size_t room = GW_MANIFEST_SCAN_BYTES - scan->kept_size;
    if (room > size) room = size;
    if (room == 0) scan->status = GW_ERR_TOO_LONG;
    memcpy(scan->kept + scan->kept_size, data, room);
    scan->kept_size = (uint16_t)(scan->kept_size + room);
    data += room;
    size -= room;
    if (scan->status == GW_OK) scan->status = scan_kept(scan);
  }
  return scan->status;
}

int gw_manifest_scan_end(struct gw_manifest_scan *scan) {
  if (scan->status != GW_OK) return scan->status;
  if (scan->state != SCAN_END || scan->kept_size > 0) return GW_ERR_TRUNCATED;
  int status = check_top_keys(scan->seen);
  return status != GW_OK ? status : scan->is_found;
}

/* ---- Names ---- */

int gw_component_set_uri(struct gw_component *component) {
  if (!is_terminated(component->package, sizeof component->package) ||
      !is_terminated(component->version, sizeof component->version)) {
    return GW_ERR_TOO_LONG;
  }
  /* Fits by the limits: 6 + 16 + 1 + 16 = GW_URI_MAX. */
  char *end = component->uri;
  memcpy(end, URI_PREFIX, sizeof URI_PREFIX);
  strcat(end, component->package);
  strcat(end, "@");
  strcat(end, component->version);
  return GW_OK;
}

int gw_component_name_parse(const char *name, char package[GW_PACKAGE_MAX + 1],
                            char version[GW_VERSION_MAX + 1]) {
  const char *at = strrchr(name, '@');
  if (!at || at == name || !at[1] || strchr(name, '/')) return GW_ERR_MALFORMED;
  size_t package_length = (size_t)(at - name);
  size_t version_length = strlen(at + 1);
  if (package_length > GW_PACKAGE_MAX || version_length > GW_VERSION_MAX) return GW_ERR_TOO_LONG;
  memcpy(package, name, package_length);
  package[package_length] = '\0';
  memcpy(version, at + 1, version_length + 1);
  return GW_OK;
}
