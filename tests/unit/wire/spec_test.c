/* SPDX-License-Identifier: Apache-2.0 */
/* The examples of docs/spec/wire.md are bytes that this code reads and writes:
 * every block fenced as ```hex KIND is parsed, and written again it must be the
 * same. KIND is message, manifest, report, cbor or hello; # begins a comment. */
#include "tests/unit/wire/bytes.h"
#include "wire/cbor.h"
#include "wire/coap.h"
#include "wire/description.h"
#include "wire/hello.h"
#include "wire/keyset.h"
#include "wire/report.h"
#include "wire/shadow.h"
#include "wire/statement.h"

#define FENCE "```hex "

static void check_message(struct bytes bytes) {
  struct gw_coap_message message;
  struct gw_coap_writer writer;
  struct gw_coap_option_iterator iterator = {0};
  struct gw_coap_option option;
  char path[64];
  uint8_t again[GW_COAP_DATAGRAM_MAX];
  assert_int_equal(gw_coap_parse(bytes.data, bytes.size, &message), GW_OK);
  assert_true(gw_coap_path(&message, path, sizeof path) >= 0);
  assert_int_equal(gw_coap_unknown_critical_option(&message), 0);
  gw_coap_writer_begin(&writer, again, sizeof again, message.type, message.code, message.message_id,
                       message.token, message.token_length);
  while (gw_coap_option_next(&message, &iterator, &option)) {
    gw_coap_writer_option(&writer, option.number, option.value, option.length);
  }
  gw_coap_writer_payload(&writer, message.payload, message.payload_size);
  assert_bytes_equal(again, gw_coap_writer_finish(&writer), bytes);
}

static void check_manifest(struct bytes bytes) {
  struct gw_manifest manifest;
  uint8_t again[GW_MANIFEST_SIZE_MAX];
  assert_int_equal(gw_manifest_parse(bytes.data, bytes.size, &manifest), GW_OK);
  assert_bytes_equal(again, gw_manifest_encode(&manifest, again, sizeof again), bytes);
}

static void check_report(struct bytes bytes) {
  struct gw_report report;
  uint8_t again[GW_REPORT_SIZE_MAX];
  assert_int_equal(gw_report_parse(bytes.data, bytes.size, &report), GW_OK);
  assert_bytes_equal(again, gw_report_encode(&report, again, sizeof again), bytes);
}

static void check_cbor(struct bytes bytes) {
  struct gw_cbor_reader reader;
  gw_cbor_reader_init(&reader, bytes.data, bytes.size);
  assert_int_equal(gw_cbor_skip(&reader), GW_OK);
  assert_int_equal(reader.offset, bytes.size);
}

/* Builtins before custom ops, as the encoder writes them. */
static void check_hello(struct bytes bytes) {
  static struct gw_hello hello;
  uint16_t codes[GW_HELLO_OPS_MAX];
  char names[8][GW_HELLO_OP_NAME_MAX + 1];
  const char *name[8];
  uint8_t again[GW_HELLO_SIZE_MAX];
  assert_int_equal(gw_hello_parse(bytes.data, bytes.size, &hello), GW_OK);
  struct gw_hello_words words = {.board = hello.board,
                                 .sdk = hello.sdk,
                                 .runtime = hello.runtime,
                                 .op_code = codes,
                                 .op_name = name,
                                 .arena_bytes = hello.arena_bytes,
                                 .slot_bytes = hello.slot_bytes};
  for (size_t i = 0; i < hello.op_count; i++) {
    const struct gw_hello_op *op = &hello.op[i];
    if (op->name == NULL) {
      codes[words.op_code_count++] = op->code;
      continue;
    }
    assert_true(words.op_name_count < 8);
    snprintf(names[words.op_name_count], sizeof names[0], "%.*s", op->name_length, op->name);
    name[words.op_name_count] = names[words.op_name_count];
    words.op_name_count++;
  }
  assert_bytes_equal(again, gw_hello_encode(&words, again, sizeof again), bytes);
}

static void check_description(struct bytes bytes) {
  static struct gw_description description;
  uint8_t again[GW_DESCRIPTION_SIZE_MAX];
  assert_int_equal(gw_description_parse(bytes.data, bytes.size, &description), GW_OK);
  assert_bytes_equal(again, gw_description_encode(&description, again, sizeof again), bytes);
}

static int sign_again(const struct gw_sign1 *message, uint8_t *payload, size_t room) {
  struct gw_statement statement;
  struct gw_keyset keyset;
  if (gw_statement_parse(message->payload, message->payload_size, &statement) == GW_OK)
    return gw_statement_encode(&statement, payload, room);
  assert_int_equal(gw_keyset_parse(message->payload, message->payload_size, &keyset), GW_OK);
  return gw_keyset_encode(&keyset, payload, room);
}

static void check_signed(struct bytes bytes) {
  struct gw_sign1 message;
  uint8_t payload[GW_SIGN1_PAYLOAD_MAX], again[GW_SIGN1_SIZE_MAX];
  assert_int_equal(gw_sign1_parse(bytes.data, bytes.size, &message), GW_OK);
  int size = sign_again(&message, payload, sizeof payload);
  assert_int_equal(size, message.payload_size);
  assert_memory_equal(payload, message.payload, message.payload_size);
  message.payload = payload;
  assert_bytes_equal(again, gw_sign1_encode(&message, again, sizeof again), bytes);
}

static void check_shadow(struct bytes bytes) {
  struct gw_shadow_report report;
  uint8_t again[GW_SHADOW_REPORT_SIZE_MAX];
  assert_int_equal(gw_shadow_report_parse(bytes.data, bytes.size, &report), GW_OK);
  assert_bytes_equal(again, gw_shadow_report_encode(&report, again, sizeof again), bytes);
}

static const struct {
  const char *kind;
  void (*check)(struct bytes bytes);
  int at_least; /* examples that the document owes */
} kinds[] = {
    {"message", check_message, 10}, {"manifest", check_manifest, 2},
    {"report", check_report, 3},    {"cbor", check_cbor, 2},
    {"hello", check_hello, 1},      {"description", check_description, 1},
    {"signed", check_signed, 2},    {"shadow", check_shadow, 1},
};

/* The example's hex without its comments. */
static void append_line(char *hex, size_t size, const char *line) {
  size_t length = strlen(hex);
  size_t taken = strcspn(line, "#\n");
  assert_true(length + taken + 2 < size);
  memcpy(hex + length, line, taken);
  memcpy(hex + length + taken, " ", 2);
}

static void check_kind(size_t kind) {
  FILE *file = fopen(GODWIT_SOURCE_DIR "/docs/spec/wire.md", "r");
  char line[512];
  char hex[8192];
  char fence[32];
  int count = 0;
  bool inside = false;
  snprintf(fence, sizeof fence, FENCE "%s\n", kinds[kind].kind);
  assert_non_null(file);
  for (int number = 1; fgets(line, sizeof line, file); number++) {
    if (strcmp(line, fence) == 0) {
      inside = true;
      hex[0] = '\0';
    } else if (inside && strncmp(line, "```", 3) == 0) {
      print_message("docs/spec/wire.md, example before line %d\n", number);
      struct bytes bytes = bytes_from_hex(hex);
      kinds[kind].check(bytes);
      bytes_free(bytes);
      inside = false;
      count++;
    } else if (inside) {
      append_line(hex, sizeof hex, line);
    }
  }
  fclose(file);
  assert_false(inside);
  assert_true(count >= kinds[kind].at_least);
}

TEST(message_examples_of_the_specification_parse_and_write_the_same) { check_kind(0); }
TEST(manifest_examples_of_the_specification_parse_and_encode_the_same) { check_kind(1); }
TEST(report_examples_of_the_specification_parse_and_encode_the_same) { check_kind(2); }
TEST(cbor_examples_of_the_specification_are_well_formed) { check_kind(3); }
TEST(hello_examples_of_the_specification_parse_and_encode_the_same) { check_kind(4); }
TEST(description_examples_of_the_specification_parse_and_encode_the_same) { check_kind(5); }

TEST(no_example_of_the_specification_has_a_kind_that_nothing_checks) {
  size_t size;
  char *text = (char *)test_read_file(GODWIT_SOURCE_DIR "/docs/spec/wire.md", &size);
  for (const char *at = text; (at = strstr(at, "```hex")) != NULL; at++) {
    bool known = false;
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
      size_t length = strlen(kinds[i].kind);
      known |= strncmp(at + strlen(FENCE), kinds[i].kind, length) == 0 &&
               at[strlen(FENCE) + length] == '\n';
    }
    assert_true(known);
  }
  free(text);
}

/* ---- The table of rules ---- */

static bool has_test(const char *path, const char *beginning, size_t length) {
  char wanted[160];
  size_t size;
  snprintf(wanted, sizeof wanted, "\nTEST(%.*s", (int)length, beginning);
  char *text = (char *)test_read_file(path, &size);
  bool found = strstr(text, wanted) != NULL;
  free(text);
  return found;
}

static bool is_held_in_wire(const char *name, size_t length) {
  static const char *const files[] = {"block", "coap", "manifest"};
  for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
    char path[512];
    snprintf(path, sizeof path, GODWIT_SOURCE_DIR "/tests/unit/wire/%s_test.c", files[i]);
    if (has_test(path, name, length)) return true;
  }
  return false;
}

/* `rule_5_…` is cut behind its number; any other name is whole. */
static void check_test_exists(const char *name, size_t length) {
  static const char rules[] = GODWIT_SOURCE_DIR "/tests/unit/server/gateway/rules_test.c";
  const char *dots = strstr(name, "_\xE2\x80\xA6");
  bool is_rule = strncmp(name, "rule_", 5) == 0 && dots && dots < name + length;
  bool found =
      is_rule ? has_test(rules, name, (size_t)(dots - name) + 1) : is_held_in_wire(name, length);
  if (!found) fail_msg("no test begins with %.*s", (int)length, name);
}

/* The last column of a row: names in backquotes. */
static int check_names(char *column) {
  int count = 0;
  for (char *name = strtok(column, "`"); name; name = strtok(NULL, "`")) {
    if (!strchr(name, '_')) continue; /* what stands between two names */
    check_test_exists(name, strlen(name));
    count++;
  }
  return count;
}

TEST(every_test_that_the_table_of_rules_names_exists) {
  size_t size;
  char *text = (char *)test_read_file(GODWIT_SOURCE_DIR "/docs/spec/wire.md", &size);
  char *row = strstr(strstr(text, "## 10."), "\n| 1 | ");
  int rows = 0;
  while (row && row[1] == '|') {
    char *end = strchr(row + 1, '\n');
    assert_non_null(end);
    *end = '\0';
    char *column = strrchr(row + 1, '|');
    *column = '\0';
    column = strrchr(row + 1, '|');
    assert_true(check_names(column) > 0);
    rows++;
    *end = '\n';
    row = end;
  }
  assert_int_equal(rows, 10);
  free(text);
}

TEST(signed_examples_of_the_specification_parse_and_encode_the_same) { check_kind(6); }
TEST(shadow_examples_of_the_specification_parse_and_encode_the_same) { check_kind(7); }
