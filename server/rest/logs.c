/* SPDX-License-Identifier: Apache-2.0 */
/* What devices log, newest first: of a project, or of the device that the path
 * names. */
#include "server/rest/internal.h"

int srv_list_device_logs(struct srv_request *request) {
  struct srv_query query = {0};
  struct srv_device device;
  struct srv_device_ref ref;
  if (srv_path_argument(request, "device") != NULL) {
    int status = srv_device_of_path(request, &device, &ref);
    if (status != SRV_OK) return status;
    srv_query_text(&query, "device_id", SRV_EQUALS, device.id);
  }
  return srv_answer_newest(request, &query, srv_encode_device_log);
}
