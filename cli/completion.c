/* SPDX-License-Identifier: Apache-2.0 */
/* Completion scripts, written from the command table. */
#include "cli/help.h"

#include <string.h>

static void completion_options(FILE *out, const struct cli_option *option, bool of_files) {
  for (; option->name != NULL; option++) {
    if (of_files && option->complete != CLI_COMPLETE_FILE) continue;
    fprintf(out, " --%s", option->name);
  }
}

static bool takes_files(const struct cli_command *command) {
  for (const struct cli_argument *a = cli_arguments_of(command); a->name != NULL; a++) {
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

void cli_completion_of_bash(FILE *out) {
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
    completion_valued(out, cli_options_of(&cli_commands[i]));
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
    completion_options(out, cli_options_of(command), false);
    completion_options(out, cli_global_options, false);
    fputs("'; local files='", out);
    completion_options(out, cli_options_of(command), true);
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

/* --- zsh ---------------------------------------------------------------------- */

/* zsh runs bash's completions itself. */
void cli_completion_of_zsh(FILE *out) {
  fputs(
      "#compdef godwit\n"
      "# zsh completion for godwit, written by `godwit completion zsh`\n"
      "autoload -U +X bashcompinit && bashcompinit\n",
      out);
  cli_completion_of_bash(out);
}

/* --- fish --------------------------------------------------------------------- */

/* Between single quotes; only these two end or change what stands there. */
static void fish_text(FILE *out, const char *text) {
  for (; *text != 0; text++) {
    if (*text == '\'' || *text == '\\') fputc('\\', out);
    fputc(*text, out);
  }
}

/* Options for the words that were typed so far. */
static void fish_options(FILE *out, const char *path, const struct cli_option *option) {
  for (; option->name != NULL; option++) {
    fputs("complete -c godwit", out);
    if (path != NULL) fprintf(out, " -n '__godwit_at \"%s\"'", path);
    fprintf(out, " -l %s", option->name);
    if (option->value != NULL) fputs(" -x", out);
    if (option->complete == CLI_COMPLETE_FILE) fputs(" -F", out);
    fputs(" -d '", out);
    fish_text(out, option->help);
    fputs("'\n", out);
  }
}

/* Each word of a path, offered after those before it. */
static void fish_words(FILE *out, const struct cli_command *command) {
  const char *path = command->path;
  for (size_t begin = 0;;) {
    size_t length = strcspn(path + begin, " ");
    bool last = path[begin + length] == 0;
    fprintf(out, "complete -c godwit -n '__godwit_at_exactly \"%.*s\"' -a %.*s",
            (int)(begin == 0 ? 0 : begin - 1), path, (int)length, path + begin);
    if (last) {
      fputs(" -d '", out);
      fish_text(out, command->summary);
      fputc('\'', out);
    }
    fputc('\n', out);
    if (last) break;
    begin += length + 1;
  }
}

void cli_completion_of_fish(FILE *out) {
  fputs(
      "# fish completion for godwit, written by `godwit completion fish`\n"
      "function __godwit_words\n"
      "  set -l words\n"
      "  set -l skip 0\n"
      "  for word in (commandline -opc)[2..-1]\n"
      "    if test $skip = 1; set skip 0; continue; end\n"
      "    switch $word\n"
      "      case",
      out);
  for (const struct cli_option *o = cli_global_options; o->name != NULL; o++) {
    if (o->value != NULL) fprintf(out, " --%s", o->name);
  }
  fputs(
      "; set skip 1\n"
      "      case '-*'\n"
      "      case '*'; set -a words $word\n"
      "    end\n"
      "  end\n"
      "  string join ' ' -- $words\n"
      "end\n"
      "function __godwit_at_exactly; test \"$(__godwit_words)\" = \"$argv\"; end\n"
      "function __godwit_at; string match -q -- \"$argv*\" \"$(__godwit_words)\"; end\n"
      "complete -c godwit -f\n",
      out);
  fish_options(out, NULL, cli_global_options);
  for (size_t i = 0; i < cli_command_count; i++) {
    const struct cli_command *command = &cli_commands[i];
    fish_words(out, command);
    fish_options(out, command->path, cli_options_of(command));
    if (takes_files(command)) {
      fprintf(out, "complete -c godwit -n '__godwit_at \"%s\"' -F\n", command->path);
    }
  }
}
