/* SPDX-License-Identifier: Apache-2.0 */
/* What REST costs: CPU time of the server's process for each read, asked by
 * another process over connections that stay open; and how long lists of a large
 * fleet take. bench_rest [DEVICES, default 100000] [REQUESTS a case, default 20000]
 * [PATH, this one only] */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "server/core/fleet.h"
#include "server/rest/rest.h"
#include "server/store/folder.h"

#define PROJECT SRV_DEFAULT_PROJECT
#define CONNECTIONS 16
#define ANSWER_MAX (4u * 1024 * 1024)

/* What the server tells its client, when it is ready. */
struct hello {
  uint16_t port;
  char key[SRV_API_KEY_LENGTH + 1];
  char device_id[SRV_ID_LENGTH + 1];
  char tag_id[SRV_ID_LENGTH + 1];
  char release_id[SRV_ID_LENGTH + 1];
  char artifact_id[SRV_ID_LENGTH + 1];
};

/* --- the server ----------------------------------------------------------------------- */

static struct srv_core *core;

static void must(int status, const char *what) {
  if (status == SRV_OK) return;
  fprintf(stderr, "bench_rest: %s: %s\n", what, core == NULL ? "failed" : srv_core_error(core));
  _exit(1);
}

static void make_device(size_t i, const struct srv_tag *tag, const struct srv_blueprint *blueprint,
                        struct hello *hello) {
  struct srv_device device = {.project_id = PROJECT, .enabled = true, .tag_count = i % 2};
  struct gw_report report = {.state = GW_OTA_IDLE, .package = "model"};
  struct srv_device_ref ref = {.project_id = PROJECT};
  snprintf(device.name, sizeof(device.name), "kitchen-sensor-%06zu", (i * 7919) % 1000000);
  strcpy(device.tag_id[0], tag->id);
  if (i % 3 == 0) strcpy(device.blueprint_id, blueprint->id);
  must(srv_core_create_device(core, &device), "device");
  strcpy(ref.device_id, device.id);
  snprintf(report.version, sizeof(report.version), "1.%u.0", (unsigned)(i % 5));
  must(srv_core_report(core, &ref, &report), "report");
  srv_core_device_online(core, &ref);
  if (i % 10 != 0) srv_core_device_offline(core, &ref);
  if (i == 0) strcpy(hello->device_id, device.id);
}

static void make_release(struct hello *hello) {
  static char bytes[20000];
  for (int i = 0; i < 20; i++) {
    struct srv_artifact artifact = {.project_id = PROJECT, .package = "model"};
    struct srv_release release = {.project_id = PROJECT, .rollout = true, .artifact_count = 1};
    snprintf(artifact.version, sizeof(artifact.version), "1.%d.0", i);
    bytes[0] = (char)i;
    must(srv_core_create_artifact(core, &artifact, bytes, sizeof(bytes), true), "artifact");
    strcpy(release.artifact_id[0], artifact.id);
    must(srv_core_create_release(core, &release), "release");
    strcpy(hello->release_id, release.id);
    strcpy(hello->artifact_id, artifact.id);
  }
}

static void fill(size_t devices, struct hello *hello) {
  struct srv_tag tag = {.project_id = PROJECT, .name = "beta"};
  struct srv_blueprint blueprint = {.project_id = PROJECT, .name = "board"};
  struct srv_api_key key = {.name = "bench"};
  must(srv_core_create_api_key(core, &key, hello->key), "key");
  must(srv_core_create_tag(core, &tag), "tag");
  must(srv_core_create_blueprint(core, &blueprint), "blueprint");
  strcpy(hello->tag_id, tag.id);
  for (size_t i = 0; i < devices; i++) {
    if (i % 1000 == 0) srv_core_batch_begin(core);
    make_device(i, &tag, &blueprint, hello);
    if (i % 1000 == 999 || i + 1 == devices) must(srv_core_batch_commit(core), "devices");
  }
  make_release(hello);
}

static void serve(size_t devices, const char *folder, int to_client) {
  struct srv_folder data;
  struct srv_rest *rest;
  struct hello hello = {0};
  char error[SRV_ERROR_MAX];
  if (srv_folder_open(&data, folder, error) != SRV_OK) {
    fprintf(stderr, "bench_rest: %s\n", error);
    _exit(1);
  }
  struct srv_core_config config = {.store = data.store, .blobs = data.blobs};
  must(srv_core_create(&core, &config, error), "core");
  fill(devices, &hello);
  struct srv_rest_config rest_config = {.core = core, .version = "bench"};
  if (srv_rest_create(&rest, &rest_config, error) != SRV_OK) {
    fprintf(stderr, "bench_rest: %s\n", error);
    _exit(1);
  }
  hello.port = srv_rest_port(rest);
  srv_core_tick(core);
  while (srv_core_has_work(core)) srv_core_tick(core); /* as a server that runs for a while */
  if (write(to_client, &hello, sizeof(hello)) != sizeof(hello)) _exit(1);
  for (;;) {
    struct pollfd wait = {.fd = srv_rest_fd(rest), .events = POLLIN};
    int timeout = srv_core_has_work(core) ? 0 : srv_rest_timeout_ms(rest);
    poll(&wait, 1, timeout < 0 || timeout > 1000 ? 1000 : timeout);
    srv_rest_run(rest);
    srv_core_tick(core);
  }
}

/* --- the client -------------------------------------------------------------------------- */

static struct hello server;
static pid_t server_pid;
static int connection[CONNECTIONS];
static char *answer;

static double now_us(clockid_t clock) {
  struct timespec now;
  clock_gettime(clock, &now);
  return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

static double server_cpu_us(void) {
  clockid_t clock;
  if (clock_getcpuclockid(server_pid, &clock) != 0) exit(1);
  return now_us(clock);
}

static int open_connection(void) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(server.port)};
  int fd = socket(AF_INET, SOCK_STREAM, 0), on = 1;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  if (connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0) return fd;
  perror("bench_rest: connect");
  exit(1);
}

/* "PATH" is read, "PATH BODY" is posted. */
static void send_request(int fd, const char *path) {
  char request[2048];
  const char *body = strchr(path, ' ');
  int path_length = (int)(body == NULL ? strlen(path) : (size_t)(body - path));
  body = body == NULL ? "" : body + 1;
  int length = snprintf(request, sizeof(request),
                        "%s %.*s HTTP/1.1\r\nhost: 127.0.0.1:%u\r\nx-api-key: %s\r\n"
                        "content-length: %zu\r\n\r\n%s",
                        body[0] == 0 ? "GET" : "POST", path_length, path, server.port, server.key,
                        strlen(body), body);
  if (send(fd, request, (size_t)length, 0) != length) exit(1);
}

/* Bytes of the body; the whole answer is in answer. */
static size_t receive(int fd, const char *path) {
  size_t used = 0, wanted = 0;
  char *body = NULL;
  while (body == NULL || used < wanted) {
    ssize_t length = recv(fd, answer + used, ANSWER_MAX - used - 1, 0);
    if (length <= 0) {
      fprintf(stderr, "bench_rest: no answer to %s\n", path);
      exit(1);
    }
    used += (size_t)length;
    answer[used] = 0;
    if (body != NULL || (body = strstr(answer, "\r\n\r\n")) == NULL) continue;
    const char *size = strcasestr(answer, "content-length:");
    wanted = (size_t)(body + 4 - answer) + (size == NULL ? 0 : strtoul(size + 15, NULL, 10));
  }
  if (strncmp(answer, "HTTP/1.1 200", 12) != 0) {
    fprintf(stderr, "bench_rest: %s: %.300s\n", path, answer);
    exit(1);
  }
  return used - (size_t)(body + 4 - answer);
}

static void measure_rate(const char *what, const char *path, size_t requests) {
  size_t bytes = 0;
  double cpu = server_cpu_us(), wall = now_us(CLOCK_MONOTONIC);
  for (size_t i = 0; i < requests; i += CONNECTIONS) {
    for (size_t k = 0; k < CONNECTIONS; k++) send_request(connection[k], path);
    for (size_t k = 0; k < CONNECTIONS; k++) bytes = receive(connection[k], path);
  }
  requests = (requests + CONNECTIONS - 1) / CONNECTIONS * CONNECTIONS;
  cpu = (server_cpu_us() - cpu) / (double)requests;
  wall = (now_us(CLOCK_MONOTONIC) - wall) / (double)requests;
  printf("  %-34s %8zu B %8.1f us %9.0f /s a core   (%.1f us by the clock)\n", what, bytes, cpu,
         1e6 / cpu, wall);
  fflush(stdout);
}

static int compare(const void *a, const void *b) {
  double left = *(const double *)a, right = *(const double *)b;
  return (left > right) - (left < right);
}

#define ROUNDS 21

static void measure_time(const char *what, const char *path) {
  double took[ROUNDS];
  size_t bytes = 0;
  double cpu = server_cpu_us();
  for (int i = 0; i < ROUNDS; i++) {
    double begin = now_us(CLOCK_MONOTONIC);
    send_request(connection[0], path);
    bytes = receive(connection[0], path);
    took[i] = (now_us(CLOCK_MONOTONIC) - begin) / 1000;
  }
  cpu = (server_cpu_us() - cpu) / ROUNDS / 1000;
  qsort(took, ROUNDS, sizeof(took[0]), compare);
  printf("  %-44s %8zu B %7.1f ms %7.1f ms %7.1f ms\n", what, bytes, cpu, took[ROUNDS / 2],
         took[ROUNDS - 1]);
  fflush(stdout);
}

static void measure_lists(size_t devices) {
  char path[512];
  printf("\n%6zu devices, pages of 20: %40s %10s %10s\n", devices, "CPU", "median", "worst");
  const char *base = "/v1/projects/" PROJECT;
#define CASE(what, ...)                                              \
  do {                                                               \
    int used = snprintf(path, sizeof(path), "%s", base);             \
    snprintf(path + used, sizeof(path) - (size_t)used, __VA_ARGS__); \
    measure_time(what, path);                                        \
  } while (0)
  CASE("first page", "/devices?perPage=20");
  CASE("last page", "/devices?perPage=20&page=%zu", devices / 20 - 1);
  CASE("part of the name", "/devices?perPage=20&term=0042");
  CASE("part of the name that none has", "/devices?perPage=20&term=nobody");
  CASE("online", "/devices?perPage=20&status=online");
  CASE("offline, last page", "/devices?perPage=20&status=offline&page=%zu", devices / 25);
  CASE("with a tag", "/devices?perPage=20&tags=%s", server.tag_id);
  CASE("of a blueprint", "/devices?perPage=20&blueprintId=board");
  CASE("running a version", "/devices?perPage=20&version=model@1.3.0");
  CASE("by name", "/devices?perPage=20&sort=name");
  CASE("by name, in the middle", "/devices?perPage=20&sort=name&page=%zu", devices / 40);
  CASE("by last report, newest first", "/devices?perPage=20&sort=lastReport&order=desc");
  CASE("by creation, newest first", "/devices?perPage=20&sort=createdAt&order=desc");
  CASE("all of it: tag, online, version, by name",
       "/devices?perPage=20&tags=%s&status=online&version=model@1.3.0&sort=name", server.tag_id);
  CASE("a page of 1000", "/devices?perPage=1000");
  CASE("overview", "/overview");
  CASE("rollout of a release", "/releases/%s/rollout", server.release_id);
  CASE("its devices", "/releases/%s/devices?perPage=20", server.release_id);
  CASE("its devices that wait, last page", "/releases/%s/devices?perPage=20&state=waiting&page=%zu",
       server.release_id, devices / 20 - 1);
  CASE("a preview", "/releases/preview {\"artifactIds\":[\"%s\"],\"perPage\":20}",
       server.artifact_id);
}

int main(int argc, char **argv) {
  size_t devices = argc > 1 ? strtoul(argv[1], NULL, 10) : 100000;
  size_t requests = argc > 2 ? strtoul(argv[2], NULL, 10) : 20000;
  char folder[] = "/tmp/godwit-bench-XXXXXX", command[64], path[256];
  int channel[2];
  if (mkdtemp(folder) == NULL || pipe(channel) != 0) return 1;
  server_pid = fork();
  if (server_pid == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    serve(devices, folder, channel[1]);
  }
  close(channel[1]);
  answer = malloc(ANSWER_MAX);
  if (answer == NULL || read(channel[0], &server, sizeof(server)) != sizeof(server)) return 1;
  for (size_t i = 0; i < CONNECTIONS; i++) connection[i] = open_connection();
  if (argc > 3) { /* for profiling */
    measure_rate(argv[3], argv[3], requests);
    return 0;
  }
  printf("reads, %d connections that stay open, CPU time of the server:\n", CONNECTIONS);
  measure_rate("/healthz", "/healthz", requests);
  snprintf(path, sizeof(path), "/v1/projects/" PROJECT "/devices/%s", server.device_id);
  measure_rate("one device", path, requests);
  measure_rate("one project", "/v1/projects/" PROJECT, requests);
  measure_rate("20 devices", "/v1/projects/" PROJECT "/devices?perPage=20", requests / 10);
  measure_rate("20 releases", "/v1/projects/" PROJECT "/releases?perPage=20", requests / 10);
  measure_lists(devices);
  kill(server_pid, SIGTERM);
  waitpid(server_pid, NULL, 0);
  snprintf(command, sizeof(command), "rm -rf %s", folder);
  return system(command) == 0 ? 0 : 1;
}
