/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "tests/support/fake_core.h"
#include "tests/unit/server/gateway/fixture.h"

struct fixture *gateway_up(void) {
  return gateway_up_with((struct srv_gateway_config){.port = 0});
}

struct fixture *gateway_up_with(struct srv_gateway_config config) {
  struct fixture *f = calloc(1, sizeof *f);
  assert_non_null(f);
  f->fake = calloc(1, sizeof *f->fake);
  assert_non_null(f->fake);
  fake_core_init(f->fake);
  gateway_stand(f, config, f->fake);
  return f;
}

void gateway_down(struct fixture *f) {
  srv_gateway_destroy(f->gateway);
  assert_int_equal(0, f->fake->blobs_open);
  assert_int_equal(0, f->fake->batch_depth);
  assert_int_equal(0, f->fake->captures_open);
  fake_core_deinit(f->fake);
  free(f->fake);
  free(f);
}
