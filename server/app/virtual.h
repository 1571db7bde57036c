/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SERVER_APP_VIRTUAL_H
#define SERVER_APP_VIRTUAL_H
/* Runs the virtual devices (server/core/virtual_device.h): a process each, this
 * very binary as `godwit virtual-device` (virtual/virtual.h), which connects to
 * this server's own port over DTLS. Starts those that the store names, again
 * when one ends (with a growing pause), ends those that are deleted or
 * disabled, and all of them with the server; a server that is killed takes them
 * along.
 *
 * One loop owns it. A process is looked after by srv_virtual_run, once a second
 * or whenever something has changed; nothing here waits, but for the end. */
#include "server/core/virtual_device.h"
#include "server/rest/rest.h"

struct srv_virtual;

struct srv_virtual_config {
  struct srv_core *core;
  const char *data_folder;  /* DATA/virtual/DEVICE is a device's own */
  const char *coap_address; /* where the gateway listens; NULL: everywhere */
  uint16_t coap_port;
  /* What is run; NULL: this binary, also when it has been deleted or replaced
   * since. Tests have their own. */
  const char *program;
  uint64_t (*now_ms)(void); /* any monotonic clock; NULL: the system's */
};

/* SRV_ERR_IO with a reason: DATA/virtual cannot be made. Texts are copied. */
int srv_virtual_create(struct srv_virtual **out, const struct srv_virtual_config *config,
                       char error[SRV_ERROR_MAX]);
/* Ends the processes: asks, waits two seconds at most, kills. NULL is fine. */
void srv_virtual_destroy(struct srv_virtual *virtual_devices);
/* Starts, ends and buries what is due. Cheap when nothing is. */
void srv_virtual_run(struct srv_virtual *virtual_devices);
/* What rest/ needs of it. */
struct srv_rest_virtual_devices srv_virtual_for_rest(struct srv_virtual *virtual_devices);
#endif
