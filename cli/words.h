/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_WORDS_H
#define CLI_WORDS_H
/* What a word of the command line means where it is no name: an id, an age, a
 * JSON value. Each prints what is wrong with it and returns an exit code. */
#include <jansson.h>
#include <stdbool.h>

#include "cli/session.h"

/* 24 hex digits, small letters: what the server calls its objects. */
bool cli_is_id(const char *text);

/* A number from `low` to `high`; `name` is the option it came with. */
int cli_check_count(struct cli_session *session, const char *name, const char *text, long low,
                    long high);

/* --since, --until: "10m", "3h", "2d", "1w" ago as RFC 3339; a time as it is.
 * CLI_OK and out[0] == 0 where the option was not given. */
#define CLI_TIME_SIZE 40
int cli_read_time(struct cli_session *session, const char *option, char out[CLI_TIME_SIZE]);

/* JSON, or a plain word as a text: 5, true, "5", {"a": 1}, loud. What was
 * clearly meant to be JSON and is none is refused, or a device would get a text
 * where a number was typed: .5, 007, {"a": . *value is NULL after that. */
int cli_read_value(struct cli_session *session, const char *text, json_t **value);
#endif
