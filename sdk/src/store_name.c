/* SPDX-License-Identifier: Apache-2.0 */
/* What may become part of a file name: on every file system, in every shell,
 * and so that "package_version" can be taken apart again at its last '_'. */
#include "godwit/store.h"

static bool is_name_byte(char c) {
  return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '.' ||
         c == '+' || c == '-';
}

static bool is_safe(const char *text, size_t length_max, char also) {
  size_t length = 0;
  for (; text[length] != '\0'; length++) {
    if (length == length_max || !(is_name_byte(text[length]) || text[length] == also)) return false;
  }
  return length > 0 && text[0] != '.';
}

bool godwit_store_package_is_safe(const char *package) {
  return is_safe(package, GW_PACKAGE_MAX, '_');
}

bool godwit_store_version_is_safe(const char *version) {
  return is_safe(version, GW_VERSION_MAX, '.');
}
