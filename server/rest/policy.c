/* SPDX-License-Identifier: Apache-2.0 */
/* What a release asks of its devices, as JSON: {spreadSeconds, shadow: {windows,
 * seconds, agreement, latency}, confirmSeconds}; null: as the server or the
 * device has it. */
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "server/rest/fleet.h"

/* --- reading ------------------------------------------------------------------------ */

__attribute__((format(printf, 3, 4))) static int refuse(struct srv_request *request,
                                                        const char *name, const char *format, ...) {
  char field[64], what[128];
  va_list arguments;
  snprintf(field, sizeof(field), "policy.%s", name);
  va_start(arguments, format);
  vsnprintf(what, sizeof(what), format, arguments);
  va_end(arguments);
  return srv_request_fail_field(request, field, what);
}

/* A whole number from least to most; absent or null: *out stays. given may be NULL. */
static int read_whole(struct srv_request *request, const json_t *object, const char *name,
                      const char *shown, uint32_t least, uint32_t most, uint32_t *out,
                      bool *given) {
  const json_t *value = json_object_get(object, name);
  if (value == NULL || json_is_null(value)) return SRV_OK;
  json_int_t number = json_integer_value(value);
  if (!json_is_integer(value) || number < least || number > most) {
    return refuse(request, shown, "must be a whole number from %u to %u, or null", (unsigned)least,
                  (unsigned)most);
  }
  *out = (uint32_t)number;
  if (given != NULL) *given = true;
  return SRV_OK;
}

/* A share or a ratio, kept in parts of one. */
static int read_ratio(struct srv_request *request, const json_t *object, const char *name,
                      const char *shown, double most, double parts, uint32_t *out) {
  const json_t *value = json_object_get(object, name);
  if (value == NULL || json_is_null(value)) return SRV_OK;
  double number = json_number_value(value);
  if (!json_is_number(value) || !(number > 0) || number > most) {
    return refuse(request, shown, "must be a number above 0 and up to %g, or null", most);
  }
  *out = (uint32_t)lround(number * parts);
  if (*out == 0) *out = 1;
  return SRV_OK;
}

/* A mistyped name would quietly leave the fleet without what was asked for. */
static int check_names(struct srv_request *request, const json_t *object, const char *before,
                       const char *const *names) {
  const char *name;
  json_t *value;
  char shown[64];
  json_object_foreach((json_t *)(uintptr_t)object, name, value) {
    size_t i = 0;
    while (names[i] != NULL && strcmp(names[i], name) != 0) i++;
    if (names[i] != NULL) continue;
    snprintf(shown, sizeof(shown), "%s%.32s", before, name);
    return refuse(request, shown, "there is no such member");
  }
  return SRV_OK;
}

static int read_shadow(struct srv_request *request, const json_t *shadow, struct srv_policy *out) {
  static const char *const names[] = {"windows", "seconds", "agreement", "latency", NULL};
  if (shadow == NULL || json_is_null(shadow)) return SRV_OK;
  if (!json_is_object(shadow)) return refuse(request, "shadow", "must be an object or null");
  int status = check_names(request, shadow, "shadow.", names);
  if (status == SRV_OK) {
    status = read_whole(request, shadow, "windows", "shadow.windows", 1, SRV_SHADOW_WINDOWS_MAX,
                        &out->shadow_windows, NULL);
  }
  if (status == SRV_OK) {
    status = read_whole(request, shadow, "seconds", "shadow.seconds", 1, SRV_POLICY_SECONDS_MAX,
                        &out->shadow_s, NULL);
  }
  if (status == SRV_OK) {
    status = read_ratio(request, shadow, "agreement", "shadow.agreement", 1, 1000,
                        &out->agreement_permille);
  }
  if (status == SRV_OK) {
    status =
        read_ratio(request, shadow, "latency", "shadow.latency", 1000, 100, &out->latency_percent);
  }
  if (status == SRV_OK && out->shadow_windows == 0 && out->shadow_s == 0) {
    return refuse(request, "shadow", "needs windows or seconds: when does it end?");
  }
  return status;
}

int srv_read_policy(struct srv_request *request, struct srv_policy *out) {
  static const char *const names[] = {"spreadSeconds", "shadow", "confirmSeconds", NULL};
  const json_t *policy = json_object_get(request->body, "policy");
  struct srv_policy read = {.spread_fixed = false};
  if (policy == NULL) return SRV_OK;
  int status = json_is_null(policy) ? SRV_OK : check_names(request, policy, "", names);
  if (status == SRV_OK) {
    status = read_whole(request, policy, "spreadSeconds", "spreadSeconds", 0,
                        SRV_POLICY_SECONDS_MAX, &read.spread_s, &read.spread_fixed);
  }
  if (status == SRV_OK) {
    status = read_whole(request, policy, "confirmSeconds", "confirmSeconds", 1,
                        SRV_POLICY_SECONDS_MAX, &read.confirm_s, NULL);
  }
  if (status == SRV_OK) status = read_shadow(request, json_object_get(policy, "shadow"), &read);
  if (status == SRV_OK) *out = read;
  return status;
}

/* --- showing ------------------------------------------------------------------------- */

static json_t *or_null(bool given, uint32_t number) {
  return given ? json_integer(number) : json_null();
}

static json_t *ratio(uint32_t number, double parts) {
  return number == 0 ? json_null() : json_real(number / parts);
}

json_t *srv_encode_policy(const struct srv_policy *policy) {
  bool shadows = policy->shadow_windows > 0 || policy->shadow_s > 0;
  json_t *shadow = shadows ? json_pack("{s:o, s:o, s:o, s:o}", "windows",
                                       or_null(policy->shadow_windows > 0, policy->shadow_windows),
                                       "seconds", or_null(policy->shadow_s > 0, policy->shadow_s),
                                       "agreement", ratio(policy->agreement_permille, 1000),
                                       "latency", ratio(policy->latency_percent, 100))
                           : json_null();
  return json_pack("{s:o, s:o, s:o}", "spreadSeconds",
                   or_null(policy->spread_fixed, policy->spread_s), "shadow", shadow,
                   "confirmSeconds", or_null(policy->confirm_s > 0, policy->confirm_s));
}

static const struct srv_property shadow_members[] = {
    {"windows", SRV_VALUE_INTEGER, SRV_PROPERTY_NULL, NULL, "inferences; null: not by these"},
    {"seconds", SRV_VALUE_INTEGER, SRV_PROPERTY_NULL, NULL, "or so long; null: not by time"},
    {"agreement", SRV_VALUE_NUMBER, SRV_PROPERTY_NULL, NULL,
     "the same answer at least so often, 0 to 1; null: not asked for"},
    {"latency", SRV_VALUE_NUMBER, SRV_PROPERTY_NULL, NULL,
     "mean time, at most so many times the active model's; null: not asked for"},
    {0}};
static const struct srv_shape shadow_shape = {"ShadowPolicy", shadow_members, false};
static const struct srv_property policy_members[] = {
    {"spreadSeconds", SRV_VALUE_INTEGER, SRV_PROPERTY_NULL, NULL,
     "each device begins at a random moment within so long; null: by the devices in reach"},
    {"shadow", SRV_VALUE_OBJECT, SRV_PROPERTY_NULL, &shadow_shape,
     "runs beside the active model first; null: as the device is built to"},
    {"confirmSeconds", SRV_VALUE_INTEGER, SRV_PROPERTY_NULL, NULL,
     "in service before it is confirmed; null: as the device is built to"},
    {0}};
const struct srv_shape srv_shape_policy = {"ReleasePolicy", policy_members, false};
