/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SERVER_REST_STATIC_H
#define SERVER_REST_STATIC_H
/* The files of the web console, embedded in the program
 * (cmake/GodwitConsole.cmake). A path is served when it stands in the table, to
 * the letter: there is no file system behind it, and nothing to climb out of.
 * Sockets are http.c's. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* One of them, made by cmake/embed_files.py. */
struct srv_file {
  const char *path; /* "/assets/index-1a2b3c4d.js"; "/index.html" is the console itself */
  const char *type;
  const uint8_t *packed; /* gzip */
  size_t packed_size;
  size_t size;        /* unpacked */
  const char *digest; /* of the unpacked bytes, hex */
  bool immutable;     /* the name changes with the bytes */
};
extern const struct srv_file srv_files[];
extern const size_t srv_file_count;

/* 16 random bytes in base64, so that no injected style can guess it. */
#define SRV_NONCE_LENGTH 24

struct srv_static_answer {
  int status;
  const char *type;
  const char *cache;    /* cache-control */
  const char *location; /* of a redirect, or NULL */
  const uint8_t *bytes;
  size_t size;
  uint8_t *owned; /* bytes when they were made for this answer: the caller's to free */
  bool is_packed; /* gzip */
  bool is_file;   /* it may vary by accept-encoding */
  char etag[48];  /* "" for none */
  char nonce[SRV_NONCE_LENGTH + 1]; /* of the page; "" where nothing has one */
};

/* path: as it came, without the query. accepts, if_none_match: headers or NULL.
 * False: the path is one of the API. Otherwise out says what to send, "there is
 * no such page" and "out of memory" too. */
bool srv_static_serve(const char *path, const char *accepts, const char *if_none_match,
                      struct srv_static_answer *out);
/* Is the console in this program? */
bool srv_static_has_console(void);
/* Does a comma-separated list of entity tags, or "*", have it? weak: also as W/"..." */
bool srv_etag_matches(const char *header, const char *etag, bool weak);
#endif
