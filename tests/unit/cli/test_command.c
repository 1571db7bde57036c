/* SPDX-License-Identifier: Apache-2.0 */
/* Parsing, help and what else is made from the command table. */
#include <stdlib.h>
#include <unistd.h>

#include "cli/command.h"
#include "cli/help.h"
#include "tests/support/test.h"
#include "tests/unit/cli/run.h"

static void forget_environment(void) {
  unsetenv("GODWIT_URL");
  unsetenv("GODWIT_API_KEY");
  unsetenv("GODWIT_PROJECT");
  unsetenv("XDG_CONFIG_HOME");
}

TEST(distance_counts_insertions_deletions_changes_and_swaps) {
  assert_int_equal(cli_distance("device", "device"), 0);
  assert_int_equal(cli_distance("devcie", "device"), 1);
  assert_int_equal(cli_distance("devce", "device"), 1);
  assert_int_equal(cli_distance("devvice", "device"), 1);
  assert_int_equal(cli_distance("tevice", "device"), 1);
  assert_int_equal(cli_distance("", "device"), 6);
  assert_int_equal(cli_distance("device", ""), 6);
  assert_int_equal(cli_distance("", ""), 0);
}

TEST(wrong_command_lines_exit_with_2_and_one_line_that_says_what_to_do) {
  static const struct {
    const char *words[8];
    const char *error;
  } wrong[] = {
      {{"devcie", "list"}, "unknown command 'devcie'; did you mean 'device'?"},
      {{"device", "lsit"}, "device: unknown command 'lsit'; did you mean 'list'?"},
      {{"device", "tag", "ad"}, "device tag: unknown command 'ad'; did you mean 'add'?"},
      {{"xyzzyplugh"}, "unknown command 'xyzzyplugh'; `godwit --help` lists them"},
      {{"device"}, "device: which verb?"},
      {{"release", "rollout"}, "release rollout: which verb?"},
      {{"--json"}, "which command?"},
      {{"device", "list", "--jsno"}, "unknown option --jsno; did you mean --json?"},
      {{"device", "list", "--plugh"}, "unknown option --plugh; `godwit device list --help`"},
      {{"device", "list", "-x"}, "unknown option -x"},
      {{"device", "list", "--json=yes"}, "--json is a switch and takes no value"},
      {{"device", "list", "--url"}, "--url needs a value"},
      {{"device", "list", "--url="}, "--url has an empty value"},
      {{"device", "list", "--url", "a", "--url", "b"}, "--url is given twice"},
      {{"device", "list", "more"}, "one argument too many: 'more'"},
      {{"device", "show"}, "DEVICE is missing"},
      {{"device", "show", ""}, "DEVICE is empty"},
      {{"device", "tag", "add", "kitchen"}, "TAG is missing"},
      {{"artifact", "upload", "f", "--package", "model"}, "--version is missing"},
      {{"artifact", "upload", "f", "--version", "1.0.0"}, "--package is missing"},
      {{"release", "create", "--rollout"}, "--artifact is missing"},
      {{"release", "create", "--artifact", "model"}, "write PACKAGE@VERSION"},
      {{"release", "create", "--artifact", "model@"}, "write PACKAGE@VERSION"},
      {{"release", "create", "--artifact", "@1.0.0"}, "write PACKAGE@VERSION"},
      {{"device", "create", "a", "--no-credential", "--psk", "x"}, "contradict"},
      {{"device", "list", "--url", "ftp://host"},
       "url 'ftp://host' from the command line is no server's address"},
      {{"device", "list", "--url", "http://"},
       "is no server's address; it looks like http://127.0.0.1:8080"},
      {{"device", "list", "--url", "http://user@host"}, "is no server's address"},
      {{"device", "list", "--api-key", "a b"}, "has a space or control character"},
      {{"device", "list", "--api-key", "a\r\nx-evil: 1"}, "has a space or control character"},
      {{"device", "history", "d", "--limit", "0"}, "--limit is '0', 1 to 1000 are possible"},
      {{"device", "history", "d", "--limit", "many"}, "--limit is 'many'"},
      {{"server"}, "is another part of this program"},
  };
  forget_environment();
  for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
    const struct run *run = run_cli(wrong[i].words);
    print_message("%s", run->err);
    assert_status(run, CLI_USAGE);
    assert_error(run, wrong[i].error);
    assert_string_equal(run->out, "");
  }
}

TEST(too_many_words_are_refused_not_overrun) {
  static const char *words[CLI_ARGUMENTS_MAX + 8];
  size_t count = 0;
  words[count++] = "device";
  words[count++] = "tag";
  words[count++] = "add";
  while (count < CLI_ARGUMENTS_MAX + 5) words[count++] = "tag";
  words[count] = NULL;
  assert_error(run_cli(words), "too many arguments");
  count = 0;
  words[count++] = "device";
  words[count++] = "list";
  while (count < 90) words[count++] = "--json";
  words[count] = NULL;
  assert_error(run_cli(words), "too many options");
}

TEST(options_may_stand_anywhere_and_take_their_value_either_way) {
  struct cli_parsed parsed;
  char *words[] = {(char[]){"godwit"},      (char[]){"--json"},  (char[]){"device"},
                   (char[]){"--project=p"}, (char[]){"create"},  (char[]){"--tag"},
                   (char[]){"a"},           (char[]){"kitchen"}, (char[]){"--tag=b"}};
  assert_int_equal(cli_parse(&parsed, 9, words, stderr), CLI_OK);
  assert_string_equal(parsed.command->path, "device create");
  assert_int_equal(parsed.argument_count, 1);
  assert_string_equal(parsed.argument[0], "kitchen");
  assert_string_equal(cli_parsed_value(&parsed, "project"), "p");
  assert_string_equal(cli_parsed_value(&parsed, "tag"), "b");
  assert_true(cli_parsed_has(&parsed, "json"));
  assert_false(cli_parsed_has(&parsed, "yes"));
  assert_int_equal(parsed.option_count, 4);
}

TEST(after_two_dashes_a_name_may_look_like_an_option) {
  struct cli_parsed parsed;
  char *words[] = {(char[]){"godwit"}, (char[]){"device"}, (char[]){"show"}, (char[]){"--"},
                   (char[]){"--json"}};
  assert_int_equal(cli_parse(&parsed, 5, words, stderr), CLI_OK);
  assert_string_equal(parsed.argument[0], "--json");
  assert_false(cli_parsed_has(&parsed, "json"));
}

/* --- what is made from the table ---------------------------------------------- */

TEST(every_command_has_help_with_an_example_of_itself) {
  char start[128];
  for (size_t i = 0; i < cli_command_count; i++) {
    const struct cli_command *command = &cli_commands[i];
    char words[128], *word[8], *save = NULL;
    const char *run_words[10];
    size_t count = 0;
    snprintf(words, sizeof words, "%s", command->path);
    for (word[0] = strtok_r(words, " ", &save); word[0] != NULL;
         word[0] = strtok_r(NULL, " ", &save)) {
      run_words[count++] = word[0];
    }
    run_words[count++] = "--help";
    run_words[count] = NULL;
    const struct run *run = run_cli(run_words);
    assert_status(run, CLI_OK);
    assert_contains(run->out, command->summary);
    snprintf(start, sizeof start, "\nExamples\n  godwit %s", command->path);
    assert_contains(run->out, start);
    for (const struct cli_option *o = command->options; o != NULL && o->name != NULL; o++) {
      snprintf(start, sizeof start, "  --%s", o->name);
      assert_contains(run->out, start);
    }
    assert_string_equal(run->err, "");
  }
}

/* An example that would not be understood is worse than none. */
TEST(every_example_parses) {
  for (size_t i = 0; i < cli_command_count; i++) {
    for (const char *const *example = cli_commands[i].examples; *example != NULL; example++) {
      struct cli_parsed parsed;
      char text[256], *words[32], *save = NULL;
      int count = 0;
      if (cli_commands[i].run == NULL) continue;
      snprintf(text, sizeof text, "%s", *example);
      for (char *word = strtok_r(text, " ", &save); word != NULL;
           word = strtok_r(NULL, " ", &save)) {
        if (word[0] == '<' || word[0] == '>') break; /* the shell's */
        if (word[0] == '\'') { /* 'Green house': its last word stands for all */
          while (word[strlen(word) - 1] != '\'') word = strtok_r(NULL, " ", &save);
        }
        words[count++] = word;
      }
      if (cli_parse(&parsed, count, words, stderr) != CLI_OK) fail_msg("%s", *example);
      assert_ptr_equal(parsed.command, &cli_commands[i]);
    }
  }
}

TEST(paths_and_options_are_unique_and_every_noun_is_explained) {
  for (size_t i = 0; i < cli_command_count; i++) {
    const struct cli_command *command = &cli_commands[i];
    size_t noun = strcspn(command->path, " ");
    if (command->path[noun] == ' ') assert_non_null(cli_noun_summary(command->path, noun));
    for (size_t j = 0; j < i; j++) assert_string_not_equal(command->path, cli_commands[j].path);
    for (const struct cli_option *o = command->options; o != NULL && o->name != NULL; o++) {
      for (const struct cli_option *g = cli_global_options; g->name != NULL; g++) {
        assert_string_not_equal(o->name, g->name);
      }
    }
  }
}

TEST(help_of_everything_and_of_a_noun_lists_the_commands) {
  static const char *const ways[][4] = {{NULL}, {"--help"}, {"help"}, {"-h"}};
  for (size_t i = 0; i < 4; i++) {
    const struct run *run = run_cli(ways[i]);
    assert_status(run, CLI_OK);
    for (size_t k = 0; k < cli_command_count; k++) assert_contains(run->out, cli_commands[k].path);
  }
  const struct run *run = RUN("help", "device", "tag");
  assert_status(run, CLI_OK);
  assert_contains(run->out, "device tag remove");
  assert_null(strstr(run->out, "device list"));
  assert_status(RUN("help", "devcie"), CLI_USAGE);
}

TEST(the_reference_page_is_what_the_table_says) {
  size_t size;
  const struct run *run = RUN("reference");
  uint8_t *page = test_read_file(GODWIT_SOURCE_DIR "/docs/guide/cli.md", &size);
  assert_status(run, CLI_OK);
  if (strcmp((const char *)page, run->out) != 0) {
    fail_msg("docs/guide/cli.md is old; write it anew: godwit reference > docs/guide/cli.md");
  }
  free(page);
}

/* Lets bash complete `godwit WORDS` and returns what it would offer. */
static const char *complete(const char *words, char *out, size_t size) {
  static const char script[] =
      "source \"$0\"; read -r -a COMP_WORDS <<< \"$1\"; [ \"${1% }\" = \"$1\" ] || "
      "COMP_WORDS+=(\"\");"
      "COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); _godwit; echo \"${COMPREPLY[*]}\"";
  char path[1200], command[4096];
  snprintf(path, sizeof path, "%s/completion", test_temporary_folder());
  FILE *file = fopen(path, "w");
  assert_non_null(file);
  cli_completion_of_bash(file);
  fclose(file);
  snprintf(command, sizeof command, "bash -c '%s' %s '%s' 2>&1", script, path, words);
  FILE *shell = popen(command, "r");
  assert_non_null(shell);
  out[fread(out, 1, size - 1, shell)] = 0;
  pclose(shell);
  out[strcspn(out, "\n")] = 0;
  return out;
}

TEST(bash_completes_words_options_and_files) {
  char out[4096];
  if (access("/bin/bash", X_OK) != 0) test_skip("no bash");
  assert_string_equal(complete("godwit de", out, sizeof out), "device");
  assert_string_equal(complete("godwit device ta", out, sizeof out), "tag");
  assert_string_equal(complete("godwit device tag ", out, sizeof out), "add remove");
  assert_string_equal(complete("godwit --url http://x release rollout ", out, sizeof out),
                      "off on");
  assert_string_equal(complete("godwit release create --ro", out, sizeof out), "--rollout");
  assert_string_equal(complete("godwit device show --", out, sizeof out),
                      "--url --api-key --project --profile --json --help");
  assert_string_equal(
      complete("godwit model inspect /etc/host", out, sizeof out)[0] == '/' ? "file" : out, "file");
  assert_string_equal(complete("godwit device list --project ", out, sizeof out), "");
}

/* The script is one that the shell itself takes. */
static void check_script(const char *shell, const char *name, void (*write)(FILE *out)) {
  char path[1200], command[1400];
  if (system(NULL) == 0) test_skip("no shell");
  snprintf(command, sizeof command, "command -v %s >/dev/null", shell);
  if (system(command) != 0) test_skip(shell);
  snprintf(path, sizeof path, "%s/%s", test_temporary_folder(), name);
  FILE *file = fopen(path, "w");
  assert_non_null(file);
  write(file);
  assert_int_equal(fclose(file), 0);
  snprintf(command, sizeof command, "%s -n %s", shell, path);
  assert_int_equal(system(command), 0);
}

TEST(zsh_takes_its_completion_script) { check_script("zsh", "_godwit", cli_completion_of_zsh); }

TEST(fish_takes_its_completion_script) {
  check_script("fish", "godwit.fish", cli_completion_of_fish);
}

TEST(manual_pages_name_every_command_and_keep_dashes) {
  char path[1200], text[65536];
  for (size_t i = 0; i < cli_command_count; i++) {
    char noun[32], heading[128];
    snprintf(noun, sizeof noun, "%.*s", (int)strcspn(cli_commands[i].path, " "),
             cli_commands[i].path);
    snprintf(path, sizeof path, "%s/page", test_temporary_folder());
    FILE *file = fopen(path, "w+");
    assert_non_null(file);
    cli_manual_page(file, noun);
    rewind(file);
    size_t length = fread(text, 1, sizeof text - 1, file);
    text[length] = 0;
    fclose(file);
    snprintf(heading, sizeof heading, ".SS \"godwit %s\"\n", cli_commands[i].path);
    assert_contains(text, heading);
    assert_contains(text, "\\-\\-json");
    /* A line that begins with a dot is a request that man(7) knows. */
    for (const char *line = text; line != NULL; line = strchr(line, '\n')) {
      line += *line == '\n';
      if (line[0] == '.') assert_non_null(strchr("TSPBEIna\\", line[1]));
    }
  }
}

TEST(manual_pages_are_what_man_can_show) {
  char command[2600];
  const char *folder = test_temporary_folder();
  if (system("command -v groff >/dev/null") != 0) test_skip("no groff");
  assert_status(RUN("manual", folder), CLI_OK);
  snprintf(command, sizeof command,
           "test -z \"$(groff -man -Tascii -ww %s/godwit*.1 2>&1 >/dev/null)\"", folder);
  assert_int_equal(system(command), 0);
}
