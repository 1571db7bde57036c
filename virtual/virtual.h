/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VIRTUAL_VIRTUAL_H
#define VIRTUAL_VIRTUAL_H
/* The built-in virtual device: a device without hardware, for who has none yet.
 * It is a process of its own that speaks to the server as any device does, over
 * DTLS, with the SDK that ships, and runs the models that its releases bring
 * with wit. Only its ears are not real: they play words (virtual/ears.h).
 *
 * The server starts it from its own binary (server/app/virtual.h):
 *
 *   godwit virtual-device --port N --identity ID --store DIR < KEY
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* False in a build without it: the rest is there, and does nothing. */
extern const bool virt_is_built;

/* argv[0] is "virtual-device"; options follow, the key comes on standard input.
 * Returns the exit code: 0 stopped by a signal, 1 it could not run, 2 the
 * command line was wrong. One line on standard error says why. */
int virt_main(int argc, char **argv);

/* The example models that the binary brings along, by index; false past the end.
 * Static, aligned to 16. */
struct virt_example {
  const char *name; /* "yes_no.tflite" */
  const uint8_t *data;
  size_t size;
};
bool virt_example(size_t index, struct virt_example *out);
#endif
