/* SPDX-License-Identifier: Apache-2.0 */
/* Two models side by side: what devices made of them, in sums. */
#include "server/core/shadow.h"

#include <string.h>

#include "server/rest/internal.h"
#include "server/rest/schema.h"

/* --- what it looks like ------------------------------------------------------- */

#define INTEGER SRV_VALUE_INTEGER
#define TEXT SRV_VALUE_TEXT
#define LIST SRV_PROPERTY_LIST
#define OR_NULL SRV_PROPERTY_NULL

static const struct srv_property label_members[] = {
    {"name", TEXT, 0, NULL, "the label"},
    {"active", SRV_VALUE_BOOL, 0, NULL, "the model in service knows it"},
    {"candidate", SRV_VALUE_BOOL, 0, NULL, "the candidate knows it"},
    {"quiet", SRV_VALUE_BOOL, 0, NULL, "silence, unknown: nothing is heard"},
    {0}};
static const struct srv_shape label_shape = {"ShadowLabel", label_members, false};

static const struct srv_property disagreement_members[] = {
    {"active", TEXT, 0, NULL, "label that the model in service gave"},
    {"candidate", TEXT, 0, NULL, "label that the candidate gave"},
    {"count", INTEGER, 0, NULL, "windows"},
    {0}};
static const struct srv_shape disagreement_shape = {"ShadowDisagreement", disagreement_members,
                                                    false};

static const struct srv_property side_members[] = {
    {"meanUs", INTEGER, OR_NULL, NULL, "mean time of an inference in microseconds"},
    {"maxUs", INTEGER, OR_NULL, NULL, "longest time of an inference in microseconds"},
    {"times", INTEGER, LIST, NULL, "windows for each of timesBelowUs, and above the last"},
    {"meanConfidence", SRV_VALUE_NUMBER, OR_NULL, NULL,
     "0 to 1, where at least one of the two heard something"},
    {"confidences", INTEGER, LIST, NULL, "such windows for each tenth of confidence"},
    {0}};
static const struct srv_shape side_shape = {"ShadowSide", side_members, false};

static const struct srv_property verdict_members[] = {
    {"more", INTEGER, 0, NULL, "devices on which both still run"},
    {"pass", INTEGER, 0, NULL, "on which the candidate took over"},
    {"fail", INTEGER, 0, NULL, "on which it did not"},
    {0}};
static const struct srv_shape verdict_shape = {"ShadowVerdicts", verdict_members, false};

static const struct srv_property pair_members[] = {
    {"package", TEXT, 0, NULL, "of both"},
    {"activeVersion", TEXT, 0, NULL, "of the model in service"},
    {"candidateVersion", TEXT, 0, NULL, "of the model beside it"},
    {"devices", INTEGER, 0, NULL, "whose sums these are"},
    {"verdicts", SRV_VALUE_OBJECT, 0, &verdict_shape, "what devices decided"},
    {"failures", INTEGER, SRV_PROPERTY_MAP, NULL,
     "devices on which it failed, by reason: AGREEMENT, LATENCY, NO_TIME, NOTHING_HEARD, "
     "APPLICATION"},
    {"elapsedSeconds", INTEGER, 0, NULL, "of the device that spoke last"},
    {"compared", INTEGER, 0, NULL, "windows that both looked at"},
    {"agreed", INTEGER, 0, NULL, "of these: the same label, silence included"},
    {"heard", INTEGER, 0, NULL, "of these: at least one heard something that both know"},
    {"heardAgreed", INTEGER, 0, NULL, "and the same"},
    {"onlyCandidateKnows", INTEGER, 0, NULL,
     "the candidate heard what the model in service has no label for, where that one heard "
     "nothing"},
    {"onlyActiveKnows", INTEGER, 0, NULL,
     "the model in service heard what the candidate has no label for"},
    {"skipped", INTEGER, 0, NULL, "windows without time for the candidate"},
    {"missed", INTEGER, 0, NULL, "windows that no model looked at"},
    {"agreement", SRV_VALUE_NUMBER, OR_NULL, NULL, "heardAgreed of heard, 0 to 1"},
    {"agreementAll", SRV_VALUE_NUMBER, OR_NULL, NULL,
     "agreed of all that can be compared, silence included, 0 to 1"},
    {"latencyRatio", SRV_VALUE_NUMBER, OR_NULL, NULL,
     "the candidate's mean time to that of the model in service"},
    {"active", SRV_VALUE_OBJECT, 0, &side_shape, "the model in service"},
    {"candidate", SRV_VALUE_OBJECT, 0, &side_shape, "the candidate"},
    {"labels", SRV_VALUE_OBJECT, LIST, &label_shape, "of both"},
    {"disagreements", SRV_VALUE_OBJECT, LIST, &disagreement_shape,
     "what was heard differently, most often first"},
    {"otherDisagreements", INTEGER, 0, NULL, "windows in pairs of labels beyond these"},
    {"updatedAt", SRV_VALUE_TIME, 0, NULL, "when a device last spoke of it"},
    {0}};
static const struct srv_shape pair_shape = {"ShadowPair", pair_members, false};

static const struct srv_property shadow_members[] = {
    {"devices", INTEGER, 0, NULL, "that have compared, each pair of models for itself"},
    {"devicesMerged", INTEGER, 0, NULL, "of these, in the sums: the newest 5000 at most"},
    {"timesBelowUs", INTEGER, LIST, NULL, "upper ends of the steps of `times` in microseconds"},
    {"pairs", SRV_VALUE_OBJECT, LIST, &pair_shape, "the one that was spoken of last comes first"},
    {0}};
const struct srv_shape srv_shape_shadow = {"Shadow", shadow_members, false};

/* --- answers -------------------------------------------------------------------- */

static void set_number(json_t *object, const char *name, uint64_t value) {
  json_object_set_new(object, name, json_integer((json_int_t)value));
}

/* null where there is nothing to divide by. */
static void set_ratio(json_t *object, const char *name, uint64_t part, uint64_t whole) {
  json_object_set_new(object, name,
                      whole == 0 ? json_null() : json_real((double)part / (double)whole));
}

static json_t *encode_numbers(const uint32_t *number, size_t count) {
  json_t *list = json_array();
  for (size_t i = 0; i < count; i++) json_array_append_new(list, json_integer(number[i]));
  return list;
}

static json_t *encode_side(const struct gw_shadow_summary *summary, unsigned which) {
  const struct gw_shadow_side *side = &summary->side[which];
  json_t *object = json_object();
  bool any = summary->compared > 0;
  json_t *mean =
      any ? json_integer((json_int_t)(side->time_us_sum / summary->compared)) : json_null();
  json_object_set_new(object, "meanUs", mean);
  json_object_set_new(object, "maxUs", any ? json_integer(side->time_us_max) : json_null());
  json_object_set_new(object, "times", encode_numbers(side->time_bucket, GW_SHADOW_TIME_BUCKETS));
  set_ratio(object, "meanConfidence", side->confidence_sum, (uint64_t)summary->heard * 1000);
  json_object_set_new(object, "confidences",
                      encode_numbers(side->confidence_bucket, GW_SHADOW_CONFIDENCE_BUCKETS));
  return object;
}

static json_t *encode_labels(const struct gw_shadow_labels *labels) {
  json_t *list = json_array();
  for (unsigned i = 0; i < labels->count; i++) {
    unsigned flags = labels->label[i].flags;
    json_array_append_new(list, json_pack("{s:s, s:b, s:b, s:b}", "name", labels->label[i].name,
                                          "active", (flags & GW_SHADOW_IN_ACTIVE) != 0, "candidate",
                                          (flags & GW_SHADOW_IN_CANDIDATE) != 0, "quiet",
                                          (flags & GW_SHADOW_QUIET) != 0));
  }
  return list;
}

static json_t *encode_disagreements(const struct gw_shadow_report *sums) {
  struct gw_shadow_summary rest = sums->summary;
  json_t *list = json_array();
  for (unsigned n = 0; n < rest.pair_count; n++) {
    struct gw_shadow_pair *most = &rest.pair[0];
    for (unsigned i = 1; i < rest.pair_count; i++) {
      if (rest.pair[i].count > most->count) most = &rest.pair[i];
    }
    json_array_append_new(
        list,
        json_pack("{s:s, s:s, s:I}", "active", sums->labels.label[most->active].name, "candidate",
                  sums->labels.label[most->candidate].name, "count", (json_int_t)most->count));
    most->count = 0;
  }
  return list;
}

static json_t *encode_verdicts(const struct srv_shadow_pair *pair) {
  json_t *object = json_object();
  set_number(object, "more", pair->verdicts[GW_SHADOW_MORE]);
  set_number(object, "pass", pair->verdicts[GW_SHADOW_PASS]);
  set_number(object, "fail", pair->verdicts[GW_SHADOW_FAIL]);
  return object;
}

static json_t *encode_failures(const struct srv_shadow_pair *pair) {
  json_t *object = json_object();
  for (unsigned reason = 0; reason <= GW_SHADOW_APPLICATION; reason++) {
    if (pair->failures[reason] == 0) continue;
    set_number(object, gw_shadow_reason_name((uint8_t)reason), pair->failures[reason]);
  }
  return object;
}

static void set_counts(json_t *object, const struct gw_shadow_summary *summary) {
  set_number(object, "compared", summary->compared);
  set_number(object, "agreed", summary->agreed);
  set_number(object, "heard", summary->heard);
  set_number(object, "heardAgreed", summary->heard_agreed);
  set_number(object, "onlyCandidateKnows", summary->only_candidate_knows);
  set_number(object, "onlyActiveKnows", summary->only_active_knows);
  set_number(object, "skipped", summary->skipped);
  set_number(object, "missed", summary->missed);
  set_ratio(object, "agreement", summary->heard_agreed, summary->heard);
  set_ratio(object, "agreementAll", summary->agreed,
            summary->compared - summary->only_active_knows - summary->only_candidate_knows);
  set_ratio(object, "latencyRatio", summary->side[GW_SHADOW_CANDIDATE].time_us_sum,
            summary->side[GW_SHADOW_ACTIVE].time_us_sum);
}

static json_t *encode_pair(const struct srv_shadow_pair *pair) {
  const struct gw_shadow_report *sums = &pair->sums;
  json_t *object = json_object();
  json_object_set_new(object, "package", json_string(sums->package));
  json_object_set_new(object, "activeVersion", json_string(sums->active));
  json_object_set_new(object, "candidateVersion", json_string(sums->candidate));
  set_number(object, "devices", pair->devices);
  json_object_set_new(object, "verdicts", encode_verdicts(pair));
  json_object_set_new(object, "failures", encode_failures(pair));
  set_number(object, "elapsedSeconds", sums->elapsed_s);
  set_counts(object, &sums->summary);
  json_object_set_new(object, "active", encode_side(&sums->summary, GW_SHADOW_ACTIVE));
  json_object_set_new(object, "candidate", encode_side(&sums->summary, GW_SHADOW_CANDIDATE));
  json_object_set_new(object, "labels", encode_labels(&sums->labels));
  json_object_set_new(object, "disagreements", encode_disagreements(sums));
  set_number(object, "otherDisagreements", gw_shadow_other_pairs(&sums->summary));
  json_object_set_new(object, "updatedAt", srv_encode_time(pair->time_us));
  return object;
}

static json_t *new_answer(void) {
  json_t *bounds = json_array();
  for (unsigned i = 0; i + 1 < GW_SHADOW_TIME_BUCKETS; i++) {
    json_array_append_new(bounds, json_integer((json_int_t)GW_SHADOW_TIME_FIRST_US << i));
  }
  return json_pack("{s:i, s:i, s:o, s:[]}", "devices", 0, "devicesMerged", 0, "timesBelowUs",
                   bounds, "pairs");
}

static void add_to(json_t *object, const char *name, uint64_t more) {
  json_int_t before = json_integer_value(json_object_get(object, name));
  set_number(object, name, (uint64_t)before + more);
}

static void add_pairs(json_t *answer, const struct srv_shadow_pairs *pairs) {
  add_to(answer, "devices", pairs->device_rows);
  add_to(answer, "devicesMerged", pairs->merged_rows);
  for (size_t i = 0; i < pairs->count; i++) {
    json_array_append_new(json_object_get(answer, "pairs"), encode_pair(&pairs->pair[i]));
  }
}

/* --- routes ---------------------------------------------------------------------- */

static int add_artifact(struct srv_request *request, const char *artifact_id, json_t *answer) {
  struct srv_artifact artifact;
  struct srv_shadow_pairs pairs;
  int status =
      srv_core_find(request->core, SRV_ARTIFACT, request->project.id, artifact_id, &artifact);
  if (status == SRV_ERR_NOT_FOUND) return SRV_OK; /* deleted, and the release cannot go anywhere */
  if (status == SRV_OK) {
    status = srv_core_shadow_of_candidate(request->core, request->project.id, artifact.package,
                                          artifact.version, &pairs);
  }
  if (status != SRV_OK) return srv_request_fail_core(request, status);
  add_pairs(answer, &pairs);
  return SRV_OK;
}

int srv_get_release_shadow(struct srv_request *request) {
  struct srv_release release;
  int status = srv_find_of_path(request, SRV_RELEASE, "release", &release);
  if (status != SRV_OK) return status;
  json_t *answer = new_answer();
  for (size_t i = 0; i < release.artifact_count && status == SRV_OK; i++) {
    status = add_artifact(request, release.artifact_id[i], answer);
  }
  if (status == SRV_OK) return srv_answer_data(request, answer);
  json_decref(answer);
  return status;
}

int srv_get_device_shadow(struct srv_request *request) {
  struct srv_device device;
  struct srv_shadow_pairs pairs;
  int status = srv_find_of_path(request, SRV_DEVICE, "device", &device);
  if (status != SRV_OK) return status;
  status = srv_core_shadow_of_device(request->core, device.id, &pairs);
  if (status != SRV_OK) return srv_request_fail_core(request, status);
  json_t *answer = new_answer();
  add_pairs(answer, &pairs);
  return srv_answer_data(request, answer);
}
