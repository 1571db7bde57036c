/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PLATFORM_DATAGRAM_H
#define PLATFORM_DATAGRAM_H
/* A UDP socket that talks to one peer. Handles are the port's: a small number
 * from 0 on (POSIX: a file descriptor). Nothing here blocks, except _wait and,
 * where the port says so, name look-up in _open. */
#include <stddef.h>
#include <stdint.h>

/* The port is still resolving the name: call open again with the same
 * arguments; it returns a handle or an error in the end. */
#define GODWIT_DATAGRAM_PENDING (-1000)

/* Resolves host (name or address literal) and opens a socket to it. A handle;
 * GODWIT_DATAGRAM_PENDING; GODWIT_ERR_NOT_FOUND for a name that does not
 * resolve; GODWIT_ERR_IO for anything else. */
int godwit_platform_datagram_open(const char *host, uint16_t port);
/* Drops a datagram that cannot be sent now, as the network would: 0 then, too.
 * GODWIT_ERR_CONNECTION where the peer's host has said that nobody listens;
 * GODWIT_ERR_IO when this socket is of no use any more (own address gone). */
int godwit_platform_datagram_send(int handle, const void *data, size_t size);
/* Size of one datagram; 0 when none waits; GODWIT_ERR_CONNECTION and
 * GODWIT_ERR_IO as above. A datagram longer than size is cut. */
int godwit_platform_datagram_receive(int handle, void *data, size_t size);
void godwit_platform_datagram_close(int handle);
/* Sleeps until a datagram waits or timeout_ms is over. handle -1: only
 * sleeps. */
void godwit_platform_datagram_wait(int handle, uint32_t timeout_ms);
#endif
