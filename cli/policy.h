/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_POLICY_H
#define CLI_POLICY_H
/* What a release asks of devices (--spread, --shadow, ...), and what a device's
 * word about a failed update means. */
#include <jansson.h>

struct cli_session;

/* The policy that the options describe, as REST takes it; NULL: none of them is
 * given. The caller's. */
int cli_policy_read(struct cli_session *session, json_t **policy);
/* A fact for each thing that it asks. policy may be NULL. */
void cli_policy_print(struct cli_session *session, const json_t *policy);
/* "about 3 min 20 s" */
const char *cli_format_span(char *out, size_t size, long long seconds);
/* What to do about it: "TEST_OUTPUT" to a sentence; "" for one that is not known. */
const char *cli_detail_advice(const char *detail);
#endif
