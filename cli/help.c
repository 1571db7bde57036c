/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/help.h"

#include <string.h>

#include "cli/cli.h"

const char cli_help_introduction[] =
    "Models for microcontrollers, over the air: the operator's and developer's commands.";

const char cli_help_environment[] =
    "Server, API key and project come from the option, else from GODWIT_URL, GODWIT_API_KEY and\n"
    "GODWIT_PROJECT, else from the file that `godwit login` writes, else from the default. "
    "Devices,\n"
    "blueprints, tags and releases may be named by name or by id, artifacts as PACKAGE@VERSION.\n"
    "Exit codes: 0 done, 1 the server or the input said no, 2 the command line was wrong.\n"
    "GODWIT_CA_FILE names a PEM file of CAs to trust for HTTPS. GODWIT_KEY_PASSPHRASE and\n"
    "GODWIT_KEY_PIN open a publisher's key. NO_COLOR switches colours off.\n";

static const struct cli_option no_options[] = {{0}};
static const struct cli_argument no_arguments[] = {{0}};

static const struct cli_option *server_options;

void cli_set_server_options(const struct cli_option *options) { server_options = options; }

const struct cli_option *cli_options_of(const struct cli_command *command) {
  if (command->run == NULL && server_options != NULL) return server_options;
  return command->options != NULL ? command->options : no_options;
}

const struct cli_argument *cli_arguments_of(const struct cli_command *command) {
  return command->arguments != NULL ? command->arguments : no_arguments;
}

/* "godwit device tag add DEVICE TAG... [options]" */
void cli_help_usage(FILE *out, const struct cli_command *command) {
  fprintf(out, "godwit %s", command->path);
  for (const struct cli_argument *a = cli_arguments_of(command); a->name != NULL; a++) {
    fprintf(out, a->optional ? " [%s%s]" : " %s%s", a->name, a->repeats ? "..." : "");
  }
  for (const struct cli_option *o = cli_options_of(command); o->name != NULL; o++) {
    if (o->required) fprintf(out, " --%s %s", o->name, o->value);
  }
  fputs(" [options]", out);
}

/* Wraps at 100 columns; every line but the first is indented. */
static void print_wrapped(FILE *out, const char *text, size_t indent) {
  size_t column = indent;
  while (*text != 0) {
    size_t length = strcspn(text, " ");
    if (column > indent && column + 1 + length > 100) {
      fprintf(out, "\n%*s", (int)indent, "");
      column = indent;
    } else if (column > indent) {
      fputc(' ', out);
      column++;
    }
    fwrite(text, 1, length, out);
    column += length;
    text += length + (text[length] == ' ');
  }
  fputc('\n', out);
}

static void print_item(FILE *out, const char *term, const char *help) {
  fprintf(out, "  %-22s ", term);
  if (strlen(term) > 22) fprintf(out, "\n%25s", "");
  print_wrapped(out, help, 25);
}

const char *cli_option_term(char *out, size_t size, const struct cli_option *option) {
  snprintf(out, size, "--%s%s%s", option->name, option->value != NULL ? " " : "",
           option->value != NULL ? option->value : "");
  return out;
}

static void print_options(FILE *out, const struct cli_option *option) {
  char term[128];
  for (; option->name != NULL; option++) {
    print_item(out, cli_option_term(term, sizeof term, option), option->help);
  }
}

static void help_command(FILE *out, const struct cli_command *command) {
  fprintf(out, "%s\n\n  ", command->summary);
  cli_help_usage(out, command);
  fputs("\n\n", out);
  if (command->details != NULL) {
    print_wrapped(out, command->details, 0);
    fputc('\n', out);
  }
  if (cli_arguments_of(command)->name != NULL) {
    fputs("Arguments\n", out);
    for (const struct cli_argument *a = cli_arguments_of(command); a->name != NULL; a++) {
      print_item(out, a->name, a->help);
    }
    fputc('\n', out);
  }
  if (cli_options_of(command)->name != NULL) {
    fputs("Options\n", out);
    print_options(out, cli_options_of(command));
    fputc('\n', out);
  }
  fputs("Options of all commands\n", out);
  print_options(out, cli_global_options);
  fputs("\nExamples\n", out);
  for (const char *const *example = command->examples; *example != NULL; example++) {
    fprintf(out, "  %s\n", *example);
  }
}

size_t cli_noun_length(const struct cli_command *command) { return strcspn(command->path, " "); }

bool cli_same_noun(const struct cli_command *a, const struct cli_command *b) {
  size_t length = cli_noun_length(a);
  return length == cli_noun_length(b) && memcmp(a->path, b->path, length) == 0;
}

/* True when the command starts with the words typed so far. */
static bool starts_with(const struct cli_command *command, const struct cli_parsed *parsed) {
  const char *path = command->path;
  for (size_t i = 0; i < parsed->prefix_count; i++) {
    size_t length = strcspn(path, " ");
    if (strlen(parsed->prefix[i]) != length || memcmp(path, parsed->prefix[i], length) != 0) {
      return false;
    }
    path += length + (path[length] == ' ');
  }
  return true;
}

static void print_commands(FILE *out, const struct cli_parsed *parsed) {
  for (size_t i = 0; i < cli_command_count; i++) {
    if (starts_with(&cli_commands[i], parsed)) {
      print_item(out, cli_commands[i].path, cli_commands[i].summary);
    }
  }
}

static void help_all(FILE *out, const struct cli_parsed *parsed) {
  fprintf(out, "%s\n\n  godwit COMMAND [arguments] [options]\n", cli_help_introduction);
  for (size_t i = 0; i < cli_command_count; i++) {
    const struct cli_command *command = &cli_commands[i];
    const char *noun = cli_noun_summary(command->path, cli_noun_length(command));
    bool first = i == 0 || !cli_same_noun(command, &cli_commands[i - 1]);
    if (first && noun != NULL) {
      fprintf(out, "\n%.*s: %s\n", (int)cli_noun_length(command), command->path, noun);
    }
    if (first && noun == NULL && (i == 0 || strchr(cli_commands[i - 1].path, ' ') != NULL)) {
      fputc('\n', out);
    }
    print_item(out, command->path, command->summary);
  }
  fputs("\nOptions of all commands\n", out);
  print_options(out, cli_global_options);
  fprintf(out, "\n%s\n`godwit COMMAND --help` says more.\n", cli_help_environment);
  (void)parsed;
}

void cli_help(FILE *out, const struct cli_parsed *parsed) {
  if (parsed->command != NULL) {
    help_command(out, parsed->command);
  } else if (parsed->prefix_count > 0) {
    const char *noun = cli_noun_summary(parsed->prefix[0], strlen(parsed->prefix[0]));
    fprintf(out, "%s: %s\n\n", parsed->prefix[0], noun != NULL ? noun : "");
    print_commands(out, parsed);
    fputs("\n`godwit COMMAND --help` says more.\n", out);
  } else {
    help_all(out, parsed);
  }
}

/* --- docs/guide/cli.md ------------------------------------------------------ */

static void reference_item(FILE *out, const char *term, const char *help) {
  fprintf(out, "| `%s` | ", term);
  for (; *help != 0; help++) {
    if (*help == '|') fputc('\\', out);
    fputc(*help, out);
  }
  fputs(" |\n", out);
}

static void reference_options(FILE *out, const struct cli_option *option) {
  char term[128];
  for (; option->name != NULL; option++) {
    reference_item(out, cli_option_term(term, sizeof term, option), option->help);
  }
}

static void reference_command(FILE *out, const struct cli_command *command) {
  fprintf(out, "\n### godwit %s\n\n%s", command->path, command->summary);
  if (command->details != NULL) fprintf(out, " %s", command->details);
  fputs("\n\n```\n", out);
  cli_help_usage(out, command);
  fputs("\n```\n", out);
  /* Another part's options stand where that part says them. */
  bool lists = cli_arguments_of(command)->name != NULL || cli_options_of(command)->name != NULL;
  if (command->run != NULL && lists) {
    fputs("\n| | |\n|---|---|\n", out);
    for (const struct cli_argument *a = cli_arguments_of(command); a->name != NULL; a++) {
      reference_item(out, a->name, a->help);
    }
    reference_options(out, cli_options_of(command));
  }
  fputs("\n```sh\n", out);
  for (const char *const *example = command->examples; *example != NULL; example++) {
    fprintf(out, "%s\n", *example);
  }
  fputs("```\n", out);
}

void cli_help_reference(FILE *out) {
  fputs(
      "<!-- Written by `godwit reference` from the table in cli/commands.c; a test compares them. "
      "-->\n"
      "# The command line\n\n",
      out);
  fprintf(out, "%s\n\n%s\n## Options of all commands\n\n| | |\n|---|---|\n", cli_help_introduction,
          cli_help_environment);
  reference_options(out, cli_global_options);
  for (size_t i = 0; i < cli_command_count; i++) {
    const struct cli_command *command = &cli_commands[i];
    const char *noun = cli_noun_summary(command->path, cli_noun_length(command));
    bool first = i == 0 || !cli_same_noun(command, &cli_commands[i - 1]);
    if (i == 0) fputs("\n## Server\n", out);
    if (first && noun != NULL) {
      fprintf(out, "\n## %.*s: %s\n", (int)cli_noun_length(command), command->path, noun);
    }
    reference_command(out, command);
  }
}
