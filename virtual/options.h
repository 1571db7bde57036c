/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VIRTUAL_OPTIONS_H
#define VIRTUAL_OPTIONS_H
/* The command line of `godwit virtual-device`. Texts borrow argv. */
#include <stddef.h>
#include <stdint.h>

#define VIRT_KEY_MAX 64u

struct virt_options {
  const char *host;     /* 127.0.0.1 */
  uint16_t port;        /* 5684 */
  const char *identity; /* required */
  const char *store;    /* required: a folder, made when absent */
  uint32_t seed;        /* of the room; by the clock where not given */
  long parent;          /* ends with that process; 0: lives on */
  uint8_t key[VIRT_KEY_MAX];
  size_t key_size;
};

/* Reads the options, and the key from standard input to its end (a line feed
 * there is dropped). 0, or 2 with one line on standard error. */
int virt_options_parse(struct virt_options *options, int argc, char **argv);
#endif
