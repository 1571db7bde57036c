/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/key_store.h"

#include <errno.h>
#include <fcntl.h>
#include <gnutls/abstract.h>
#include <gnutls/crypto.h>
#include <gnutls/pkcs11.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/session.h"

#define FILE_MAX 65536u
#define MEMBER_SIZE 32u /* of a coordinate, r or s */
#define SECRET_MAX 1026u

/* Parts ------------------------------------------------------------------------- */

void cli_sha256(const void *data, size_t size, uint8_t digest[32]) {
  gnutls_hash_fast(GNUTLS_DIG_SHA256, data, size, digest);
}

void cli_key_hex(const uint8_t *bytes, size_t size, char *hex) {
  static const char digit[] = "0123456789abcdef";
  for (size_t i = 0; i < size; i++) {
    hex[2 * i] = digit[bytes[i] >> 4];
    hex[2 * i + 1] = digit[bytes[i] & 15];
  }
  hex[2 * size] = '\0';
}

void cli_key_id_of(const uint8_t point[GW_KEY_SIZE], uint8_t id[GW_KEY_ID_SIZE]) {
  uint8_t digest[32];
  cli_sha256(point, GW_KEY_SIZE, digest);
  memcpy(id, digest, GW_KEY_ID_SIZE);
}

/* A number of any length to 32 bytes; false when it is larger. */
static bool to_member(const gnutls_datum_t *number, uint8_t out[MEMBER_SIZE]) {
  size_t skip = 0;
  while (skip < number->size && number->data[skip] == 0) skip++;
  size_t size = number->size - skip;
  if (size > MEMBER_SIZE) return false;
  memset(out, 0, MEMBER_SIZE - size);
  memcpy(out + MEMBER_SIZE - size, number->data + skip, size);
  return true;
}

static int refuse_kind(struct cli_session *session, const char *name) {
  return cli_fail(session, "%s is no ECDSA key on P-256; make one with `godwit key create`", name);
}

static int take_public(struct cli_session *session, const char *name, gnutls_pubkey_t public_key,
                       struct cli_key *out) {
  gnutls_ecc_curve_t curve;
  gnutls_datum_t x = {0}, y = {0};
  if (gnutls_pubkey_export_ecc_raw2(public_key, &curve, &x, &y, 0) < 0)
    return refuse_kind(session, name);
  bool well = curve == GNUTLS_ECC_CURVE_SECP256R1 && to_member(&x, out->point) &&
              to_member(&y, out->point + MEMBER_SIZE);
  gnutls_free(x.data);
  gnutls_free(y.data);
  if (!well) return refuse_kind(session, name);
  cli_key_id_of(out->point, out->id);
  cli_key_hex(out->id, GW_KEY_ID_SIZE, out->id_hex);
  return CLI_OK;
}

static int take_public_of_private(struct cli_session *session, const char *name,
                                  struct cli_key *out) {
  gnutls_pubkey_t public_key;
  if (gnutls_pubkey_init(&public_key) < 0) return cli_fail(session, "out of memory");
  int status = CLI_OK;
  int result = gnutls_pubkey_import_privkey(public_key, out->private_key, 0, 0);
  if (result < 0)
    status = cli_fail(session, "cannot read the public half of %s: %s; store it in the token too",
                      name, gnutls_strerror(result));
  if (status == CLI_OK) status = take_public(session, name, public_key, out);
  gnutls_pubkey_deinit(public_key);
  return status;
}

/* Passphrases ------------------------------------------------------------------------ */

static int read_secret(struct cli_session *session, const char *variable, const char *prompt,
                       char text[SECRET_MAX]) {
  const char *given = getenv(variable);
  if (given == NULL) return cli_read_secret(session, prompt, text, SECRET_MAX);
  if (strlen(given) >= SECRET_MAX)
    return cli_misuse(session, "%s is longer than %u bytes", variable, SECRET_MAX - 1);
  strcpy(text, given);
  return CLI_OK;
}

static int on_pin(void *context, int attempt, const char *token_url, const char *token_label,
                  unsigned flags, char *pin, size_t pin_max) {
  const struct cli_key *key = context;
  char text[SECRET_MAX];
  (void)token_url;
  (void)token_label;
  (void)flags;
  if (attempt > 0) return -1; /* a token counts wrong ones, and locks */
  int status = read_secret(key->session, "GODWIT_KEY_PIN", "PIN", text);
  bool fits = status == CLI_OK && strlen(text) < pin_max;
  if (fits) strcpy(pin, text);
  explicit_bzero(text, sizeof text);
  return fits ? 0 : -1;
}

/* Opening --------------------------------------------------------------------------- */

static bool is_url(const char *name) { return strncmp(name, "pkcs11:", 7) == 0; }

static int open_token(struct cli_session *session, const char *name, struct cli_key *out) {
  gnutls_privkey_set_pin_function(out->private_key, on_pin, out);
  int result = gnutls_privkey_import_url(out->private_key, name, 0);
  if (result >= 0) return CLI_OK;
  return cli_fail(session,
                  "cannot use the key %s: %s; see that its module is configured "
                  "(p11tool --list-tokens) and the PIN right (GODWIT_KEY_PIN)",
                  name, gnutls_strerror(result));
}

static int import_with_passphrase(struct cli_session *session, const char *name,
                                  const gnutls_datum_t *pem, struct cli_key *out) {
  char passphrase[SECRET_MAX];
  int status = read_secret(session, "GODWIT_KEY_PASSPHRASE", "passphrase", passphrase);
  if (status != CLI_OK) return status;
  int result =
      gnutls_privkey_import_x509_raw(out->private_key, pem, GNUTLS_X509_FMT_PEM, passphrase, 0);
  explicit_bzero(passphrase, sizeof passphrase);
  if (result >= 0) return CLI_OK;
  return cli_fail(session, "cannot open %s: %s; is it another passphrase?", name,
                  gnutls_strerror(result));
}

static int import_pem(struct cli_session *session, const char *name, const gnutls_datum_t *pem,
                      struct cli_key *out) {
  /* The plain form first, which asks nobody. */
  int result = gnutls_privkey_import_x509_raw(out->private_key, pem, GNUTLS_X509_FMT_PEM, NULL,
                                              GNUTLS_PKCS_PLAIN);
  if (result >= 0) return CLI_OK;
  if (memmem(pem->data, pem->size, "ENCRYPTED", 9) != NULL)
    return import_with_passphrase(session, name, pem, out);
  return cli_fail(session, "%s is no private key in PEM (%s); `godwit key create` makes one", name,
                  gnutls_strerror(result));
}

static void warn_of_readers(struct cli_session *session, const char *name) {
  struct stat facts;
  if (stat(name, &facts) == 0 && (facts.st_mode & (S_IRWXG | S_IRWXO)) != 0)
    cli_warn(session, "others on this machine can open %s; chmod 600 it", name);
}

static int open_file(struct cli_session *session, const char *name, struct cli_key *out) {
  void *data;
  size_t size;
  int status = cli_read_file(session, name, FILE_MAX, &data, &size);
  if (status != CLI_OK) return status;
  status = import_pem(session, name, &(gnutls_datum_t){data, (unsigned)size}, out);
  explicit_bzero(data, size);
  free(data);
  if (status == CLI_OK) warn_of_readers(session, name);
  return status;
}

int cli_key_open(struct cli_session *session, const char *name, struct cli_key *out) {
  gnutls_privkey_t private_key;
  memset(out, 0, sizeof *out);
  out->session = session;
  if (gnutls_privkey_init(&private_key) < 0) return cli_fail(session, "out of memory");
  out->private_key = private_key;
  int status = is_url(name) ? open_token(session, name, out) : open_file(session, name, out);
  if (status == CLI_OK) status = take_public_of_private(session, name, out);
  if (status != CLI_OK) cli_key_close(out);
  return status;
}

/* *taken: the file held a public key. */
static int open_public_file(struct cli_session *session, const char *name, struct cli_key *out,
                            bool *taken) {
  void *data;
  size_t size;
  gnutls_pubkey_t public_key;
  int status = cli_read_file(session, name, FILE_MAX, &data, &size);
  if (status != CLI_OK) return status;
  *taken = memmem(data, size, "-----BEGIN PUBLIC KEY-----", 26) != NULL;
  if (*taken) {
    gnutls_pubkey_init(&public_key);
    int result = gnutls_pubkey_import(public_key, &(gnutls_datum_t){data, (unsigned)size},
                                      GNUTLS_X509_FMT_PEM);
    status = result < 0 ? cli_fail(session, "%s is no public key in PEM: %s", name,
                                   gnutls_strerror(result))
                        : take_public(session, name, public_key, out);
    gnutls_pubkey_deinit(public_key);
  }
  explicit_bzero(data, size);
  free(data);
  return status;
}

int cli_key_open_public(struct cli_session *session, const char *name, struct cli_key *out) {
  bool taken = false;
  memset(out, 0, sizeof *out);
  int status = is_url(name) ? CLI_OK : open_public_file(session, name, out, &taken);
  if (status != CLI_OK || taken) return status;
  return cli_key_open(session, name, out);
}

void cli_key_close(struct cli_key *key) {
  if (key->private_key != NULL) gnutls_privkey_deinit(key->private_key); /* wipes it */
  key->private_key = NULL;
}

/* Making ------------------------------------------------------------------------------ */

static int write_new_file(struct cli_session *session, const char *path,
                          const gnutls_datum_t *pem) {
  int file = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (file < 0 && errno == EEXIST)
    return cli_fail(session,
                    "%s is there already, and a key is never overwritten; choose another "
                    "name, or move it away",
                    path);
  if (file < 0) return cli_fail(session, "cannot write %s: %s", path, strerror(errno));
  bool well = write(file, pem->data, pem->size) == (ssize_t)pem->size && fsync(file) == 0;
  int error = errno;
  if (close(file) != 0) well = false;
  if (well) return CLI_OK;
  unlink(path);
  return cli_fail(session, "cannot write %s: %s", path, strerror(error));
}

static int export_key(struct cli_session *session, gnutls_privkey_t key, bool passphrase,
                      gnutls_datum_t *pem) {
  char text[SECRET_MAX] = "";
  gnutls_x509_privkey_t plain;
  int status = CLI_OK;
  if (passphrase) status = read_secret(session, "GODWIT_KEY_PASSPHRASE", "passphrase", text);
  if (status != CLI_OK) return status;
  int result = gnutls_privkey_export_x509(key, &plain);
  if (result >= 0) {
    result = gnutls_x509_privkey_export2_pkcs8(
        plain, GNUTLS_X509_FMT_PEM, passphrase ? text : NULL,
        passphrase ? GNUTLS_PKCS_PBES2_AES_256 : GNUTLS_PKCS_PLAIN, pem);
    gnutls_x509_privkey_deinit(plain);
  }
  explicit_bzero(text, sizeof text);
  return result < 0 ? cli_fail(session, "cannot make the key: %s", gnutls_strerror(result))
                    : CLI_OK;
}

int cli_key_create(struct cli_session *session, const char *path, bool passphrase,
                   struct cli_key *out) {
  gnutls_privkey_t key;
  gnutls_datum_t pem = {0};
  memset(out, 0, sizeof *out);
  out->session = session;
  if (gnutls_privkey_init(&key) < 0) return cli_fail(session, "out of memory");
  out->private_key = key;
  int result = gnutls_privkey_generate(key, GNUTLS_PK_ECDSA,
                                       GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP256R1), 0);
  int status = result < 0 ? cli_fail(session, "cannot make a key: %s", gnutls_strerror(result))
                          : take_public_of_private(session, path, out);
  if (status == CLI_OK) status = export_key(session, key, passphrase, &pem);
  if (status == CLI_OK) status = write_new_file(session, path, &pem);
  if (pem.data != NULL) explicit_bzero(pem.data, pem.size);
  gnutls_free(pem.data);
  if (status != CLI_OK) cli_key_close(out);
  return status;
}

/* Signing ------------------------------------------------------------------------------ */

int cli_key_sign(const struct cli_key *key, const void *data, size_t size,
                 uint8_t signature[GW_SIGNATURE_SIZE]) {
  gnutls_datum_t der = {0}, r = {0}, s = {0};
  const gnutls_datum_t input = {(unsigned char *)(uintptr_t)data, (unsigned)size};
  int result =
      gnutls_privkey_sign_data2(key->private_key, GNUTLS_SIGN_ECDSA_SHA256, 0, &input, &der);
  if (result >= 0) result = gnutls_decode_rs_value(&der, &r, &s);
  bool well = result >= 0 && to_member(&r, signature) && to_member(&s, signature + MEMBER_SIZE);
  gnutls_free(r.data);
  gnutls_free(s.data);
  gnutls_free(der.data);
  if (well) return CLI_OK;
  return cli_fail(key->session, "cannot sign with key %s: %s", key->id_hex,
                  result < 0 ? gnutls_strerror(result) : "its signature is of another size");
}

static gnutls_pubkey_t import_point(const uint8_t point[GW_KEY_SIZE]) {
  gnutls_pubkey_t key;
  const gnutls_datum_t x = {(unsigned char *)(uintptr_t)point, MEMBER_SIZE};
  const gnutls_datum_t y = {(unsigned char *)(uintptr_t)(point + MEMBER_SIZE), MEMBER_SIZE};
  if (gnutls_pubkey_init(&key) < 0) return NULL;
  if (gnutls_pubkey_import_ecc_raw(key, GNUTLS_ECC_CURVE_SECP256R1, &x, &y) >= 0) return key;
  gnutls_pubkey_deinit(key);
  return NULL;
}

bool cli_key_verifies(const uint8_t point[GW_KEY_SIZE], const void *data, size_t size,
                      const uint8_t signature[GW_SIGNATURE_SIZE]) {
  gnutls_datum_t der = {0};
  const gnutls_datum_t r = {(unsigned char *)(uintptr_t)signature, MEMBER_SIZE};
  const gnutls_datum_t s = {(unsigned char *)(uintptr_t)(signature + MEMBER_SIZE), MEMBER_SIZE};
  const gnutls_datum_t input = {(unsigned char *)(uintptr_t)data, (unsigned)size};
  gnutls_pubkey_t key = import_point(point);
  if (key == NULL) return false;
  bool well = gnutls_encode_rs_value(&der, &r, &s) >= 0 &&
              gnutls_pubkey_verify_data2(key, GNUTLS_SIGN_ECDSA_SHA256, 0, &input, &der) >= 0;
  gnutls_free(der.data);
  gnutls_pubkey_deinit(key);
  return well;
}

char *cli_key_public_pem(const uint8_t point[GW_KEY_SIZE]) {
  gnutls_datum_t pem = {0};
  gnutls_pubkey_t key = import_point(point);
  char *text = NULL;
  if (key == NULL) return NULL;
  if (gnutls_pubkey_export2(key, GNUTLS_X509_FMT_PEM, &pem) >= 0)
    text = strndup((char *)pem.data, pem.size);
  gnutls_free(pem.data);
  gnutls_pubkey_deinit(key);
  return text;
}
