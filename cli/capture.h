/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_CAPTURE_H
#define CLI_CAPTURE_H
/* What the files of `godwit capture` share. */
#include "cli/api.h"

/* "/captures/ID" + what follows. */
void cli_capture_address(struct cli_address *address, const struct cli_session *session,
                         const char *id);
/* --device, --label, --heard ... as query parameters; a device's name becomes
 * its id. */
int cli_capture_filters(struct cli_session *session, struct cli_address *address);
/* Is it an id at all? Prints what it should be. */
int cli_capture_check_id(struct cli_session *session, const char *id);
/* The capture of this id, as the server has it. */
int cli_capture_find(struct cli_session *session, const char *id, json_t **capture);
/* ".wav", ".jpg", ... of a content type. */
const char *cli_capture_extension(const char *content_type);
#endif
