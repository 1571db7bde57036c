/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MICRO_SPEECH_PUBLIC_KEY_H
#define MICRO_SPEECH_PUBLIC_KEY_H
/* A publisher's public key from the command line. A device on a
 * microcontroller has it built in: `godwit key c-header`. */
#include <stdbool.h>
#include <stdint.h>

#define PUBLIC_KEY_SIZE 64 /* x || y of a P-256 point */

/* text: 128 hexadecimal digits, or a file as `godwit key public` writes it (PEM,
 * a SubjectPublicKeyInfo). Whether it is a point of the curve is for
 * godwit_trust_init to say. */
bool public_key_read(const char *text, uint8_t key[PUBLIC_KEY_SIZE]);
#endif
