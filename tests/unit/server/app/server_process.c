/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/server/app/server_process.h"

#include <curl/curl.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "server/app/app.h"

#define ARGUMENTS_MAX 24
#define START_TIMEOUT_MS 60000
#define LEAKED 99 /* exit code of a server that leaked */

int __lsan_do_recoverable_leak_check(void) __attribute__((weak));

/* --- the process ---------------------------------------------------------------- */

static void limit_file_size(long bytes) {
  struct rlimit limit = {.rlim_cur = (rlim_t)bytes, .rlim_max = RLIM_INFINITY};
  if (bytes > 0) setrlimit(RLIMIT_FSIZE, &limit);
}

static _Noreturn void run_child(struct server_process *server, const char *const *arguments,
                                int output) {
  char *argv[ARGUMENTS_MAX] = {(char *)(uintptr_t) "server", (char *)(uintptr_t) "--data",
                               server->data, (char *)(uintptr_t) "--json-log"};
  int argc = 4;
  bool ports_given = false;
  for (; arguments != NULL && *arguments != NULL; arguments++) {
    ports_given = ports_given || strcmp(*arguments, "--http-port") == 0;
    argv[argc++] = (char *)(uintptr_t)*arguments;
  }
  if (!ports_given) {
    static const char *const free_ports[] = {"--http-port", "0",           "--coap-port",
                                             "0",           "--coap-bind", "127.0.0.1"};
    for (size_t i = 0; i < 6; i++) argv[argc++] = (char *)(uintptr_t)free_ports[i];
  }
  int errors = open(server->errors_path, O_WRONLY | O_CREAT | O_APPEND, 0600);
  int input = open("/dev/null", O_RDONLY); /* a service, whatever the test was started from */
  dup2(input, STDIN_FILENO);
  close(input);
  dup2(output, STDOUT_FILENO);
  dup2(errors, STDERR_FILENO);
  close(output);
  close(errors);
  prctl(PR_SET_PDEATHSIG, SIGKILL); /* a failed test leaves no server behind */
  limit_file_size(server->file_size_limit);
  int code = srv_app_main(argc, argv);
  fflush(stdout);
  if (__lsan_do_recoverable_leak_check != NULL && __lsan_do_recoverable_leak_check() != 0) {
    code = LEAKED;
  }
  _exit(code);
}

/* Reads standard output until "ready" or its end; true when it is ready. */
static bool read_output(struct server_process *server, int fd) {
  size_t length = 0;
  struct pollfd wait = {.fd = fd, .events = POLLIN};
  server->output[0] = 0;
  while (strstr(server->output, "{\"event\":\"ready\"}") == NULL) {
    if (poll(&wait, 1, START_TIMEOUT_MS) <= 0) return false;
    ssize_t got = read(fd, server->output + length, sizeof(server->output) - 1 - length);
    if (got <= 0) return false;
    length += (size_t)got;
    server->output[length] = 0;
  }
  return true;
}

static void take_line(struct server_process *server, const char *line) {
  json_t *event = json_loads(line, 0, NULL);
  if (event == NULL) fail_msg("a line that is no JSON: %s", line);
  const char *name = json_string_value(json_object_get(event, "event"));
  if (strcmp(name, "listening") == 0) {
    server->http_port = (int)json_integer_value(json_object_get(event, "httpPort"));
    server->coap_port = (int)json_integer_value(json_object_get(event, "coapPort"));
  } else if (strcmp(name, "apiKey") == 0) {
    snprintf(server->key, sizeof(server->key), "%s",
             json_string_value(json_object_get(event, "key")));
  }
  json_decref(event);
}

static int spawn(struct server_process *server, const char *data, const char *const *arguments) {
  int output[2];
  if (data != NULL) {
    snprintf(server->data, sizeof(server->data), "%s", data);
  } else {
    snprintf(server->data, sizeof(server->data), "%s/data", test_temporary_folder());
  }
  snprintf(server->errors_path, sizeof(server->errors_path), "%s/errors", test_temporary_folder());
  assert_int_equal(pipe2(output, O_CLOEXEC), 0);
  fflush(NULL); /* or the child would print it again */
  server->pid = fork();
  assert_true(server->pid >= 0);
  if (server->pid == 0) run_child(server, arguments, output[1]);
  close(output[1]);
  return output[0];
}

void server_start(struct server_process *server, const char *data, const char *const *arguments) {
  int fd = spawn(server, data, arguments);
  if (!read_output(server, fd)) {
    fail_msg("the server did not start: %s%s", server->output, server_errors(server));
  }
  close(fd);
  char lines[sizeof(server->output)];
  strcpy(lines, server->output);
  char *rest = lines;
  for (char *line; (line = strtok_r(rest, "\n", &rest)) != NULL;) take_line(server, line);
}

static int wait_for(struct server_process *server) {
  int status = 0;
  assert_int_equal(waitpid(server->pid, &status, 0), server->pid);
  server->pid = 0;
  return status;
}

int server_run(struct server_process *server, const char *data, const char *const *arguments) {
  int fd = spawn(server, data, arguments);
  if (read_output(server, fd)) fail_msg("the server runs, against expectation");
  close(fd);
  int status = wait_for(server);
  assert_true(WIFEXITED(status));
  return WEXITSTATUS(status);
}

void server_kill(struct server_process *server) {
  kill(server->pid, SIGKILL);
  wait_for(server);
}

void server_stop(struct server_process *server) {
  kill(server->pid, SIGTERM);
  int status = wait_for(server);
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
    fail_msg("status %x: %s", (unsigned)status, server_errors(server));
  }
}

char *server_errors(const struct server_process *server) {
  size_t size;
  return (char *)test_read_file(server->errors_path, &size);
}

/* --- the client -------------------------------------------------------------------- */

static struct http_answer last;
static size_t body_capacity;

static size_t take_body(char *data, size_t one, size_t size, void *context) {
  (void)one;
  (void)context;
  if (last.size + size + 1 > body_capacity) {
    body_capacity = (last.size + size + 1) * 2;
    last.body = realloc(last.body, body_capacity);
  }
  memcpy(last.body + last.size, data, size);
  last.size += size;
  last.body[last.size] = 0;
  return size;
}

static size_t take_header(char *data, size_t one, size_t size, void *context) {
  (void)one;
  (void)context;
  size_t used = strlen(last.headers);
  snprintf(last.headers + used, sizeof(last.headers) - used, "%.*s", (int)size, data);
  return size;
}

static struct curl_slist *make_headers(const struct server_process *server,
                                       const struct http_request *request) {
  char line[256];
  const char *key = request->key == NULL ? server->key : request->key;
  struct curl_slist *headers = NULL;
  snprintf(line, sizeof(line), "x-api-key: %s", key);
  if (key[0] != 0) headers = curl_slist_append(headers, line);
  snprintf(line, sizeof(line), "content-type:%s%s", request->content_type == NULL ? "" : " ",
           request->content_type == NULL ? "" : request->content_type);
  headers = curl_slist_append(headers, line);
  headers = curl_slist_append(headers, "expect:");
  if (request->chunked) headers = curl_slist_append(headers, "transfer-encoding: chunked");
  if (request->header != NULL) headers = curl_slist_append(headers, request->header);
  return headers;
}

struct source {
  const char *data;
  size_t left;
};

static size_t give_body(char *out, size_t one, size_t size, void *context) {
  struct source *source = context;
  size_t count = source->left < one * size ? source->left : one * size;
  memcpy(out, source->data, count);
  source->data += count;
  source->left -= count;
  return count;
}

const struct http_answer *http_send(const struct server_process *server,
                                    const struct http_request *request) {
  static CURL *curl;
  char url[1024];
  struct source source = {.data = request->body, .left = request->size};
  if (curl == NULL) curl = curl_easy_init();
  curl_easy_reset(curl);
  snprintf(url, sizeof(url), "%s:%d%s",
           server->ca_path == NULL ? "http://127.0.0.1" : "https://localhost", server->http_port,
           request->path);
  struct curl_slist *headers = make_headers(server, request);
  curl_easy_setopt(curl, CURLOPT_URL, url);
  curl_easy_setopt(curl, CURLOPT_PATH_AS_IS, 1L);
  curl_easy_setopt(curl, CURLOPT_CAINFO, server->ca_path);
  curl_easy_setopt(curl, CURLOPT_FRESH_CONNECT, server->ca_path == NULL ? 0L : 1L);
  curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
  curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_body);
  curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, take_header);
  curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(curl, CURLOPT_TIMEOUT, 60L);
  if (request->chunked) {
    curl_easy_setopt(curl, CURLOPT_POST, 1L);
    curl_easy_setopt(curl, CURLOPT_READFUNCTION, give_body);
    curl_easy_setopt(curl, CURLOPT_READDATA, &source);
  } else if (request->body != NULL) {
    curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->size);
    curl_easy_setopt(curl, CURLOPT_POSTFIELDS, request->body);
  }
  if (request->method != NULL) {
    bool head = strcmp(request->method, "HEAD") == 0;
    if (head) curl_easy_setopt(curl, CURLOPT_NOBODY, 1L);
    if (!head) curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, request->method);
  }
  json_decref(last.document);
  last.document = NULL;
  last.size = 0;
  last.status = 0;
  last.headers[0] = 0;
  take_body((char *)(uintptr_t) "", 1, 0, NULL);
  if (curl_easy_perform(curl) == CURLE_OK) {
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &last.status);
    last.document = json_loadb(last.body, last.size, 0, NULL);
  }
  curl_slist_free_all(headers);
  return &last;
}

const struct http_answer *http_json(const struct server_process *server, const char *method,
                                    const char *path, const char *body) {
  struct http_request request = {.method = method,
                                 .path = path,
                                 .body = body,
                                 .size = body == NULL ? 0 : strlen(body),
                                 .content_type = body == NULL ? NULL : "application/json"};
  return http_send(server, &request);
}

void http_expect(const struct http_answer *answer, long status) {
  if (answer->status != status) fail_msg("%ld, not %ld: %s", answer->status, status, answer->body);
}
