/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/dataset_manifest.h"

#include <jansson.h>
#include <string.h>

#include "cli/dataset_tar.h"

static const char *const split_name[] = {"all", "training", "validation", "testing"};

bool cli_split_parse(enum cli_split *split, const char *text) {
  for (size_t i = 0; i < sizeof split_name / sizeof split_name[0]; i++) {
    if (strcmp(text, split_name[i]) == 0) {
      *split = (enum cli_split)i;
      return true;
    }
  }
  return false;
}

const char *cli_split_name(enum cli_split split) { return split_name[split]; }

/* False where it is too long; absent and other things than text are "". */
static bool take(const json_t *object, const char *key, char out[CLI_MANIFEST_TEXT_MAX + 1]) {
  const char *text = json_string_value(json_object_get(object, key));
  size_t length = text != NULL ? strlen(text) : 0;
  if (length > CLI_MANIFEST_TEXT_MAX) return false;
  if (length > 0) memcpy(out, text, length);
  out[length] = 0;
  return true;
}

static const char *take_all(struct cli_manifest_line *out, const json_t *object) {
  char split[CLI_MANIFEST_TEXT_MAX + 1];
  if (!take(object, "file", out->file) || !take(object, "label", out->label) ||
      !take(object, "deviceId", out->device) || !take(object, "device", out->device_name) ||
      !take(object, "split", split)) {
    return "its line of the manifest has a text of over 255 bytes: shorten it";
  }
  if (out->device[0] == 0) memcpy(out->device, out->device_name, sizeof out->device);
  if (out->device_name[0] == 0) memcpy(out->device_name, out->device, sizeof out->device);
  if (out->file[0] == 0) return "its line of the manifest names no file";
  if (!cli_path_is_plain(out->file)) {
    return "the manifest names a path that leads elsewhere: correct the manifest";
  }
  if (out->label[0] == 0) return "it has no label: give it one (`godwit capture label`)";
  if (split[0] != 0 && !cli_split_parse(&out->split, split)) {
    return "its split is none of training, validation and testing: correct the manifest";
  }
  return NULL;
}

const char *cli_manifest_parse(struct cli_manifest_line *out, const char *line, size_t length) {
  memset(out, 0, sizeof *out);
  if (length > CLI_MANIFEST_LINE_MAX) {
    return "its line of the manifest has over 65536 bytes: shorten it";
  }
  json_t *object = json_loadb(line, length, 0, NULL);
  const char *problem = json_is_object(object)
                            ? take_all(out, object)
                            : "a line of the manifest is no JSON object: export again";
  json_decref(object);
  return problem;
}
