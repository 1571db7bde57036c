/* SPDX-License-Identifier: Apache-2.0 */
#include "virtual/options.h"

#include <errno.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static const struct option long_options[] = {
    {"host", required_argument, NULL, 'h'},
    {"port", required_argument, NULL, 'p'},
    {"identity", required_argument, NULL, 'i'},
    {"store", required_argument, NULL, 's'},
    {"seed", required_argument, NULL, 'r'},
    {"parent", required_argument, NULL, 'P'},
    {NULL, 0, NULL, 0},
};

__attribute__((format(printf, 1, 2))) static int fail(const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  fputs("godwit virtual-device: ", stderr);
  vfprintf(stderr, format, arguments);
  va_end(arguments);
  fputs(
      "\nusage: godwit virtual-device --identity ID@PROJECT --store DIR [--host HOST] "
      "[--port PORT] [--seed N] < KEY\n",
      stderr);
  return 2;
}

static int parse_number(const char *name, const char *text, unsigned long max, unsigned long *out) {
  char *end;
  errno = 0;
  *out = strtoul(text, &end, 10);
  if (text[0] < '0' || text[0] > '9' || *end != 0 || errno != 0 || *out > max) {
    return fail("--%s %s: a number from 0 to %lu is wanted", name, text, max);
  }
  return 0;
}

static int apply(struct virt_options *options, int letter, const char *value) {
  unsigned long number = 0;
  int status = 0;
  switch (letter) {
    case 'h':
      options->host = value;
      break;
    case 'i':
      options->identity = value;
      break;
    case 's':
      options->store = value;
      break;
    case 'p':
      status = parse_number("port", value, UINT16_MAX, &number);
      options->port = (uint16_t)number;
      break;
    case 'r':
      status = parse_number("seed", value, UINT32_MAX, &number);
      options->seed = (uint32_t)number;
      break;
    case 'P':
      status = parse_number("parent", value, INT32_MAX, &number);
      options->parent = (long)number;
      break;
    default:
      status = fail("what is %s?", value);
      break;
  }
  return status;
}

/* Never on the command line, where every user of the machine can read it. */
static int read_key(struct virt_options *options) {
  ssize_t count;
  while (options->key_size < sizeof options->key &&
         (count = read(STDIN_FILENO, options->key + options->key_size,
                       sizeof options->key - options->key_size)) != 0) {
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return fail("cannot read the key from standard input: %s", strerror(errno));
    options->key_size += (size_t)count;
  }
  if (options->key_size > 0 && options->key[options->key_size - 1] == '\n') options->key_size--;
  return options->key_size > 0 ? 0 : fail("the pre-shared key is wanted on standard input");
}

int virt_options_parse(struct virt_options *options, int argc, char **argv) {
  int letter;
  *options = (struct virt_options){
      .host = "127.0.0.1", .port = 5684, .seed = (uint32_t)time(NULL) ^ (uint32_t)getpid()};
  opterr = 0;
  optind = 1;
  while ((letter = getopt_long(argc, argv, ":", long_options, NULL)) != -1) {
    const char *word = argv[optind - 1];
    if (letter == ':') return fail("%s needs a value", word);
    int status = apply(options, letter, letter == '?' ? word : optarg);
    if (status != 0) return status;
  }
  if (optind < argc) return fail("what is '%s'? it takes options only", argv[optind]);
  if (options->identity == NULL) return fail("--identity is missing");
  if (options->store == NULL) return fail("--store is missing");
  return read_key(options);
}
