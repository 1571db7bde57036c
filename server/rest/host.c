/* SPDX-License-Identifier: Apache-2.0 */
#include "server/rest/host.h"

#include <arpa/inet.h>
#include <string.h>

static bool is_port(const char *text) {
  size_t length = strspn(text, "0123456789");
  return length > 0 && length <= 5 && text[length] == 0;
}

static bool is_name(const char *text, size_t length) {
  static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._";
  return length > 0 && length <= SRV_HOST_MAX && strspn(text, plain) >= length;
}

bool srv_host_of(const char *text, char out[SRV_HOST_MAX + 1]) {
  size_t length = strcspn(text, ":");
  const char *rest = text + length;
  if (text[0] == '[') {
    length = strcspn(++text, "]");
    rest = text + length;
    if (*rest++ != ']' || length == 0 || length > SRV_HOST_MAX ||
        strspn(text, "0123456789abcdefABCDEF:.") < length) {
      return false;
    }
  } else if (!is_name(text, length)) {
    return false;
  }
  if (*rest != 0 && (*rest != ':' || !is_port(rest + 1))) return false;
  for (size_t i = 0; i < length; i++) {
    out[i] = (char)(text[i] >= 'A' && text[i] <= 'Z' ? text[i] - 'A' + 'a' : text[i]);
  }
  if (length > 1 && out[length - 1] == '.') length--;
  out[length] = 0;
  return true;
}

bool srv_host_of_url(const char *url, char out[SRV_HOST_MAX + 1]) {
  char authority[SRV_HOST_MAX + 16];
  const char *start = strstr(url, "://");
  if (start == NULL) return false;
  start += 3;
  size_t length = strcspn(start, "/?#");
  if (length >= sizeof(authority)) return false;
  memcpy(authority, start, length);
  authority[length] = 0;
  return srv_host_of(authority, out);
}

bool srv_host_is_loopback(const char *host) {
  struct in_addr v4;
  struct in6_addr v6;
  size_t length = strlen(host), suffix = strlen(".localhost");
  if (strcmp(host, "localhost") == 0) return true;
  if (length > suffix && strcmp(host + length - suffix, ".localhost") == 0) return true;
  if (inet_pton(AF_INET, host, &v4) == 1) return ntohl(v4.s_addr) >> 24 == 127;
  return inet_pton(AF_INET6, host, &v6) == 1 && IN6_IS_ADDR_LOOPBACK(&v6);
}

bool srv_host_names_add(struct srv_host_names *names, const char *text) {
  if (names->count == SRV_HOST_NAMES_MAX + 1) return false;
  char *name = names->name[names->count];
  bool right = strstr(text, "://") == NULL ? srv_host_of(text, name) : srv_host_of_url(text, name);
  names->count += right ? 1 : 0;
  return right;
}

bool srv_host_names_know(const struct srv_host_names *names, const char *header) {
  char host[SRV_HOST_MAX + 1];
  if (!srv_host_of(header, host)) return false;
  for (unsigned i = 0; i < names->count; i++) {
    if (strcmp(names->name[i], host) == 0) return true;
  }
  return srv_host_is_loopback(host);
}
