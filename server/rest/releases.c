/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "server/rest/fleet.h"

static int find_release(struct srv_request *request, struct srv_release *release) {
  return srv_find_of_path(request, SRV_RELEASE, "release", release);
}

static int read_release_tags(struct srv_request *request, struct srv_release *release) {
  char *list = release->release_tag[0];
  size_t size = sizeof(release->release_tag[0]);
  int status = srv_body_texts(request, "releaseTags", list, size, SRV_RELEASE_TAGS_MAX,
                              &release->release_tag_count);
  if (status == SRV_OK) {
    status = srv_body_add(request, "addReleaseTag", SRV_KIND_COUNT, list, size,
                          SRV_RELEASE_TAGS_MAX, &release->release_tag_count);
  }
  if (status == SRV_OK) {
    status = srv_body_remove(request, "removeReleaseTag", SRV_KIND_COUNT, list, size,
                             &release->release_tag_count);
  }
  return status;
}

static int read_device_tags(struct srv_request *request, struct srv_release *release) {
  char *list = release->device_tag_id[0];
  size_t size = sizeof(release->device_tag_id[0]);
  int status = srv_body_references(request, "deviceTagIds", SRV_TAG, list,
                                   SRV_RELEASE_DEVICE_TAGS_MAX, &release->device_tag_count);
  if (status == SRV_OK) {
    status = srv_body_add(request, "addDeviceTagId", SRV_TAG, list, size,
                          SRV_RELEASE_DEVICE_TAGS_MAX, &release->device_tag_count);
  }
  if (status == SRV_OK) {
    status = srv_body_remove(request, "removeDeviceTagId", SRV_TAG, list, size,
                             &release->device_tag_count);
  }
  return status;
}

int srv_read_release(struct srv_request *request, struct srv_release *release) {
  int status = srv_body_references(request, "artifactIds", SRV_ARTIFACT, release->artifact_id[0],
                                   SRV_RELEASE_ARTIFACTS_MAX, &release->artifact_count);
  if (status == SRV_OK) status = read_release_tags(request, release);
  if (status == SRV_OK) status = read_device_tags(request, release);
  if (status == SRV_OK) {
    status = srv_body_reference(request, "blueprintId", SRV_BLUEPRINT, release->blueprint_id);
  }
  if (status == SRV_OK) status = srv_body_bool(request, "rollout", &release->rollout);
  if (status == SRV_OK) status = srv_read_policy(request, &release->policy);
  return status;
}

static int answer_release(struct srv_request *request, int status,
                          const struct srv_release *release) {
  if (status != SRV_OK) return srv_request_fail_core(request, status);
  return srv_answer_data(request, srv_encode_release(release));
}

static bool same_reach(const struct srv_release *a, const struct srv_release *b) {
  return a->artifact_count == b->artifact_count && a->device_tag_count == b->device_tag_count &&
         memcmp(a->artifact_id, b->artifact_id, sizeof(a->artifact_id)) == 0 &&
         memcmp(a->device_tag_id, b->device_tag_id, sizeof(a->device_tag_id)) == 0 &&
         strcmp(a->blueprint_id, b->blueprint_id) == 0;
}

/* Devices that are known to be unable are not sent what they cannot run, unless
 * that is meant. old: NULL for a new one; one that is rolled out may stay so. */
static int check_fit(struct srv_request *request, const struct srv_release *release,
                     const struct srv_release *old) {
  bool force = false;
  srv_body_bool(request, "force", &force);
  bool known = old != NULL && old->rollout && same_reach(old, release);
  if (force || !release->rollout || known) return SRV_OK;
  int status = srv_core_check_release_fit(request->core, release);
  /* What else is wrong with it is said by who makes it. */
  bool refused = status == SRV_ERR_IN_USE || status == SRV_ERR_BUSY;
  return refused ? srv_request_fail_core(request, status) : SRV_OK;
}

int srv_list_releases(struct srv_request *request) {
  struct srv_query query = {.newest_first = true};
  srv_query_text(&query, "project_id", SRV_EQUALS, request->project.id);
  return srv_answer_list(request, &query, srv_encode_release, NULL);
}

int srv_create_release(struct srv_request *request) {
  struct srv_release release = {0};
  memcpy(release.project_id, request->project.id, sizeof(release.project_id));
  int status = srv_read_release(request, &release);
  if (status == SRV_OK) status = check_fit(request, &release, NULL);
  if (status != SRV_OK) return status;
  return answer_release(request, srv_core_create_release(request->core, &release), &release);
}

int srv_get_release(struct srv_request *request) {
  struct srv_release release;
  char problem[SRV_ERROR_MAX];
  int status = find_release(request, &release);
  if (status != SRV_OK) return status;
  status = srv_core_release_problem(request->core, &release, problem);
  if (status != SRV_OK) return srv_request_fail_core(request, status);
  json_t *object = srv_encode_release(&release);
  if (problem[0] != 0) json_object_set_new(object, "problem", json_string(problem));
  return srv_answer_data(request, object);
}

int srv_update_release(struct srv_request *request) {
  struct srv_release release, old;
  int status = find_release(request, &release);
  old = release;
  if (status == SRV_OK) status = srv_read_release(request, &release);
  if (status == SRV_OK) status = check_fit(request, &release, &old);
  if (status != SRV_OK) return status;
  return answer_release(request, srv_core_update_release(request->core, &release), &release);
}

int srv_delete_release(struct srv_request *request) {
  int status = srv_core_delete_release(request->core, request->project.id,
                                       srv_path_argument(request, "release"));
  return status == SRV_OK ? srv_answer_empty(request) : srv_request_fail_core(request, status);
}
