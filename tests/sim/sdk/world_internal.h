/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_SIM_SDK_WORLD_INTERNAL_H
#define TESTS_SIM_SDK_WORLD_INTERNAL_H
/* Between the files of the world. */
#include <stddef.h>
#include <stdint.h>

void world_medium_reset(void);
void world_network_reset(void);
void world_server_reset(void);

#define WORLD_DATAGRAM_MAX 2048u
/* Server's side of the network: `from` is the device's socket. */
void world_network_send_to_device(int handle, const void *data, size_t size);
/* Next datagram for the server that is due: its size, or 0. */
size_t world_network_take_for_server(int *from, uint8_t *data, size_t size);
/* When something arrives next; UINT64_MAX: nothing is on its way. */
uint64_t world_network_next_ms(void);
void world_server_run(void);
uint64_t world_server_next_ms(void);
#endif
