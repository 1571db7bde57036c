/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SERVER_CORE_VIRTUAL_DEVICE_H
#define SERVER_CORE_VIRTUAL_DEVICE_H
/* Devices that this server runs itself: an ordinary device with an ordinary
 * credential, and a row of kind SRV_VIRTUAL_DEVICE that says so. Who runs their
 * processes: server/app/virtual.h. */
#include "server/core/objects.h"

/* Makes device, credential and row. name "": the first of "virtual-1",
 * "virtual-2"... that is free. SRV_ERR_IN_USE beyond SRV_VIRTUAL_DEVICES_MAX,
 * SRV_ERR_EXISTS for a name that is taken. */
int srv_core_create_virtual_device(struct srv_core *core, const char *project_id, const char *name,
                                   struct srv_device *device);
/* By the device's id or name; SRV_ERR_NOT_FOUND where it is none of these. */
int srv_core_find_virtual_device(struct srv_core *core, const char *project_id,
                                 const char *id_or_name, struct srv_device *device);
/* Its oldest credential, which the caller wipes. SRV_ERR_NOT_FOUND: someone has
 * deleted it. */
int srv_core_virtual_device_credential(struct srv_core *core, const char *device_id,
                                       struct srv_credential *out);
#endif
