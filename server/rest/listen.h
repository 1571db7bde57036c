/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SERVER_REST_LISTEN_H
#define SERVER_REST_LISTEN_H
/* The TCP socket that HTTP comes in by. */
#include "server/core/objects.h"

/* port 0: any free one; *bound_port says which. On failure error says what to
 * do; SRV_ERR_BUSY for a taken port. */
int srv_listen(const char *address, uint16_t port, uint16_t *bound_port, int *fd,
               char error[SRV_ERROR_MAX]);
#endif
