/* SPDX-License-Identifier: Apache-2.0 */
#include "server/app/options.h"

#include <arpa/inet.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "server/core/limits.h"
#include "server/rest/rest.h"

#define DEFAULT_DATA "godwit-data"
#define DEFAULT_COAP_PORT 5684 /* coaps, RFC 7252 6.2; what devices use */
#define DEFAULT_HTTP_PORT 8080

struct option_text {
  char letter; /* of ours only: there are no short options */
  const char *name;
  const char *value; /* NULL: a switch */
  const char *help;
};

static const struct option_text texts[] = {
    {'d', "data", "DIR", "everything is kept there; made when absent [" DEFAULT_DATA "]"},
    {'c', "coap-port", "PORT", "UDP port for devices, 0 for any free one [5684]"},
    {'b', "coap-bind", "ADDRESS", "address for devices [::, every address of this machine]"},
    {'p', "http-port", "PORT", "TCP port of console and REST API, 0 for any free one [8080]"},
    {'a', "http-bind", "ADDRESS", "address of console and REST API [127.0.0.1, this machine only]"},
    {'T', "tls-cert", "FILE", "HTTPS with this PEM chain; read again at SIGHUP [plain HTTP]"},
    {'Y', "tls-key", "FILE", "its key, PEM"},
    {'i', "http-insecure", NULL,
     "other machines without TLS: tokens and passwords travel in the clear"},
    {'u', "public-url", "URL", "where operators find it, if not there: links, cookies, names"},
    {'H', "http-host", "NAME", "a name that it answers to besides; may be repeated"},
    {'C', "dtls-cert", "FILE",
     "PEM chain that devices with certificates see [DIR/dtls-cert.pem, self-signed]"},
    {'K', "dtls-key", "FILE", "its key, PEM, EC P-256 or P-384 [DIR/dtls-key.pem]"},
    {'s', "csr-command", "PROGRAM", "answers devices' certificate requests [the project's own CA]"},
    {'r', "download-rate", "DEVICES", "as many begin to download in a second, of a rollout [50]"},
    {'l', "log-level", "LEVEL", "error, warning, info or debug, on standard error [info]"},
    {'j', "json-log", NULL, "one JSON object a line, on standard output and error"},
    {'V', "no-virtual-devices", NULL, "start no devices of this server's own"},
    {'k', "new-api-key", NULL, "make and print another API key of the whole server"},
    {'n', "new-link", "EMAIL", "make and print a link that signs that account in, once"},
    {'h', "help", NULL, "this text"},
    {'v', "version", NULL, "the version"},
};
#define TEXT_COUNT (sizeof(texts) / sizeof(texts[0]))

void srv_options_help(FILE *out) {
  fputs(
      "Usage: godwit server [options]\n"
      "\n"
      "Runs the server: CoAP over DTLS for devices, a web console and a REST API for\n"
      "operators and tools. The first start makes the data folder and prints an API key, once,\n"
      "and a link that signs the first admin in.\n"
      "SIGTERM or Ctrl-C stops it; it may be killed at any time without loss.\n"
      "\n"
      "Options\n",
      out);
  for (size_t i = 0; i < TEXT_COUNT; i++) {
    char left[40];
    snprintf(left, sizeof(left), "--%s%s%s", texts[i].name, texts[i].value == NULL ? "" : " ",
             texts[i].value == NULL ? "" : texts[i].value);
    fprintf(out, "  %-22s %s\n", left, texts[i].help);
  }
  fputs(
      "\n"
      "Examples\n"
      "  godwit server\n"
      "  godwit server --data /var/lib/godwit --json-log\n"
      "\n"
      "Then, in another terminal\n"
      "  godwit login                                     keep the API key\n"
      "  godwit device create kitchen                     a device and its key\n"
      "  godwit artifact upload yes_no.tflite --package model --version 1.0.0\n"
      "  godwit release create --artifact model@1.0.0 --rollout\n"
      "\n"
      "The ports in use are also in DIR/ports.json while the server runs. For other\n"
      "machines the console and the API need TLS: --tls-cert and --tls-key here, or\n"
      "a proxy before it and --public-url https://...\n",
      out);
}

const struct cli_option *srv_options_table(void) {
  static struct cli_option table[TEXT_COUNT + 1];
  for (size_t i = 0; i < TEXT_COUNT; i++) {
    table[i] =
        (struct cli_option){.name = texts[i].name, .value = texts[i].value, .help = texts[i].help};
  }
  return table;
}

__attribute__((format(printf, 1, 2))) static int fail(const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  fputs("godwit server: ", stderr);
  vfprintf(stderr, format, arguments);
  va_end(arguments);
  fputs("; see `godwit server --help`\n", stderr);
  return 2;
}

static int parse_port(const char *option, const char *text, uint16_t *out) {
  char *end;
  unsigned long port = strtoul(text, &end, 10);
  if (text[0] < '0' || text[0] > '9' || *end != 0 || port > 65535) {
    return fail("%s %s: a port is a number from 0 to 65535", option, text);
  }
  *out = (uint16_t)port;
  return 0;
}

static int parse_rate(const char *text, uint32_t *out) {
  char *end;
  unsigned long rate = strtoul(text, &end, 10);
  if (text[0] < '0' || text[0] > '9' || *end != 0 || rate < 1 || rate > 1000000) {
    return fail("--download-rate %s: a number of devices from 1 to 1000000", text);
  }
  *out = (uint32_t)rate;
  return 0;
}

static int add_host(struct srv_options *options, const char *name) {
  size_t count = 0;
  while (options->http_hosts[count] != NULL) count++;
  if (count == SRV_HTTP_HOSTS_MAX) {
    return fail("--http-host %s: more than %d names", name, SRV_HTTP_HOSTS_MAX);
  }
  options->http_hosts[count] = name;
  return 0;
}

static int apply(struct srv_options *options, int letter, const char *value) {
  switch (letter) {
    case 'd':
      options->data = value;
      break;
    case 'c':
      return parse_port("--coap-port", value, &options->coap_port);
    case 'b':
      options->coap_bind = value;
      break;
    case 'p':
      return parse_port("--http-port", value, &options->http_port);
    case 'a':
      options->http_bind = value;
      break;
    case 'T':
      options->tls_cert = value;
      break;
    case 'Y':
      options->tls_key = value;
      break;
    case 'i':
      options->http_insecure = true;
      break;
    case 'u':
      options->public_url = value;
      break;
    case 'H':
      return add_host(options, value);
    case 'C':
      options->dtls_cert = value;
      break;
    case 'K':
      options->dtls_key = value;
      break;
    case 's':
      options->csr_command = value;
      break;
    case 'r':
      return parse_rate(value, &options->download_rate);
    case 'l':
      if (!srv_log_level_parse(value, &options->log_level)) {
        return fail("--log-level %s: there are error, warning, info and debug", value);
      }
      break;
    case 'j':
      options->json_log = true;
      break;
    case 'V':
      options->no_virtual_devices = true;
      break;
    case 'k':
      options->new_api_key = true;
      break;
    case 'n':
      options->new_link = value;
      break;
    case 'h':
      options->help = true;
      break;
    case 'v':
      options->version = true;
      break;
    default:
      break;
  }
  return 0;
}

static void make_long_options(struct option out[TEXT_COUNT + 1]) {
  memset(out, 0, (TEXT_COUNT + 1) * sizeof(out[0]));
  for (size_t i = 0; i < TEXT_COUNT; i++) {
    out[i] = (struct option){.name = texts[i].name,
                             .has_arg = texts[i].value == NULL ? no_argument : required_argument,
                             .val = texts[i].letter};
  }
}

static bool begins(const char *text, const char *start) {
  return strncmp(text, start, strlen(start)) == 0;
}

static bool is_address(const char *text) {
  unsigned char bytes[16];
  return inet_pton(AF_INET, text, bytes) == 1 || inet_pton(AF_INET6, text, bytes) == 1;
}

/* Who could listen in, and is that what the operator wants? */
static int check_http(const struct srv_options *options) {
  const char *url = options->public_url;
  bool tls = options->tls_cert != NULL;
  if (tls != (options->tls_key != NULL)) return fail("%s", "--tls-cert and --tls-key go together");
  if (url != NULL && !begins(url, "http://") && !begins(url, "https://")) {
    return fail("--public-url %s: it begins with https:// or http://", url);
  }
  if (tls && url != NULL && begins(url, "http://")) {
    return fail("--public-url %s: with --tls-cert it begins with https://", url);
  }
  if (tls && options->http_insecure) {
    return fail("%s", "--http-insecure means without TLS, --tls-cert with it: leave one out");
  }
  if (tls || options->http_insecure || srv_rest_is_loopback(options->http_bind)) return 0;
  if (!is_address(options->http_bind)) return 0; /* srv_rest_create says so */
  return fail(
      "--http-bind %s lets other machines in: give --tls-cert and --tls-key, or let a TLS "
      "proxy on this machine pass them on to 127.0.0.1; --http-insecure does without, and "
      "then tokens and passwords travel in the clear",
      options->http_bind);
}

int srv_options_parse(struct srv_options *options, int argc, char **argv) {
  struct option long_options[TEXT_COUNT + 1];
  int letter;
  make_long_options(long_options);
  *options = (struct srv_options){.data = DEFAULT_DATA,
                                  .coap_port = DEFAULT_COAP_PORT,
                                  .http_port = DEFAULT_HTTP_PORT,
                                  .http_bind = "127.0.0.1",
                                  .download_rate = SRV_DOWNLOAD_RATE_DEFAULT,
                                  .log_level = SRV_LOG_INFO};
  opterr = 0;
  optind = 1;
  while ((letter = getopt_long(argc, argv, ":", long_options, NULL)) != -1) {
    const char *word = argv[optind - 1];
    if (letter == '?') return fail("unknown option %s", word);
    if (letter == ':') return fail("%s needs a value", word);
    int status = apply(options, letter, optarg);
    if (status != 0) return status;
  }
  if (optind < argc) return fail("what is '%s'? it takes options only", argv[optind]);
  if (options->data[0] == 0) return fail("%s", "--data needs a folder");
  if ((options->dtls_cert == NULL) != (options->dtls_key == NULL)) {
    return fail("%s", "--dtls-cert and --dtls-key go together");
  }
  return check_http(options);
}
