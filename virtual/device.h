/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VIRTUAL_DEVICE_H
#define VIRTUAL_DEVICE_H
/* The device itself: client, store, updater and two model slots, as in the
 * micro_speech example, around the hearing of virtual/speech.h. All of its
 * memory is static, as firmware's is: one a process. */
#include <signal.h>

#include "virtual/options.h"

/* What it says of itself: the arena and the slot of a small microcontroller. */
#define VIRT_SLOT_BYTES (64u * 1024)
#define VIRT_ARENA_BYTES (32u * 1024)

/* Runs until *stopped; 0, or 1 with one line on standard error. Wipes the key
 * in options. */
int virt_device_run(struct virt_options *options, const volatile sig_atomic_t *stopped);
#endif
