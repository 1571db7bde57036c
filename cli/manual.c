/* SPDX-License-Identifier: Apache-2.0 */
/* Manual pages from the command table: godwit(1), and godwit-NOUN(1) for each
 * first word. `godwit manual DIR` writes them. */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "cli/help.h"
#include "cli/output.h"
#include "cli/session.h"
#include "cli/verbs.h"

/* Text as roff(7) takes it: a dash is a minus as it is typed, a line's first
 * dot or quote is no request. */
static void roff_text(FILE *out, const char *text) {
  bool at_start = true;
  for (; *text != 0; text++) {
    if (at_start && (*text == '.' || *text == '\'')) fputs("\\&", out);
    at_start = *text == '\n';
    if (*text == '\\') {
      fputs("\\e", out);
    } else if (*text == '-') {
      fputs("\\-", out);
    } else {
      fputc(*text, out);
    }
  }
}

static void roff_item(FILE *out, const char *term, const char *help) {
  fputs(".TP\n.B ", out);
  roff_text(out, term);
  fputc('\n', out);
  roff_text(out, help);
  fputc('\n', out);
}

static void roff_options(FILE *out, const struct cli_option *option) {
  char term[128];
  for (; option->name != NULL; option++) {
    roff_item(out, cli_option_term(term, sizeof term, option), option->help);
  }
}

static void roff_heading(FILE *out, const char *name, const char *summary) {
  fprintf(out, ".\\\" Written by `godwit manual` from the table in cli/commands.c.\n.TH \"");
  for (const char *c = name; *c != 0; c++) {
    fputc(*c >= 'a' && *c <= 'z' ? *c - 'a' + 'A' : *c, out);
  }
  fprintf(out, "\" 1 \"\" \"Godwit\" \"Godwit manual\"\n.nh\n.ad l\n.SH NAME\n");
  roff_text(out, name);
  fputs(" \\- ", out);
  roff_text(out, summary);
  fputc('\n', out);
}

static void roff_environment(FILE *out) {
  fputs(".SH OPTIONS OF ALL COMMANDS\n", out);
  roff_options(out, cli_global_options);
  fputs(".SH ENVIRONMENT AND EXIT CODES\n", out);
  roff_text(out, cli_help_environment);
}

static void roff_command(FILE *out, const struct cli_command *command) {
  fprintf(out, ".SS \"godwit %s\"\n", command->path);
  roff_text(out, command->summary);
  if (command->details != NULL) {
    fputc(' ', out);
    roff_text(out, command->details);
  }
  fputs("\n.PP\n.B ", out);
  cli_help_usage(out, command);
  fputc('\n', out);
  for (const struct cli_argument *a = cli_arguments_of(command); a->name != NULL; a++) {
    roff_item(out, a->name, a->help);
  }
  roff_options(out, cli_options_of(command));
  fputs(".PP\n.EX\n", out);
  for (const char *const *example = command->examples; *example != NULL; example++) {
    roff_text(out, *example);
    fputc('\n', out);
  }
  fputs(".EE\n", out);
}

static bool begins_noun(size_t index) {
  return index == 0 || !cli_same_noun(&cli_commands[index], &cli_commands[index - 1]);
}

static void page_of_all(FILE *out) {
  roff_heading(out, "godwit", cli_help_introduction);
  fputs(".SH SYNOPSIS\n.B godwit\n.I COMMAND\n[arguments] [options]\n.SH COMMANDS\n", out);
  for (size_t i = 0; i < cli_command_count; i++) {
    roff_item(out, cli_commands[i].path, cli_commands[i].summary);
  }
  roff_environment(out);
  fputs(".SH SEE ALSO\n", out);
  bool first = true;
  for (size_t i = 0; i < cli_command_count; i++) {
    if (!begins_noun(i)) continue;
    fprintf(out, "%s.BR godwit\\-%.*s (1)", first ? "" : ",\n",
            (int)cli_noun_length(&cli_commands[i]), cli_commands[i].path);
    first = false;
  }
  fputc('\n', out);
}

static bool is_of(const struct cli_command *command, const char *noun) {
  return cli_noun_length(command) == strlen(noun) &&
         strncmp(command->path, noun, strlen(noun)) == 0;
}

static void page_of(FILE *out, const char *noun) {
  char name[64];
  const char *summary = cli_noun_summary(noun, strlen(noun));
  snprintf(name, sizeof name, "godwit-%s", noun);
  for (size_t i = 0; i < cli_command_count && summary == NULL; i++) {
    if (is_of(&cli_commands[i], noun)) summary = cli_commands[i].summary;
  }
  roff_heading(out, name, summary != NULL ? summary : "");
  fputs(".SH COMMANDS\n", out);
  for (size_t i = 0; i < cli_command_count; i++) {
    if (is_of(&cli_commands[i], noun)) roff_command(out, &cli_commands[i]);
  }
  roff_environment(out);
  fputs(".SH SEE ALSO\n.BR godwit (1)\n", out);
}

void cli_manual_page(FILE *out, const char *noun) {
  if (noun == NULL) {
    page_of_all(out);
  } else {
    page_of(out, noun);
  }
}

static int write_page(struct cli_session *session, const char *folder, const char *noun) {
  char path[CLI_PATH_MAX];
  if ((size_t)snprintf(path, sizeof path, "%s/godwit%s%s.1", folder, noun != NULL ? "-" : "",
                       noun != NULL ? noun : "") >= sizeof path) {
    return cli_misuse(session, "the folder's path is too long; shorten it");
  }
  FILE *out = fopen(path, "w");
  if (out == NULL) {
    return cli_fail(session, "cannot create %s: %s; choose another folder", path, strerror(errno));
  }
  cli_manual_page(out, noun);
  bool good = !ferror(out);
  if (fclose(out) == 0 && good) return CLI_OK;
  return cli_fail(session, "cannot write %s: %s; free some space", path, strerror(errno));
}

int cli_manual(struct cli_session *session) {
  const char *folder = cli_argument(session, 0);
  size_t count = 1;
  if (mkdir(folder, 0755) != 0 && errno != EEXIST) {
    return cli_fail(session, "cannot create the folder %s: %s; create it yourself", folder,
                    strerror(errno));
  }
  int status = write_page(session, folder, NULL);
  for (size_t i = 0; i < cli_command_count && status == CLI_OK; i++) {
    char noun[32];
    if (!begins_noun(i)) continue;
    snprintf(noun, sizeof noun, "%.*s", (int)cli_noun_length(&cli_commands[i]),
             cli_commands[i].path);
    status = write_page(session, folder, noun);
    count++;
  }
  if (status == CLI_OK && !session->json)
    cli_fact(session, "written", "%zu pages in %s", count, folder);
  if (status == CLI_OK && session->json) fprintf(session->out, "{\"pages\": %zu}\n", count);
  return status;
}
