/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_ROLLOUT_H
#define CLI_ROLLOUT_H
/* --wait and what `release create` and `release preview` share. */
#include <jansson.h>

struct cli_session;

/* Are --wait and --timeout right? Before anything is changed. */
int cli_rollout_check(struct cli_session *session);
/* Shows how the rollout gets on until every device of it is updated or has
 * failed, or --timeout; CLI_FAILED unless all are updated. */
int cli_rollout_wait(struct cli_session *session, const char *release_id);
/* The release that the options describe, as POST takes it (release.c). */
int cli_release_body(struct cli_session *session, json_t **body);
#endif
