/* SPDX-License-Identifier: Apache-2.0 */
/* The port to read, as a store uses it. */
#include <unistd.h>

#include "mbedtls/sha256.h"
#include "sdk/ports/posix/flash_file.h"
#include "tests/support/test.h"

#define SLOT_BYTES 10000u
#define MODEL_BYTES 9001u

static struct flash_file file;
static struct godwit_flash flash;
static struct godwit_store store;
static char path[300];
static uint8_t model[MODEL_BYTES];

static void power_on(void) {
  snprintf(path, sizeof path, "%s/flash", test_temporary_folder());
  assert_int_equal(flash_file_open(&file, path, SLOT_BYTES), GODWIT_OK);
  struct godwit_flash_config config = flash_file_config(&file);
  godwit_flash_init(&flash, &config);
  assert_int_equal(godwit_store_init(&store, &(struct godwit_store_config){.medium = &flash.medium,
                                                                           .package = "model"}),
                   GODWIT_OK);
}

static struct gw_component component(void) {
  struct gw_component made = {.package = "model", .version = "1.0.0", .size_bytes = MODEL_BYTES};
  for (size_t i = 0; i < MODEL_BYTES; i++) model[i] = (uint8_t)(i * 7 + i / 251);
  mbedtls_sha256(model, MODEL_BYTES, made.digest, 0);
  return made;
}

TEST(models_in_a_flash_file_are_there_at_the_next_start_and_mapped) {
  struct gw_component made = component();
  uint32_t offset;
  power_on();
  assert_int_equal(godwit_store_begin(&store, &made, GW_ENCODING_NONE, NULL, &offset), GODWIT_OK);
  assert_int_equal(godwit_store_write(&store, 4096, model + 4096, MODEL_BYTES - 4096), GODWIT_OK);
  assert_int_equal(godwit_store_write(&store, 0, model, 4096), GODWIT_OK);
  assert_int_equal(godwit_store_progress(&store, MODEL_BYTES, NULL, 0), GODWIT_OK);
  assert_int_equal(godwit_store_finish(&store), GODWIT_OK);
  assert_int_equal(godwit_store_commit(&store), GODWIT_OK);
  flash_file_close(&file);
  power_on();
  assert_string_equal(store.state.active.version, "1.0.0");
  const uint8_t *mapped = godwit_store_map(&store, &store.state.active);
  assert_memory_equal(mapped, model, MODEL_BYTES);
  assert_int_equal(godwit_store_read(&store, &store.state.active, NULL, 0), GODWIT_OK);
  assert_null(godwit_store_map(&store, &store.state.previous));
  flash_file_close(&file);
}

TEST(unit_that_is_programmed_twice_is_an_error) {
  power_on();
  struct godwit_flash_config config = flash_file_config(&file);
  assert_int_equal(config.program(config.arg, config.scratch.offset, "12345678", 8), GODWIT_OK);
  assert_int_equal(config.program(config.arg, config.scratch.offset, "12345678", 8), GODWIT_ERR_IO);
  assert_int_equal(config.erase(config.arg, config.scratch.offset), GODWIT_OK);
  assert_int_equal(config.program(config.arg, config.scratch.offset, "12345678", 8), GODWIT_OK);
  flash_file_close(&file);
}

TEST(file_of_another_shape_is_refused_and_so_is_none) {
  power_on();
  flash_file_close(&file);
  assert_int_equal(flash_file_open(&file, path, SLOT_BYTES + 4096), GODWIT_ERR_ARGUMENT);
  assert_int_equal(flash_file_open(&file, path, 0), GODWIT_ERR_ARGUMENT);
  assert_int_equal(flash_file_open(&file, "/no/such/folder/flash", SLOT_BYTES), GODWIT_ERR_IO);
}
