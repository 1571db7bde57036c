/* SPDX-License-Identifier: Apache-2.0 */
#include "server/app/identity.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "server/core/status.h"
#include "server/core/x509.h"

#define FILE_MAX 65536

static int fail(char error[SRV_ERROR_MAX], const char *what, const char *path) {
  snprintf(error, SRV_ERROR_MAX, "cannot %s %.180s: %s", what, path, strerror(errno));
  return SRV_ERR_IO;
}

/* Text in malloc'd memory; NULL with errno set. */
static char *read_text(const char *path) {
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return NULL;
  char *text = calloc(1, FILE_MAX + 1);
  size_t size = 0;
  ssize_t count = -1;
  while (text != NULL && size < FILE_MAX && (count = read(fd, text + size, FILE_MAX - size)) > 0)
    size += (size_t)count;
  int reason = text == NULL ? ENOMEM : count < 0 ? errno : 0;
  close(fd);
  if (reason == 0) return text;
  free(text);
  errno = reason;
  return NULL;
}

/* Whole or not at all. */
static int write_text(const char *path, const char *text) {
  char temporary[4096 + 8];
  snprintf(temporary, sizeof(temporary), "%s.new", path);
  int fd = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (fd < 0) return -1;
  size_t size = strlen(text);
  bool well = write(fd, text, size) == (ssize_t)size && fsync(fd) == 0;
  well = close(fd) == 0 && well;
  return well && rename(temporary, path) == 0 ? 0 : -1;
}

/* The key first: a certificate without its key would keep the next start from
 * making both. */
static int make(const char *certificate_path, const char *key_path, char error[SRV_ERROR_MAX]) {
  char certificate[SRV_X509_PEM_MAX], key[SRV_X509_PEM_MAX];
  int status = srv_x509_make_identity(certificate, key);
  if (status != SRV_OK) snprintf(error, SRV_ERROR_MAX, "cannot make a certificate for DTLS");
  if (status == SRV_OK && write_text(key_path, key) != 0) status = fail(error, "write", key_path);
  if (status == SRV_OK && write_text(certificate_path, certificate) != 0) {
    status = fail(error, "write", certificate_path);
  }
  explicit_bzero(key, sizeof(key));
  return status;
}

static int load(struct srv_identity *out, const char *key_path, char error[SRV_ERROR_MAX]) {
  out->certificate = read_text(out->path);
  if (out->certificate == NULL) return fail(error, "read", out->path);
  out->key = read_text(key_path);
  return out->key == NULL ? fail(error, "read", key_path) : SRV_OK;
}

int srv_identity_load(struct srv_identity *out, const char *data_folder, const char *certificate,
                      const char *key, char error[SRV_ERROR_MAX]) {
  char own_key[4096];
  memset(out, 0, sizeof(*out));
  if (certificate != NULL) {
    snprintf(out->path, sizeof(out->path), "%s", certificate);
    return load(out, key, error);
  }
  snprintf(out->path, sizeof(out->path), "%s/dtls-cert.pem", data_folder);
  snprintf(own_key, sizeof(own_key), "%s/dtls-key.pem", data_folder);
  if (access(out->path, F_OK) != 0) {
    int status = make(out->path, own_key, error);
    if (status != SRV_OK) return status;
    out->made = true;
  }
  return load(out, own_key, error);
}

void srv_identity_free(struct srv_identity *identity) {
  if (identity->key != NULL) explicit_bzero(identity->key, strlen(identity->key));
  free(identity->key);
  free(identity->certificate);
  identity->key = identity->certificate = NULL;
}
