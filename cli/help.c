/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/help.h"

#include <string.h>

static const char introduction[] =
    "Models for microcontrollers, over the air: the operator's and developer's commands.";

static const char environment[] =
    "Server, API key and project come from the option, else from GODWIT_URL, GODWIT_API_KEY and\n"
    "GODWIT_PROJECT, else from the file that `godwit login` writes, else from the default. "
    "Devices,\n"
    "blueprints, tags and releases may be named by name or by id, artifacts as PACKAGE@VERSION.\n"
    "Exit codes: 0 done, 1 the server or the input said no, 2 the command line was wrong.\n"
    "NO_COLOR switches colours off.\n";

static const struct cli_option no_options[] = {{0}};
static const struct cli_argument no_arguments[] = {{0}};

static const struct cli_option *options_of(const struct cli_command *command) {
  return command->options != NULL ? command->options : no_options;
}

static const struct cli_argument *arguments_of(const struct cli_command *command) {
  return command->arguments != NULL ? command->arguments : no_arguments;
}

/* "godwit device tag add DEVICE TAG... [options]" */
static void print_usage(FILE *out, const struct cli_command *command) {
  fprintf(out, "godwit %s", command->path);
  for (const struct cli_argument *a = arguments_of(command); a->name != NULL; a++) {
    fprintf(out, a->optional ? " [%s%s]" : " %s%s", a->name, a->repeats ? "..." : "");
  }
  for (const struct cli_option *o = options_of(command); o->name != NULL; o++) {
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

static const char *option_term(char *out, size_t size, const struct cli_option *option) {
  snprintf(out, size, "--%s%s%s", option->name, option->value != NULL ? " " : "",
           option->value != NULL ? option->value : "");
  return out;
}

static void print_options(FILE *out, const struct cli_option *option) {
  char term[128];
  for (; option->name != NULL; option++) {
    print_item(out, option_term(term, sizeof term, option), option->help);
  }
}

static void help_command(FILE *out, const struct cli_command *command) {
  fprintf(out, "%s\n\n  ", command->summary);
  print_usage(out, command);
  fputs("\n\n", out);
  if (command->details != NULL) {
    print_wrapped(out, command->details, 0);
    fputc('\n', out);
  }
  if (arguments_of(command)->name != NULL) {
    fputs("Arguments\n", out);
    for (const struct cli_argument *a = arguments_of(command); a->name != NULL; a++) {
      print_item(out, a->name, a->help);
    }
    fputc('\n', out);
  }
  if (options_of(command)->name != NULL) {
    fputs("Options\n", out);
    print_options(out, options_of(command));
    fputc('\n', out);
  }
  fputs("Options of all commands\n", out);
  print_options(out, cli_global_options);
  fputs("\nExamples\n", out);
  for (const char *const *example = command->examples; *example != NULL; example++) {
    fprintf(out, "  %s\n", *example);
  }
}

static size_t noun_length(const struct cli_command *command) { return strcspn(command->path, " "); }

static bool same_noun(const struct cli_command *a, const struct cli_command *b) {
  size_t length = noun_length(a);
  return length == noun_length(b) && memcmp(a->path, b->path, length) == 0;
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
  fprintf(out, "%s\n\n  godwit COMMAND [arguments] [options]\n", introduction);
  for (size_t i = 0; i < cli_command_count; i++) {
    const struct cli_command *command = &cli_commands[i];
    const char *noun = cli_noun_summary(command->path, noun_length(command));
    bool first = i == 0 || !same_noun(command, &cli_commands[i - 1]);
    if (first && noun != NULL) {
      fprintf(out, "\n%.*s: %s\n", (int)noun_length(command), command->path, noun);
    }
    if (first && noun == NULL && (i == 0 || strchr(cli_commands[i - 1].path, ' ') != NULL)) {
      fputc('\n', out);
    }
    print_item(out, command->path, command->summary);
  }
  fputs("\nOptions of all commands\n", out);
  print_options(out, cli_global_options);
  fprintf(out, "\n%s\n`godwit COMMAND --help` says more.\n", environment);
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
    reference_item(out, option_term(term, sizeof term, option), option->help);
  }
}

static void reference_command(FILE *out, const struct cli_command *command) {
  fprintf(out, "\n### godwit %s\n\n%s", command->path, command->summary);
  if (command->details != NULL) fprintf(out, " %s", command->details);
  fputs("\n\n```\n", out);
  print_usage(out, command);
  fputs("\n```\n", out);
  if (arguments_of(command)->name != NULL || options_of(command)->name != NULL) {
    fputs("\n| | |\n|---|---|\n", out);
    for (const struct cli_argument *a = arguments_of(command); a->name != NULL; a++) {
      reference_item(out, a->name, a->help);
    }
    reference_options(out, options_of(command));
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
  fprintf(out, "%s\n\n%s\n## Options of all commands\n\n| | |\n|---|---|\n", introduction,
          environment);
  reference_options(out, cli_global_options);
  for (size_t i = 0; i < cli_command_count; i++) {
    const struct cli_command *command = &cli_commands[i];
    const char *noun = cli_noun_summary(command->path, noun_length(command));
    bool first = i == 0 || !same_noun(command, &cli_commands[i - 1]);
    if (i == 0) fputs("\n## Server\n", out);
    if (first && noun != NULL) {
      fprintf(out, "\n## %.*s: %s\n", (int)noun_length(command), command->path, noun);
    }
    reference_command(out, command);
  }
}

/* --- bash completion -------------------------------------------------------- */

static void completion_options(FILE *out, const struct cli_option *option, bool of_files) {
  for (; option->name != NULL; option++) {
    if (of_files && option->complete != CLI_COMPLETE_FILE) continue;
    fprintf(out, " --%s", option->name);
  }
}

static bool takes_files(const struct cli_command *command) {
  for (const struct cli_argument *a = arguments_of(command); a->name != NULL; a++) {
    if (a->complete == CLI_COMPLETE_FILE) return true;
  }
  return false;
}

/* All options that take a value: the word after one is no word of the command. */
static void completion_valued(FILE *out, const struct cli_option *option) {
  for (; option->name != NULL; option++) {
    if (option->value != NULL) fprintf(out, "|--%s", option->name);
  }
}

void cli_help_completion(FILE *out) {
  fputs(
      "# bash completion for godwit, written by `godwit completion bash`\n"
      "_godwit() {\n"
      "  local current=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]}\n"
      "  local path='' word i skip=''\n"
      "  for ((i = 1; i < COMP_CWORD; i++)); do\n"
      "    word=${COMP_WORDS[i]}\n"
      "    if [ -n \"$skip\" ]; then skip=''; continue; fi\n"
      "    case $word in\n"
      "      --",
      out);
  completion_valued(out, cli_global_options);
  for (size_t i = 0; i < cli_command_count; i++) {
    completion_valued(out, options_of(&cli_commands[i]));
  }
  fputs(
      ") skip=yes ;;\n"
      "      -*) ;;\n"
      "      *) path=\"$path${path:+ }$word\" ;;\n"
      "    esac\n"
      "  done\n"
      "  COMPREPLY=()\n"
      "  local -a commands=(\n",
      out);
  for (size_t i = 0; i < cli_command_count; i++) fprintf(out, "    '%s'\n", cli_commands[i].path);
  fputs(
      "  )\n"
      "  local command options=''\n"
      "  for command in \"${commands[@]}\"; do\n"
      "    if [ \"$path\" = \"$command\" ] || [ \"${path#\"$command\" }\" != \"$path\" ]; then\n"
      "      case $command in\n",
      out);
  for (size_t i = 0; i < cli_command_count; i++) {
    const struct cli_command *command = &cli_commands[i];
    fprintf(out, "        '%s') options='", command->path);
    completion_options(out, options_of(command), false);
    completion_options(out, cli_global_options, false);
    fputs("'; local files='", out);
    completion_options(out, options_of(command), true);
    fprintf(out, "' takes=%s ;;\n", takes_files(command) ? "files" : "''");
  }
  fputs(
      "      esac\n"
      "      case \" $files \" in *\" $before \"*) COMPREPLY=($(compgen -f -- \"$current\")); "
      "return ;; esac\n"
      "      if [ \"${current#-}\" != \"$current\" ]; then\n"
      "        COMPREPLY=($(compgen -W \"$options\" -- \"$current\"))\n"
      "      elif [ -n \"$takes\" ] && [ -z \"$skip\" ]; then\n"
      "        COMPREPLY=($(compgen -f -- \"$current\"))\n"
      "      fi\n"
      "      return\n"
      "    fi\n"
      "  done\n"
      "  local next=''\n"
      "  for command in \"${commands[@]}\"; do\n"
      "    word=${command#\"$path\"}\n"
      "    [ -n \"$path\" ] && [ \"$word\" = \"$command\" ] && continue\n"
      "    word=${word# }\n"
      "    next=\"$next ${word%% *}\"\n"
      "  done\n"
      "  COMPREPLY=($(compgen -W \"$next\" -- \"$current\" | sort -u))\n"
      "}\n"
      "complete -o filenames -F _godwit godwit\n",
      out);
}
