/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SERVER_CORE_PROFILE_H
#define SERVER_CORE_PROFILE_H
/* What a device says of itself (`.gw/hello`, docs/spec/wire.md): its board, its
 * SDK, its runtime and that runtime's ops, its arena and its slots. The newest
 * word is kept, as a row of kind SRV_DEVICE_PROFILE (struct srv_device_profile
 * in core/types.h), so that lists of many devices read it by srv_core_list. A
 * device that never said anything (one with another SDK) has none. */
#include "server/core/core.h"
#include "server/core/types.h"
#include "wire/hello.h"

/* Keeps it in place of what the device said before. Saying the same again costs
 * no write until a day has passed. SRV_ERR_TOO_LARGE: its ops' names take more
 * than SRV_PROFILE_OPS_MAX. */
int srv_core_device_hello(struct srv_core *core, const struct srv_device_ref *device,
                          const struct gw_hello *hello);
/* SRV_ERR_NOT_FOUND: the device has not said what it is. */
int srv_core_device_profile(struct srv_core *core, const char *device_id,
                            struct srv_device_profile *out);
/* Is that op ("CONV_2D") among the profile's? Of ops "": false, which says
 * nothing, as the device has named none: check ops[0] first. */
bool srv_profile_has_op(const char *ops, const char *op);
/* The next of a profile's ops, borrowed and not NUL-terminated; NULL after the
 * last. Begin with *cursor = profile->ops. */
const char *srv_profile_next_op(const char **cursor, size_t *length);
#endif
