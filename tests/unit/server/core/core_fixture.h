/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_UNIT_SERVER_CORE_FIXTURE_H
#define TESTS_UNIT_SERVER_CORE_FIXTURE_H
/* A core on a fresh folder, with a clock that the test moves and a listener
 * that writes down what it was told. Used by gateway and REST tests too. */
#include "server/core/objects.h"
#include "server/store/folder.h"
#include "tests/support/test.h"

#define P SRV_DEFAULT_PROJECT

struct core_fixture {
  struct srv_folder folder;
  struct srv_core *core;
  int64_t now_us;
  char told[1024]; /* "manifest default *;revoked default ID;revoked-credential CREDENTIAL ID;" */
};

/* Set before it begins: makes shorter forms of artifacts, on the core's thread. */
extern srv_offer_encoder core_fixture_encode;

/* From now on each outermost commit fails with SRV_ERR_NO_SPACE, or works again. */
void core_fixture_fill_disk(struct core_fixture *fixture, bool full);
/* At 1700000000 s. The folder is DATA below the test's temporary one. */
void core_fixture_begin(struct core_fixture *fixture);
/* Closes and opens again: what is on the disk. */
void core_fixture_restart(struct core_fixture *fixture);
void core_fixture_end(struct core_fixture *fixture);

#define assert_ok(core, call)                                      \
  do {                                                             \
    int status_ = (call);                                          \
    if (status_ != SRV_OK) {                                       \
      fail_msg("%s: %d %s", #call, status_, srv_core_error(core)); \
    }                                                              \
  } while (0)

/* Each fails the test when the core says no. blueprint_id, tag_id: NULL none. */
struct srv_device make_device(struct core_fixture *fixture, const char *name,
                              const char *blueprint_id, const char *tag_id);
struct srv_tag make_tag(struct core_fixture *fixture, const char *name);
struct srv_blueprint make_blueprint(struct core_fixture *fixture, const char *name);
struct srv_artifact make_artifact(struct core_fixture *fixture, const char *package,
                                  const char *version);
/* With rollout on. */
struct srv_release make_release(struct core_fixture *fixture, const char *artifact_id,
                                const char *blueprint_id, const char *tag_id);
struct srv_device_ref ref_of(const struct srv_device *device);
/* Version of the only component of the device's manifest; "" for none. */
const char *version_for(struct core_fixture *fixture, const struct srv_device *device);
#endif
