/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/command.h"

#include <string.h>

#define WORD_MAX 63 /* longer words are nobody's typing error of ours */

static size_t smaller(size_t a, size_t b) { return a < b ? a : b; }

size_t cli_distance(const char *a, const char *b) {
  size_t rows = strlen(a), columns = strlen(b);
  if (rows > WORD_MAX || columns > WORD_MAX) return rows + columns;
  size_t cost[WORD_MAX + 1][WORD_MAX + 1];
  for (size_t i = 0; i <= rows; i++) cost[i][0] = i;
  for (size_t j = 0; j <= columns; j++) cost[0][j] = j;
  for (size_t i = 1; i <= rows; i++) {
    for (size_t j = 1; j <= columns; j++) {
      size_t change = cost[i - 1][j - 1] + (a[i - 1] != b[j - 1]);
      size_t best = smaller(change, smaller(cost[i - 1][j], cost[i][j - 1]) + 1);
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
        best = smaller(best, cost[i - 2][j - 2] + 1);
      }
      cost[i][j] = best;
    }
  }
  return cost[rows][columns];
}

/* The nearest of the candidates offered one after the other. */
struct guess {
  const char *word;
  char text[WORD_MAX + 1];
  size_t distance;
};

static void guess_offer(struct guess *guess, const char *candidate, size_t length) {
  char word[WORD_MAX + 1];
  if (length > WORD_MAX) return;
  memcpy(word, candidate, length);
  word[length] = 0;
  size_t distance = cli_distance(guess->word, word);
  /* Half a word wrong is another word, not a slip. */
  if (distance > 2 || distance * 2 > length + 1 || distance >= guess->distance) return;
  guess->distance = distance;
  memcpy(guess->text, word, length + 1);
}

/* The length of the next word of a path, and where the one after it starts. */
static size_t next_word(const char *path, const char **rest) {
  size_t length = strcspn(path, " ");
  *rest = path + length + (path[length] == ' ');
  return length;
}

/* True when the path starts with these words; *rest is what follows. */
static bool path_follows(const char *path, const char *const *word, size_t count,
                         const char **rest) {
  for (size_t i = 0; i < count; i++) {
    const char *after;
    size_t length = next_word(path, &after);
    if (length == 0 || strlen(word[i]) != length || memcmp(path, word[i], length) != 0) {
      return false;
    }
    path = after;
  }
  *rest = path;
  return true;
}

static const struct cli_option *option_in(const struct cli_option *list, const char *name,
                                          size_t length) {
  for (; list != NULL && list->name != NULL; list++) {
    if (strlen(list->name) == length && memcmp(list->name, name, length) == 0) return list;
  }
  return NULL;
}

static const struct cli_option *find_option(const struct cli_command *command, const char *name,
                                            size_t length) {
  const struct cli_option *found = option_in(cli_global_options, name, length);
  if (found == NULL && command != NULL) found = option_in(command->options, name, length);
  return found;
}

static const char *where(const struct cli_parsed *parsed) {
  return parsed->command != NULL ? parsed->command->path : "";
}

static int unknown_word(const struct cli_parsed *parsed, const char *word, FILE *err) {
  struct guess guess = {.word = word, .distance = WORD_MAX};
  const char *rest;
  for (size_t i = 0; i < cli_command_count; i++) {
    if (!path_follows(cli_commands[i].path, parsed->prefix, parsed->prefix_count, &rest)) continue;
    const char *after;
    guess_offer(&guess, rest, next_word(rest, &after));
  }
  fputs("godwit:", err);
  for (size_t i = 0; i < parsed->prefix_count; i++) fprintf(err, " %s", parsed->prefix[i]);
  if (parsed->prefix_count > 0) fputc(':', err);
  fprintf(err, " unknown command '%s'; ", word);
  if (guess.text[0] != 0) fprintf(err, "did you mean '%s'? ", guess.text);
  fputs("`godwit", err);
  for (size_t i = 0; i < parsed->prefix_count; i++) fprintf(err, " %s", parsed->prefix[i]);
  fputs(" --help` lists them\n", err);
  return CLI_USAGE;
}

static void offer_options(struct guess *guess, const struct cli_option *list) {
  for (; list != NULL && list->name != NULL; list++) {
    guess_offer(guess, list->name, strlen(list->name));
  }
}

static int unknown_option(const struct cli_parsed *parsed, const char *text, size_t length,
                          FILE *err) {
  char name[WORD_MAX + 1];
  if (length > WORD_MAX) length = WORD_MAX;
  memcpy(name, text, length);
  name[length] = 0;
  struct guess guess = {.word = name, .distance = WORD_MAX};
  offer_options(&guess, cli_global_options);
  if (parsed->command != NULL) offer_options(&guess, parsed->command->options);
  const char *path = where(parsed);
  fprintf(err, "godwit: %s%sunknown option --%s; ", path, *path ? ": " : "", name);
  if (guess.text[0] != 0) fprintf(err, "did you mean --%s? ", guess.text);
  fprintf(err, "`godwit %s%s--help` lists them\n", path, *path ? " " : "");
  return CLI_USAGE;
}

static int wrong(const struct cli_parsed *parsed, FILE *err, const char *before, const char *what,
                 const char *after) {
  const char *path = where(parsed);
  fprintf(err, "godwit: %s%s%s%s%s; see `godwit %s%s--help`\n", path, *path ? ": " : "", before,
          what, after, path, *path ? " " : "");
  return CLI_USAGE;
}

/* Takes one option at argv[*at]; moves *at over its value. */
static int take_option(struct cli_parsed *parsed, int argc, char **argv, int *at, FILE *err) {
  const char *text = argv[*at];
  if (strcmp(text, "-h") == 0) {
    parsed->help = true;
    return CLI_OK;
  }
  if (text[1] != '-')
    return wrong(parsed, err, "unknown option ", text, ", options have two dashes");
  size_t length = strcspn(text + 2, "=");
  const struct cli_option *option = find_option(parsed->command, text + 2, length);
  if (option == NULL) return unknown_option(parsed, text + 2, length, err);
  bool attached = text[2 + length] == '=';
  const char *value = NULL;
  if (option->value == NULL && attached) {
    return wrong(parsed, err, "--", option->name, " is a switch and takes no value");
  }
  if (option->value != NULL && attached) value = text + 2 + length + 1;
  if (option->value != NULL && !attached) {
    if (*at + 1 >= argc) return wrong(parsed, err, "--", option->name, " needs a value");
    value = argv[++*at];
  }
  if (option->value != NULL && value[0] == 0) {
    return wrong(parsed, err, "--", option->name, " has an empty value");
  }
  if (strcmp(option->name, "help") == 0) parsed->help = true;
  if (!option->repeats && option->value != NULL && cli_parsed_has(parsed, option->name)) {
    return wrong(parsed, err, "--", option->name, " is given twice");
  }
  if (parsed->option_count == CLI_OPTIONS_MAX) {
    return wrong(parsed, err, "", "too many options", "");
  }
  parsed->option[parsed->option_count].option = option;
  parsed->option[parsed->option_count].value = value;
  parsed->option_count++;
  return CLI_OK;
}

/* A word before the command is complete: a step along the paths. */
static int take_word(struct cli_parsed *parsed, const char *word, FILE *err) {
  size_t depth = parsed->prefix_count;
  bool leads_on = false;
  if (depth == sizeof parsed->prefix / sizeof parsed->prefix[0]) {
    return unknown_word(parsed, word, err);
  }
  parsed->prefix[depth] = word;
  for (size_t i = 0; i < cli_command_count; i++) {
    const char *rest;
    if (!path_follows(cli_commands[i].path, parsed->prefix, depth + 1, &rest)) continue;
    leads_on = true;
    if (*rest == 0) parsed->command = &cli_commands[i];
  }
  if (!leads_on) return unknown_word(parsed, word, err);
  parsed->prefix_count++;
  return CLI_OK;
}

static int take_argument(struct cli_parsed *parsed, const char *text, FILE *err) {
  const struct cli_argument *argument = parsed->command->arguments;
  size_t position = 0;
  while (argument != NULL && argument->name != NULL && position < parsed->argument_count &&
         !argument->repeats) {
    argument++;
    position++;
  }
  if (argument == NULL || argument->name == NULL) {
    return wrong(parsed, err, "one argument too many: '", text, "'");
  }
  if (text[0] == 0) return wrong(parsed, err, "", argument->name, " is empty");
  if (parsed->argument_count == CLI_ARGUMENTS_MAX) {
    return wrong(parsed, err, "", "too many arguments at once", "");
  }
  parsed->argument[parsed->argument_count++] = text;
  return CLI_OK;
}

static int check_complete(const struct cli_parsed *parsed, FILE *err) {
  const struct cli_argument *argument = parsed->command->arguments;
  for (size_t i = 0; argument != NULL && argument[i].name != NULL; i++) {
    if (!argument[i].optional && parsed->argument_count <= i) {
      return wrong(parsed, err, "", argument[i].name, " is missing");
    }
  }
  const struct cli_option *option = parsed->command->options;
  for (; option != NULL && option->name != NULL; option++) {
    if (option->required && !cli_parsed_has(parsed, option->name)) {
      return wrong(parsed, err, "--", option->name, " is missing");
    }
  }
  return CLI_OK;
}

/* A lone dash is an argument, standard input; so is a number below zero. */
static bool is_option(const char *text) {
  return text[0] == '-' && text[1] != 0 && strchr(".0123456789", text[1]) == NULL;
}

int cli_parse(struct cli_parsed *parsed, int argc, char **argv, FILE *err) {
  memset(parsed, 0, sizeof *parsed);
  bool options_ended = false;
  for (int i = 1; i < argc; i++) {
    const char *text = argv[i];
    int status;
    if (!options_ended && strcmp(text, "--") == 0) {
      options_ended = true;
      continue;
    }
    if (!options_ended && is_option(text)) {
      status = take_option(parsed, argc, argv, &i, err);
    } else if (parsed->command == NULL) {
      status = take_word(parsed, text, err);
    } else {
      status = take_argument(parsed, text, err);
    }
    if (status != CLI_OK) return status;
  }
  if (parsed->help) return CLI_OK;
  if (parsed->command != NULL) return check_complete(parsed, err);
  if (parsed->prefix_count == 0) {
    fputs("godwit: which command? `godwit --help` lists them\n", err);
    return CLI_USAGE;
  }
  fputs("godwit:", err);
  for (size_t i = 0; i < parsed->prefix_count; i++) fprintf(err, " %s", parsed->prefix[i]);
  fputs(": which verb? `godwit", err);
  for (size_t i = 0; i < parsed->prefix_count; i++) fprintf(err, " %s", parsed->prefix[i]);
  fputs(" --help` lists them\n", err);
  return CLI_USAGE;
}

const char *cli_parsed_value(const struct cli_parsed *parsed, const char *name) {
  for (size_t i = parsed->option_count; i > 0; i--) {
    if (strcmp(parsed->option[i - 1].option->name, name) == 0) return parsed->option[i - 1].value;
  }
  return NULL;
}

bool cli_parsed_has(const struct cli_parsed *parsed, const char *name) {
  for (size_t i = 0; i < parsed->option_count; i++) {
    if (strcmp(parsed->option[i].option->name, name) == 0) return true;
  }
  return false;
}
