/* SPDX-License-Identifier: Apache-2.0 */
#include "server/app/app.h"

#include <fcntl.h>
#include <jansson.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "server/app/identity.h"
#include "server/app/loop.h"
#include "server/app/options.h"
#include "server/app/sign_in.h"
#include "server/core/log.h"
#include "server/core/patch.h"
#include "server/store/folder.h"
#include "virtual/virtual.h"

struct app {
  struct srv_options options;
  struct srv_folder folder;
  struct srv_loop loop;
  char coap_url[96];
  char http_url[96];
  char error[SRV_ERROR_MAX];
};

/* --- starting -------------------------------------------------------------------- */

static void gateway_stats(void *context, struct srv_gateway_stats *out) {
  srv_gateway_stats(((struct app *)context)->loop.gateway, out);
}

static int start_core(struct app *app) {
  int status = srv_folder_open(&app->folder, app->options.data, app->error);
  if (status != SRV_OK) return status;
  struct srv_core_config config = {.store = app->folder.store,
                                   .blobs = app->folder.blobs,
                                   .encode = srv_patch_encode,
                                   .download_rate = app->options.download_rate};
  return srv_core_create(&app->loop.core, &config, app->error);
}

static int start_gateway(struct app *app) {
  struct srv_identity identity;
  const struct srv_options *options = &app->options;
  int status = srv_identity_load(&identity, options->data, options->dtls_cert, options->dtls_key,
                                 app->error);
  struct srv_gateway_config config = {.bind_address = options->coap_bind,
                                      .port = options->coap_port,
                                      .certificate = identity.certificate,
                                      .key = identity.key,
                                      .csr_command = options->csr_command};
  if (status == SRV_OK) {
    status = srv_gateway_create(&app->loop.gateway, &config, app->loop.core, app->error,
                                sizeof(app->error));
  }
  if (status == SRV_OK && identity.made) {
    srv_log(SRV_LOG_INFO, "app", "made %s: devices with certificates can be given it to trust",
            identity.path);
  }
  srv_identity_free(&identity);
  return status;
}

/* Before REST, which shows them. A server that cannot run any serves all else. */
static void start_virtual_devices(struct app *app) {
  struct srv_virtual_config config = {.core = app->loop.core,
                                      .data_folder = app->options.data,
                                      .coap_address = app->options.coap_bind,
                                      .coap_port = srv_gateway_port(app->loop.gateway)};
  char error[SRV_ERROR_MAX];
  if (app->options.no_virtual_devices || !virt_is_built) return;
  if (srv_virtual_create(&app->loop.virtual_devices, &config, error) == SRV_OK) return;
  srv_log(SRV_LOG_WARNING, "app", "no virtual devices: %s", error);
}

static bool example(size_t index, struct srv_rest_example *out) {
  struct virt_example found;
  if (!virt_example(index, &found)) return false;
  *out = (struct srv_rest_example){found.name, found.data, found.size};
  return true;
}

static int start_rest(struct app *app) {
  struct srv_rest_config config = {.bind_address = app->options.http_bind,
                                   .port = app->options.http_port,
                                   .tls_cert = app->options.tls_cert,
                                   .tls_key = app->options.tls_key,
                                   .public_url = app->options.public_url,
                                   .host_names = app->options.http_hosts,
                                   .core = app->loop.core,
                                   .version = GODWIT_VERSION,
                                   .gateway_stats = gateway_stats,
                                   .gateway_context = app,
                                   .example = example};
  if (app->loop.virtual_devices != NULL) {
    config.virtual_devices = srv_virtual_for_rest(app->loop.virtual_devices);
  }
  return srv_rest_create(&app->loop.rest, &config, app->error);
}

/* IPv6 addresses stand in brackets in a URL. */
static void make_url(char out[96], const char *scheme, const char *address, unsigned port) {
  bool brackets = strchr(address, ':') != NULL;
  snprintf(out, 96, "%s://%s%.64s%s:%u", scheme, brackets ? "[" : "", address, brackets ? "]" : "",
           port);
}

static void make_urls(struct app *app) {
  const struct srv_options *options = &app->options;
  make_url(app->coap_url, "coaps", options->coap_bind == NULL ? "::" : options->coap_bind,
           srv_gateway_port(app->loop.gateway));
  make_url(app->http_url, options->tls_cert == NULL ? "http" : "https", options->http_bind,
           srv_rest_port(app->loop.rest));
}

/* Hundreds of uploads at once have a file each; shells commonly allow 1024. */
static void raise_file_limit(void) {
  struct rlimit limit;
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

static int start(struct app *app) {
  raise_file_limit();
  int status = start_core(app);
  if (status == SRV_OK) status = start_gateway(app);
  if (status == SRV_OK) start_virtual_devices(app);
  if (status == SRV_OK) status = start_rest(app);
  if (status == SRV_OK) make_urls(app);
  return status;
}

static void stop(struct app *app) {
  srv_rest_destroy(app->loop.rest);
  srv_virtual_destroy(app->loop.virtual_devices);
  if (app->loop.gateway != NULL) srv_gateway_destroy(app->loop.gateway);
  srv_core_destroy(app->loop.core);
  srv_folder_close(&app->folder);
}

/* --- telling --------------------------------------------------------------------- */

static void print_json(json_t *object) {
  char *text = json_dumps(object, JSON_COMPACT);
  if (text != NULL) puts(text);
  free(text);
  json_decref(object);
}

static void print_listening(const struct app *app) {
  if (!app->options.json_log) {
    printf("godwit %s\n\n  data      %s\n", GODWIT_VERSION, app->options.data);
    printf("  listening: %s %s\n\n", app->coap_url, app->http_url);
    return;
  }
  print_json(json_pack("{s:s, s:s, s:s, s:s, s:i, s:i, s:s}", "event", "listening", "version",
                       GODWIT_VERSION, "coap", app->coap_url, "http", app->http_url, "coapPort",
                       (int)srv_gateway_port(app->loop.gateway), "httpPort",
                       (int)srv_rest_port(app->loop.rest), "data", app->options.data));
}

static void print_key(const struct app *app, const char *text) {
  if (app->options.json_log) {
    print_json(json_pack("{s:s, s:s}", "event", "apiKey", "key", text));
    return;
  }
  printf("  API key   %s\n\n", text);
  printf("  It is shown this once. Keep it: godwit login --url %s\n\n", app->http_url);
}

/* The first start needs a key to begin with. Made when the ports are open: a
 * start that fails has used nothing up. */
static int make_key(struct app *app) {
  uint64_t count = 0;
  struct srv_query query = {0};
  struct srv_api_key key = {.name = "first"};
  char text[SRV_API_KEY_LENGTH + 1];
  int status = srv_core_list(app->loop.core, SRV_API_KEY, &query, NULL, NULL, &count);
  if (status == SRV_OK && count > 0 && !app->options.new_api_key) return SRV_OK;
  if (count > 0) snprintf(key.name, sizeof(key.name), "made with --new-api-key");
  if (status == SRV_OK) status = srv_core_create_api_key(app->loop.core, &key, text);
  if (status != SRV_OK) {
    snprintf(app->error, sizeof(app->error), "cannot make an API key: %s",
             srv_core_error(app->loop.core));
    return status;
  }
  print_key(app, text);
  explicit_bzero(text, sizeof(text));
  return SRV_OK;
}

/* Where a person's browser finds the console: an address that stands for all of
 * this machine's is none to go to. */
static void console_url(const struct app *app, char out[SRV_SIGN_IN_LINK_MAX]) {
  const struct srv_options *options = &app->options;
  bool is_any = strcmp(options->http_bind, "0.0.0.0") == 0 || strcmp(options->http_bind, "::") == 0;
  char here[96];
  make_url(here, options->tls_cert == NULL ? "http" : "https",
           is_any ? "localhost" : options->http_bind, srv_rest_port(app->loop.rest));
  snprintf(out, SRV_SIGN_IN_LINK_MAX, "%s",
           options->public_url == NULL ? here : options->public_url);
}

static int print_link(struct app *app) {
  char url[SRV_SIGN_IN_LINK_MAX], link[SRV_SIGN_IN_LINK_MAX];
  const char *email = app->options.new_link;
  console_url(app, url);
  int status = email == NULL ? srv_sign_in_first(app->loop.core, url, link, app->error)
                             : srv_sign_in_new(app->loop.core, url, email, link, app->error);
  if (status != SRV_OK || link[0] == 0) return status;
  if (app->options.json_log) {
    print_json(json_pack("{s:s, s:s}", "event", "signInLink", "url", link));
  } else {
    printf("  Open this link to sign in%s%s: %s\n\n", email == NULL ? "" : " as ",
           email == NULL ? "" : email, link);
  }
  explicit_bzero(link, sizeof(link));
  return SRV_OK;
}

static void ports_path(const struct app *app, char path[PATH_MAX], const char *ending) {
  snprintf(path, PATH_MAX, "%s/ports.json%s", app->options.data, ending);
}

/* For scripts: whole or absent. Nothing depends on it, so a full disk is only
 * worth a line. */
static void write_ports(const struct app *app) {
  char path[PATH_MAX], temporary[PATH_MAX];
  ports_path(app, path, "");
  ports_path(app, temporary, ".new");
  json_t *object =
      json_pack("{s:i, s:i, s:i, s:s, s:s}", "pid", (int)getpid(), "coapPort",
                (int)srv_gateway_port(app->loop.gateway), "httpPort",
                (int)srv_rest_port(app->loop.rest), "coap", app->coap_url, "http", app->http_url);
  if (json_dump_file(object, temporary, JSON_INDENT(2)) != 0 || rename(temporary, path) != 0) {
    srv_log(SRV_LOG_WARNING, "app", "cannot write %s", path);
  }
  json_decref(object);
}

static void remove_ports(const struct app *app) {
  char path[PATH_MAX];
  ports_path(app, path, "");
  unlink(path);
}

static void print_ready(const struct app *app) {
  if (app->options.json_log) {
    print_json(json_pack("{s:s}", "event", "ready"));
  } else {
    puts("ready");
  }
  fflush(stdout);
}

/* --- running ----------------------------------------------------------------------- */

static int serve(struct app *app) {
  print_listening(app);
  int status = make_key(app);
  if (status == SRV_OK) status = print_link(app);
  if (status != SRV_OK) return status;
  if (app->options.http_insecure && !srv_rest_is_loopback(app->options.http_bind)) {
    srv_log(
        SRV_LOG_WARNING, "app",
        "--http-insecure: console and API are plain HTTP and open to other machines: tokens and "
        "passwords travel in the clear");
  }
  write_ports(app);
  print_ready(app);
  int signal_number = srv_loop_run(&app->loop, app->error);
  remove_ports(app);
  if (signal_number < 0) return SRV_ERR_INTERNAL;
  srv_log(SRV_LOG_INFO, "app", "stopped by %s", signal_number == SIGINT ? "SIGINT" : "SIGTERM");
  return SRV_OK;
}

static int report(const struct app *app) {
  if (app->options.json_log) {
    print_json(json_pack("{s:s, s:s}", "event", "failed", "message", app->error));
  }
  fprintf(stderr, "godwit server: %s\n", app->error);
  return 1;
}

int srv_app_main(int argc, char **argv) {
  struct app app = {.folder = {.lock_fd = -1}};
  int status = srv_options_parse(&app.options, argc, argv);
  if (status != 0) return status;
  if (app.options.help) {
    srv_options_help(stdout);
    return 0;
  }
  if (app.options.version) {
    puts("godwit " GODWIT_VERSION);
    return 0;
  }
  srv_log_configure(app.options.log_level, app.options.json_log);
  umask(0077); /* the folder holds devices' keys, whatever mode it was made with */
  /* A service that is told to reload goes on, whether there is something to reload
   * or not; a server in a terminal ends with it. */
  srv_loop_catch_signals(app.options.tls_cert != NULL || !isatty(STDIN_FILENO));
  status = start(&app);
  if (status == SRV_OK) status = serve(&app);
  int exit_code = status == SRV_OK ? 0 : report(&app);
  stop(&app);
  return exit_code;
}
