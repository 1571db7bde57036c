/* SPDX-License-Identifier: Apache-2.0 */
#include "server/rest/tls.h"

#include <errno.h>
#include <fcntl.h>
#include <gnutls/abstract.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "server/core/log.h"

#define FILE_SIZE_MAX ((size_t)256 * 1024) /* a chain of a few certificates, or a key */
#define CHAIN_MAX 16
#define WATCH_EVERY_US ((int64_t)24 * 60 * 60 * 1000000)

const char srv_tls_priorities[] = "NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2:%SERVER_PRECEDENCE";

/* What one reading of the files gave. */
struct credential {
  struct credential *newer;
  unsigned holders; /* connections that came while it was the newest */
  gnutls_pcert_st chain[CHAIN_MAX];
  unsigned chain_count;
  gnutls_privkey_t key;
  struct srv_tls_facts facts;
};

struct srv_tls {
  char *certificate_path, *key_path;
  int64_t watched_us;                 /* 0: not yet */
  struct credential *oldest, *newest; /* a list; a connection takes its own or a newer one */
};

static struct srv_tls *in_use; /* one thread */

/* --- reading ------------------------------------------------------------------------ */

static int fail(char *error, const char *option, const char *path, const char *what) {
  snprintf(error, SRV_ERROR_MAX, "%s %s: %s", option, path, what);
  return SRV_ERR_INVALID;
}

static int fail_tls(char *error, const char *option, const char *path, const char *what, int code) {
  snprintf(error, SRV_ERROR_MAX, "%s %s: %s: %s", option, path, what, gnutls_strerror(code));
  return SRV_ERR_INVALID;
}

/* The whole file; data->data is malloc'd. */
static int read_file(const char *option, const char *path, gnutls_datum_t *data, char *error) {
  struct stat facts;
  /* A pipe without a writer would be waited for, and every device with us. */
  int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) return fail(error, option, path, strerror(errno));
  int status = SRV_OK;
  if (fstat(fd, &facts) != 0 || !S_ISREG(facts.st_mode)) {
    status = fail(error, option, path, "is no file");
  } else if (facts.st_size > (off_t)FILE_SIZE_MAX) {
    status = fail(error, option, path, "is too large to be a PEM file");
  } else {
    data->data = malloc(FILE_SIZE_MAX + 1);
    ssize_t length = data->data == NULL ? -1 : read(fd, data->data, FILE_SIZE_MAX);
    if (length < 0) {
      status = fail(error, option, path, data->data == NULL ? "out of memory" : strerror(errno));
      free(data->data);
    } else {
      data->size = (unsigned)length;
      data->data[length] = 0;
    }
  }
  close(fd);
  return status;
}

static void wipe(gnutls_datum_t *data) {
  explicit_bzero(data->data, data->size);
  free(data->data);
}

static int64_t to_us(time_t time_s) { return (int64_t)time_s * 1000000; }

static void note_facts(struct srv_tls_facts *facts, const gnutls_x509_crt_t *chain,
                       unsigned count) {
  size_t size = sizeof(facts->subject);
  if (gnutls_x509_crt_get_dn(chain[0], facts->subject, &size) != 0) facts->subject[0] = 0;
  facts->not_before_us = to_us(gnutls_x509_crt_get_activation_time(chain[0]));
  facts->not_after_us = to_us(gnutls_x509_crt_get_expiration_time(chain[0]));
  for (unsigned i = 1; i < count; i++) {
    int64_t end_us = to_us(gnutls_x509_crt_get_expiration_time(chain[i]));
    if (end_us < facts->not_after_us) facts->not_after_us = end_us;
  }
}

static int load_chain(struct credential *credential, const char *path, char *error) {
  gnutls_datum_t data;
  gnutls_x509_crt_t *chain;
  unsigned count;
  int status = read_file("--tls-cert", path, &data, error);
  if (status != SRV_OK) return status;
  int code = gnutls_x509_crt_list_import2(&chain, &count, &data, GNUTLS_X509_FMT_PEM,
                                          GNUTLS_X509_CRT_LIST_SORT);
  wipe(&data);
  if (code < 0) return fail_tls(error, "--tls-cert", path, "holds no PEM certificate chain", code);
  if (count > CHAIN_MAX) {
    status = fail(error, "--tls-cert", path, "holds more than 16 certificates");
  } else {
    note_facts(&credential->facts, chain, count);
    unsigned taken = count;
    code = gnutls_pcert_import_x509_list(credential->chain, chain, &taken, 0);
    if (code == 0) credential->chain_count = taken;
    if (code != 0) status = fail_tls(error, "--tls-cert", path, "cannot be used", code);
  }
  for (unsigned i = 0; i < count; i++) gnutls_x509_crt_deinit(chain[i]);
  gnutls_free(chain);
  return status;
}

static int load_key(struct credential *credential, const char *path, char *error) {
  gnutls_datum_t data;
  int status = read_file("--tls-key", path, &data, error);
  if (status != SRV_OK) return status;
  bool encrypted = strstr((char *)data.data, "ENCRYPTED") != NULL;
  int code = gnutls_privkey_init(&credential->key);
  if (code == 0) {
    code = gnutls_privkey_import_x509_raw(credential->key, &data, GNUTLS_X509_FMT_PEM, NULL, 0);
  }
  wipe(&data);
  if (code == 0) return SRV_OK;
  if (encrypted) {
    return fail(error, "--tls-key", path, "has a passphrase: give a key without one, mode 0600");
  }
  return fail_tls(error, "--tls-key", path, "holds no PEM private key", code);
}

static bool same_key(gnutls_pubkey_t a, gnutls_pubkey_t b) {
  unsigned char id[2][64];
  size_t size[2] = {sizeof(id[0]), sizeof(id[1])};
  return gnutls_pubkey_get_key_id(a, GNUTLS_KEYID_USE_SHA256, id[0], &size[0]) == 0 &&
         gnutls_pubkey_get_key_id(b, GNUTLS_KEYID_USE_SHA256, id[1], &size[1]) == 0 &&
         size[0] == size[1] && memcmp(id[0], id[1], size[0]) == 0;
}

static int check_match(const struct srv_tls *tls, const struct credential *credential,
                       char *error) {
  gnutls_pubkey_t of_key;
  bool fits = false;
  if (gnutls_pubkey_init(&of_key) == 0) {
    fits = gnutls_pubkey_import_privkey(of_key, credential->key, 0, 0) == 0 &&
           same_key(of_key, credential->chain[0].pubkey);
    gnutls_pubkey_deinit(of_key);
  }
  if (fits) return SRV_OK;
  snprintf(error, SRV_ERROR_MAX,
           "--tls-key %s is not the key of the first certificate in --tls-cert %s: give the pair "
           "that belongs together",
           tls->key_path, tls->certificate_path);
  return SRV_ERR_INVALID;
}

static void free_credential(struct credential *credential) {
  for (unsigned i = 0; i < credential->chain_count; i++) {
    gnutls_pcert_deinit(&credential->chain[i]);
  }
  if (credential->key != NULL) gnutls_privkey_deinit(credential->key);
  free(credential);
}

int srv_tls_reload(struct srv_tls *tls, char error[SRV_ERROR_MAX]) {
  struct credential *credential = calloc(1, sizeof(*credential));
  if (credential == NULL) {
    snprintf(error, SRV_ERROR_MAX, "out of memory");
    return SRV_ERR_INTERNAL;
  }
  int status = load_chain(credential, tls->certificate_path, error);
  if (status == SRV_OK) status = load_key(credential, tls->key_path, error);
  if (status == SRV_OK) status = check_match(tls, credential, error);
  if (status != SRV_OK) {
    free_credential(credential);
    return status;
  }
  if (tls->newest != NULL) tls->newest->newer = credential;
  if (tls->oldest == NULL) tls->oldest = credential;
  tls->newest = credential;
  tls->watched_us = 0;
  srv_tls_let_go(tls, NULL);
  return SRV_OK;
}

/* --- life --------------------------------------------------------------------------- */

int srv_tls_create(struct srv_tls **out, const char *certificate_path, const char *key_path,
                   char error[SRV_ERROR_MAX]) {
  struct srv_tls *tls = calloc(1, sizeof(*tls));
  int status = SRV_ERR_INTERNAL;
  snprintf(error, SRV_ERROR_MAX, "out of memory");
  if (tls != NULL && in_use == NULL) {
    tls->certificate_path = strdup(certificate_path);
    tls->key_path = strdup(key_path);
    if (tls->certificate_path != NULL && tls->key_path != NULL) status = srv_tls_reload(tls, error);
  } else if (in_use != NULL) {
    snprintf(error, SRV_ERROR_MAX, "there can be one HTTPS server in a process");
  }
  if (status != SRV_OK) {
    srv_tls_destroy(tls);
    return status;
  }
  *out = in_use = tls;
  return SRV_OK;
}

void srv_tls_destroy(struct srv_tls *tls) {
  if (tls == NULL) return;
  while (tls->oldest != NULL) {
    struct credential *next = tls->oldest->newer;
    free_credential(tls->oldest);
    tls->oldest = next;
  }
  free(tls->certificate_path);
  free(tls->key_path);
  if (in_use == tls) in_use = NULL;
  free(tls);
}

const struct srv_tls_facts *srv_tls_facts(const struct srv_tls *tls) { return &tls->newest->facts; }

void srv_tls_watch(struct srv_tls *tls, int64_t now_us) {
  const struct srv_tls_facts *facts = &tls->newest->facts;
  if (tls->watched_us != 0 && now_us - tls->watched_us < WATCH_EVERY_US) return;
  int64_t days = srv_tls_days_left(facts, now_us);
  tls->watched_us = now_us;
  if (days < 0) {
    srv_log(SRV_LOG_ERROR, "rest",
            "the TLS certificate of %s has expired: browsers and tools refuse it; put a new one in "
            "place and send SIGHUP",
            facts->subject);
  } else if (days < SRV_TLS_WARN_DAYS) {
    srv_log(SRV_LOG_WARNING, "rest",
            "the TLS certificate of %s ends in %lld days: put a new one in place and send SIGHUP",
            facts->subject, (long long)days);
  } else if (facts->not_before_us > now_us) {
    srv_log(SRV_LOG_WARNING, "rest",
            "the TLS certificate of %s does not hold yet: is this machine's clock right?",
            facts->subject);
  }
}

/* --- connections ---------------------------------------------------------------------- */

void *srv_tls_hold(struct srv_tls *tls) {
  tls->newest->holders++;
  return tls->newest;
}

/* The oldest are freed when nobody is left who might have taken them: holders of
 * an older one may have taken any newer. */
void srv_tls_let_go(struct srv_tls *tls, void *held) {
  if (held != NULL) ((struct credential *)held)->holders--;
  while (tls->oldest != tls->newest && tls->oldest->holders == 0) {
    struct credential *next = tls->oldest->newer;
    free_credential(tls->oldest);
    tls->oldest = next;
  }
}

static int give_newest(gnutls_session_t session, const gnutls_datum_t *authorities,
                       int authority_count, const gnutls_pk_algorithm_t *algorithms,
                       int algorithm_count, gnutls_pcert_st **chain, unsigned *chain_count,
                       gnutls_privkey_t *key) {
  (void)session;
  (void)authorities;
  (void)authority_count;
  (void)algorithms;
  (void)algorithm_count;
  if (in_use == NULL) return -1;
  *chain = in_use->newest->chain;
  *chain_count = in_use->newest->chain_count;
  *key = in_use->newest->key;
  return 0;
}

void *srv_tls_callback(void) {
  union {
    gnutls_certificate_retrieve_function2 *function;
    void *pointer;
  } callback = {.function = give_newest};
  return callback.pointer;
}
