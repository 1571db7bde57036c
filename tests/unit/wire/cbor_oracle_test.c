/* SPDX-License-Identifier: Apache-2.0 */
/* libcbor as a second opinion: random documents that it writes are read here
 * with the same meaning, those written here are read by it, and on random bytes
 * both agree about what is well-formed, within the subset. */
#include <cbor.h>
#include <math.h>

#include "tests/unit/wire/bytes.h"
#include "wire/cbor.h"

/* ---- Reading what libcbor writes ---- */

static cbor_item_t *random_item(unsigned depth);

static cbor_item_t *random_int(bool negative) {
  uint64_t value = (uint64_t)test_random() << 32 | test_random();
  cbor_item_t *item = cbor_build_uint64(value);
  switch (test_random() % 4) {
    case 0:
      cbor_decref(&item), item = cbor_build_uint8((uint8_t)value);
      break;
    case 1:
      cbor_decref(&item), item = cbor_build_uint16((uint16_t)value);
      break;
    case 2:
      cbor_decref(&item), item = cbor_build_uint32((uint32_t)value);
      break;
    default:
      break;
  }
  if (negative) cbor_mark_negint(item);
  return item;
}

static cbor_item_t *random_text(void) {
  char text[40];
  size_t length = test_random() % sizeof text;
  for (size_t i = 0; i < length; i++) text[i] = (char)(' ' + test_random() % 95);
  return cbor_build_stringn(text, length);
}

static cbor_item_t *random_bytes(void) {
  uint8_t bytes[300];
  size_t length = test_random() % sizeof bytes;
  for (size_t i = 0; i < length; i++) bytes[i] = (uint8_t)test_random();
  return cbor_build_bytestring(bytes, length);
}

static cbor_item_t *random_array(unsigned depth) {
  size_t count = test_random() % 30;
  cbor_item_t *array =
      test_random() % 2 ? cbor_new_definite_array(count) : cbor_new_indefinite_array();
  for (size_t i = 0; i < count; i++) {
    assert_true(cbor_array_push(array, cbor_move(random_item(depth + 1))));
  }
  return array;
}

static cbor_item_t *random_map(unsigned depth) {
  size_t count = test_random() % 10;
  cbor_item_t *map = test_random() % 2 ? cbor_new_definite_map(count) : cbor_new_indefinite_map();
  for (size_t i = 0; i < count; i++) {
    struct cbor_pair pair = {.key = cbor_move(random_item(depth + 1)),
                             .value = cbor_move(random_item(depth + 1))};
    assert_true(cbor_map_add(map, pair));
  }
  return map;
}

static cbor_item_t *random_item(unsigned depth) {
  switch (test_random() % (depth < GW_CBOR_DEPTH_MAX - 4 ? 12 : 9)) {
    case 0:
      return random_int(false);
    case 1:
      return random_int(true);
    case 2:
      return random_text();
    case 3:
      return random_bytes();
    case 4:
      return cbor_build_bool(test_random() % 2 != 0);
    case 5:
      return test_random() % 2 ? cbor_new_null() : cbor_new_undef();
    case 6:
      return cbor_build_float2((float)(test_random() % 2048) / 16);
    case 7:
      return cbor_build_float4((float)test_random() / 7);
    case 8:
      return cbor_build_float8((double)test_random() / 7);
    case 9:
      return cbor_build_tag(test_random(), cbor_move(random_item(depth + 1)));
    case 10:
      return random_array(depth);
    default:
      return random_map(depth);
  }
}

static void assert_reads_as(struct gw_cbor_reader *reader, cbor_item_t *expected);

static void assert_elements_read_as(struct gw_cbor_reader *reader, const struct gw_cbor_item *item,
                                    cbor_item_t *expected) {
  bool is_map = item->type == GW_CBOR_MAP;
  size_t count = is_map ? cbor_map_size(expected) : cbor_array_size(expected);
  bool definite = is_map ? cbor_map_is_definite(expected) : cbor_array_is_definite(expected);
  size_t index = 0;
  assert_int_equal(item->indefinite, !definite);
  if (definite) assert_int_equal(item->size, count);
  while (gw_cbor_next(reader, item, &index) > 0) {
    assert_true(index <= count);
    if (is_map) {
      assert_reads_as(reader, cbor_map_handle(expected)[index - 1].key);
      assert_reads_as(reader, cbor_map_handle(expected)[index - 1].value);
    } else {
      assert_reads_as(reader, cbor_array_handle(expected)[index - 1]);
    }
  }
  assert_int_equal(index, count);
}

static void assert_simple_reads_as(const struct gw_cbor_item *item, cbor_item_t *expected) {
  if (cbor_is_float(expected)) {
    double value = cbor_float_get_float(expected);
    assert_int_equal(item->type, GW_CBOR_FLOAT);
    double number = gw_cbor_number(item);
    assert_true(number == value || (isnan(number) && isnan(value)));
  } else if (cbor_is_bool(expected)) {
    assert_int_equal(item->type, GW_CBOR_BOOL);
    assert_int_equal(item->uint, cbor_get_bool(expected));
  } else {
    assert_true(cbor_is_null(expected) || cbor_is_undef(expected));
    assert_int_equal(item->type, GW_CBOR_NULL);
  }
}

static void assert_reads_as(struct gw_cbor_reader *reader, cbor_item_t *expected) {
  struct gw_cbor_item item;
  while (cbor_isa_tag(expected)) expected = cbor_move(cbor_tag_item(expected));
  assert_int_equal(gw_cbor_read(reader, &item), GW_OK);
  switch (cbor_typeof(expected)) {
    case CBOR_TYPE_UINT:
    case CBOR_TYPE_NEGINT:
      assert_int_equal(item.type, cbor_isa_uint(expected) ? GW_CBOR_UINT : GW_CBOR_NEGATIVE);
      assert_true(item.uint == cbor_get_int(expected));
      break;
    case CBOR_TYPE_STRING:
      assert_int_equal(item.type, GW_CBOR_TEXT);
      assert_int_equal(item.size, cbor_string_length(expected));
      assert_memory_equal(item.data, cbor_string_handle(expected), item.size);
      break;
    case CBOR_TYPE_BYTESTRING:
      assert_int_equal(item.type, GW_CBOR_BYTES);
      assert_int_equal(item.size, cbor_bytestring_length(expected));
      assert_memory_equal(item.data, cbor_bytestring_handle(expected), item.size);
      break;
    case CBOR_TYPE_ARRAY:
      assert_int_equal(item.type, GW_CBOR_ARRAY);
      assert_elements_read_as(reader, &item, expected);
      break;
    case CBOR_TYPE_MAP:
      assert_int_equal(item.type, GW_CBOR_MAP);
      assert_elements_read_as(reader, &item, expected);
      break;
    default:
      assert_simple_reads_as(&item, expected);
  }
}

TEST(documents_that_libcbor_writes_read_with_the_same_meaning) {
  for (int round = 0; round < 3000; round++) {
    cbor_item_t *document = random_item(0);
    unsigned char *buffer;
    size_t allocated;
    size_t size = cbor_serialize_alloc(document, &buffer, &allocated);
    struct bytes input = bytes_copy(buffer, size);
    struct gw_cbor_reader reader;
    assert_true(size > 0);
    gw_cbor_reader_init(&reader, input.data, input.size);
    assert_int_equal(gw_cbor_skip(&reader), GW_OK);
    assert_int_equal(reader.offset, size);
    gw_cbor_reader_init(&reader, input.data, input.size);
    assert_reads_as(&reader, document);
    assert_int_equal(reader.offset, size);
    bytes_free(input);
    free(buffer);
    cbor_decref(&document);
  }
}

/* ---- Writing what libcbor reads ---- */

static void write_random(struct gw_cbor_writer *writer, unsigned depth) {
  uint64_t value = ((uint64_t)test_random() << 32 | test_random()) >> test_random() % 64;
  size_t count = test_random() % 5;
  switch (test_random() % (depth < 4 ? 10 : 7)) {
    case 0:
      gw_cbor_write_uint(writer, value);
      break;
    case 1:
      gw_cbor_write_int(writer, -1 - (int64_t)(value >> 1));
      break;
    case 2:
      gw_cbor_write_text(writer, "Pfuhlschnepfe, godwit");
      break;
    case 3:
      gw_cbor_write_bytes(writer, &value, sizeof value);
      break;
    case 4:
      gw_cbor_write_bool(writer, (value & 1) != 0);
      break;
    case 5:
      gw_cbor_write_null(writer);
      break;
    case 6:
      gw_cbor_write_double(writer, (double)value / 3);
      break;
    case 7:
      gw_cbor_write_array(writer, count);
      while (count-- > 0) write_random(writer, depth + 1);
      break;
    case 8:
      gw_cbor_write_map(writer, count);
      for (count *= 2; count > 0; count--) write_random(writer, depth + 1);
      break;
    default:
      gw_cbor_write_map_indefinite(writer);
      for (count *= 2; count > 0; count--) write_random(writer, depth + 1);
      gw_cbor_write_break(writer);
  }
}

TEST(documents_that_we_write_are_read_whole_by_libcbor_with_the_same_meaning) {
  for (int round = 0; round < 3000; round++) {
    static uint8_t buffer[65536];
    struct gw_cbor_writer writer;
    struct cbor_load_result result;
    struct gw_cbor_reader reader;
    gw_cbor_writer_init(&writer, buffer, sizeof buffer);
    write_random(&writer, 0);
    int size = gw_cbor_writer_finish(&writer);
    assert_true(size > 0);
    cbor_item_t *document = cbor_load(buffer, (size_t)size, &result);
    assert_int_equal(result.error.code, CBOR_ERR_NONE);
    assert_int_equal(result.read, size);
    gw_cbor_reader_init(&reader, buffer, (size_t)size);
    assert_reads_as(&reader, document);
    cbor_decref(&document);
  }
}

/* ---- Agreement on random bytes ---- */

TEST(what_we_accept_of_random_bytes_libcbor_accepts_to_the_same_length) {
  int accepted = 0;
  for (int round = 0; round < 100000; round++) {
    uint8_t noise[24];
    struct cbor_load_result result;
    struct gw_cbor_reader reader;
    for (size_t i = 0; i < sizeof noise; i++) noise[i] = (uint8_t)test_random();
    for (size_t i = 0; i < sizeof noise; i++) {
      /* libcbor refuses tags 6 to 20, which are legal, and text that is not
       * UTF-8, which is well-formed: no such tags, and bytes for text. */
      if (noise[i] >= 0xC6 && noise[i] <= 0xD4) noise[i] = 0xC1;
      if (noise[i] >> 5 == 3) noise[i] ^= 0x20;
    }
    if (round % 2) noise[0] = (uint8_t)(0x80 | noise[0] % 0x40); /* containers, more often */
    gw_cbor_reader_init(&reader, noise, sizeof noise);
    if (gw_cbor_skip(&reader) != GW_OK) continue;
    cbor_item_t *document = cbor_load(noise, sizeof noise, &result);
    if (!document) {
      fail_msg("libcbor error %d at %zu of input beginning %02x %02x %02x", result.error.code,
               result.error.position, noise[0], noise[1], noise[2]);
    }
    assert_int_equal(result.read, reader.offset);
    cbor_decref(&document);
    accepted++;
  }
  assert_true(accepted > 1000);
}
