/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SERVER_REST_FLEET_H
#define SERVER_REST_FLEET_H
/* Handlers about all devices at once, and about what a model is. */
#include "server/core/compatibility.h"
#include "server/core/fleet.h"
#include "server/rest/internal.h"

int srv_get_overview(struct srv_request *request);
int srv_get_overview_history(struct srv_request *request);
int srv_get_release_rollout(struct srv_request *request);
int srv_list_release_devices(struct srv_request *request);
int srv_preview_release(struct srv_request *request);
int srv_update_devices(struct srv_request *request);
int srv_inspect_model(struct srv_request *request);
int srv_get_artifact_compatibility(struct srv_request *request);

extern const struct srv_shape srv_shape_overview, srv_shape_overview_history, srv_shape_rollout,
    srv_shape_rollout_device, srv_shape_preview, srv_shape_bulk, srv_shape_model,
    srv_shape_inspected_model, srv_shape_compatibilities;

/* devices.c: with what the core and the device say of it. */
int srv_answer_devices(struct srv_request *request, char (*ids)[SRV_ID_LENGTH + 1], size_t count,
                       uint64_t page, uint64_t per_page, uint64_t total);
/* "online", "offline", or "-" for one that was never here. */
const char *srv_presence_name(bool online, bool ever_seen);
/* releases.c: the body's members into a release; those absent stay. */
int srv_read_release(struct srv_request *request, struct srv_release *release);
/* {isModel, problem, size, digest, labels, ...} of an artifact. */
json_t *srv_encode_model(const struct srv_artifact *artifact, const char *problem);
/* policy.c: the body's member "policy" into one; null: none, absent: stays. */
int srv_read_policy(struct srv_request *request, struct srv_policy *out);
json_t *srv_encode_policy(const struct srv_policy *policy);
extern const struct srv_shape srv_shape_policy;
/* offers.c: the member "encodings" of an artifact's JSON. */
int srv_add_encodings(struct srv_request *request, const struct srv_artifact *artifact,
                      json_t *object);
extern const struct srv_shape srv_shape_encoding;
/* As in GET .../rollout. */
json_t *srv_encode_rollout(const struct srv_rollout *rollout, bool is_on);
#endif
