/* SPDX-License-Identifier: Apache-2.0 */
/* The SDK's memory by object, as array sizes that size.py reads. Without
 * mbedTLS's contexts and pool and without the two datagram buffers. */
#include "sdk/src/client_internal.h"
#include "godwit/updater.h"

#define CLIENT_BUFFERS                                 \
  (sizeof((struct godwit_client *)0)->receive_buffer + \
   sizeof((struct godwit_client *)0)->send_buffer)
#define CLIENT_MBEDTLS (sizeof(mbedtls_ssl_context) + sizeof(mbedtls_ssl_config))

char ram_client[sizeof(struct godwit_client) - CLIENT_BUFFERS - CLIENT_MBEDTLS];
char ram_store[sizeof(struct godwit_store)];
char ram_updater[sizeof(struct godwit_updater)];
