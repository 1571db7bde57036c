/* SPDX-License-Identifier: Apache-2.0 */
/* Server-sent events over real sockets, the loop turned by the test. */
#include <sys/socket.h>
#include <unistd.h>

#include "server/core/internal.h"
#include "server/rest/live.h"
#include "tests/unit/server/rest/account_fixture.h"
#include "tests/unit/server/rest/http_fixture.h"

static struct http_fixture f;

static struct srv_core *core(void) { return f.base.core.core; }

static void begin_with(struct srv_rest_config config) {
  char error[SRV_ERROR_MAX];
  memset(&f, 0, sizeof(f));
  rest_begin(&f.base);
  config.core = core();
  config.version = "1.2.3";
  if (srv_rest_create(&f.rest, &config, error) != SRV_OK) fail_msg("%s", error);
}

static void begin(void) { begin_with((struct srv_rest_config){0}); }

static void end(void) { http_end(&f); }

/* --- a client ------------------------------------------------------------------------ */

struct client {
  int fd;
  char *text; /* all that came */
  size_t size, capacity;
  bool closed;
};

static void send_get(const struct client *client, const char *key, const char *path) {
  char text[512];
  int length = snprintf(text, sizeof(text),
                        "GET %s HTTP/1.1\r\nhost: localhost\r\nx-api-key: %s\r\n\r\n", path, key);
  assert_int_equal(send(client->fd, text, (size_t)length, MSG_NOSIGNAL), length);
}

static struct client open_as(const char *key, const char *path) {
  struct client client = {.fd = http_connect(&f), .capacity = 4096};
  client.text = calloc(1, client.capacity);
  send_get(&client, key, path);
  return client;
}

static void receive(struct client *client) {
  for (;;) {
    if (client->capacity - client->size < 2048) {
      client->capacity *= 2;
      client->text = realloc(client->text, client->capacity);
    }
    ssize_t length = recv(client->fd, client->text + client->size,
                          client->capacity - client->size - 1, MSG_DONTWAIT);
    if (length == 0) client->closed = true;
    if (length <= 0) break;
    client->size += (size_t)length;
  }
  client->text[client->size] = 0;
}

static bool has(const struct client *client, const char *text) {
  return strstr(client->text, text) != NULL;
}

/* Turns the loop until it has come. */
static void expect(struct client *client, const char *text) {
  size_t from = 0, length = strlen(text);
  for (int turn = 0; turn < 5000; turn++) {
    receive(client);
    if (memmem(client->text + from, client->size - from, text, length) != NULL) return;
    if (client->closed) break;
    from = client->size > length ? client->size - length : 0;
    http_turn(&f, 5);
  }
  fail_msg("no \"%s\" in %zu bytes: %.2000s", text, client->size, client->text);
}

static void expect_closed(struct client *client) {
  for (int turn = 0; turn < 2000 && !client->closed; turn++) {
    http_turn(&f, 5);
    receive(client);
  }
  assert_true(client->closed);
}

/* Forgets what came before. */
static void clear(struct client *client) {
  client->size = 0;
  client->text[0] = 0;
}

static void close_client(struct client *client) {
  close(client->fd);
  free(client->text);
  client->text = NULL;
}

static struct client listen_to(const char *path) {
  struct client client = open_as(f.base.key, path);
  expect(&client, "event: hello");
  return client;
}

static void turn(unsigned times) {
  for (unsigned i = 0; i < times; i++) http_turn(&f, 2);
}

/* --- what is told ----------------------------------------------------------------------- */

TEST(a_client_is_greeted_with_an_endless_stream_of_events) {
  begin();
  struct client client = listen_to(PP "/live");
  expect(&client, "HTTP/1.1 200");
  expect(&client, "text/event-stream");
  expect(&client, "data: {\"version\":\"1.2.3\"}\n\n");
  assert_false(has(&client, "content-disposition"));
  close_client(&client);
  end();
}

TEST(a_client_hears_of_each_thing_that_happens) {
  begin();
  struct client client = listen_to(PP "/live");
  struct srv_tag tag = make_tag(&f.base.core, "kitchen");
  char text[160];
  snprintf(text, sizeof(text),
           "event: change\ndata: {\"kind\":\"tag\",\"action\":\"create\",\"id\":\"%s\"}\n\n",
           tag.id);
  expect(&client, text);
  struct srv_device device = make_device(&f.base.core, "a", NULL, NULL);
  snprintf(text, sizeof(text),
           "{\"kind\":\"device\",\"action\":\"create\",\"id\":\"%s\",\"deviceId\":\"%s\"}",
           device.id, device.id);
  expect(&client, text);
  struct srv_device_ref ref = ref_of(&device);
  srv_core_device_online(core(), &ref);
  snprintf(text, sizeof(text),
           "event: presence\ndata: {\"deviceId\":\"%s\",\"status\":\"online\",\"time\":\"20",
           device.id);
  expect(&client, text);
  srv_core_download_progress(core(), &ref, "model", "1.1.0", 1024, 4096);
  snprintf(text, sizeof(text),
           "event: progress\ndata: {\"deviceId\":\"%s\",\"package\":\"model\",\"version\":"
           "\"1.1.0\",\"bytes\":1024,\"size\":4096,\"percent\":25}\n\n",
           device.id);
  expect(&client, text);
  struct gw_report report = {.state = GW_OTA_DOWNLOADING, .package = "model", .target = "1.1.0"};
  assert_ok(core(), srv_core_report(core(), &ref, &report));
  expect(&client, "event: ota\ndata: {\"id\":\"1\",");
  srv_core_device_offline(core(), &ref);
  expect(&client, "\"status\":\"offline\"");
  close_client(&client);
  end();
}

TEST(log_lines_are_told_to_those_who_ask_for_them) {
  begin();
  struct srv_device device = make_device(&f.base.core, "a", NULL, NULL);
  struct srv_device_ref ref = ref_of(&device);
  struct client all = listen_to(PP "/live"), logs = listen_to(PP "/live?topics=logs");
  assert_ok(core(), srv_core_device_log(core(), &ref, SRV_DEVICE_WARN, "m", "too hot\n", ""));
  make_tag(&f.base.core, "after"); /* tags have no topic: both hear of them */
  expect(&logs, "event: log\ndata: {");
  expect(&logs, "too hot\\n");
  expect(&logs, "\"kind\":\"tag\"");
  expect(&all, "\"kind\":\"tag\"");
  assert_false(has(&all, "event: log"));
  close_client(&all);
  close_client(&logs);
  end();
}

TEST(a_client_hears_the_topics_and_the_device_that_it_asked_for) {
  begin();
  struct srv_device a = make_device(&f.base.core, "a", NULL, NULL);
  struct srv_device b = make_device(&f.base.core, "b", NULL, NULL);
  struct srv_device_ref a_ref = ref_of(&a), b_ref = ref_of(&b);
  struct client one = listen_to(PP "/live?deviceId=a"),
                artifacts = listen_to(PP "/live?topics=artifacts,releases");
  srv_core_device_online(core(), &b_ref);
  srv_core_device_online(core(), &a_ref);
  struct srv_artifact artifact = make_artifact(&f.base.core, "model", "1.0.0");
  expect(&artifacts, artifact.id);
  expect(&one, a.id);
  expect(&one, artifact.id); /* what hangs on no device concerns each */
  assert_false(has(&one, b.id));
  assert_false(has(&artifacts, "presence"));
  close_client(&one);
  close_client(&artifacts);
  end();
}

TEST(nothing_of_another_project_is_told) {
  begin();
  struct srv_project project = {.id = "second", .name = "Second"};
  assert_ok(core(), srv_core_create_project(core(), &project));
  struct client mine = listen_to(PP "/live"), other = listen_to("/v1/projects/second/live");
  struct srv_tag tag = {.project_id = "second", .name = "theirs"};
  assert_ok(core(), srv_core_create_tag(core(), &tag));
  struct srv_tag ours = make_tag(&f.base.core, "ours");
  expect(&other, tag.id);
  expect(&mine, ours.id);
  assert_false(has(&mine, tag.id));
  assert_false(has(&other, ours.id));
  close_client(&mine);
  close_client(&other);
  end();
}

TEST(a_wrong_topic_device_key_or_project_is_refused_as_json) {
  begin();
  static const struct {
    const char *path, *key, *status;
  } cases[] = {{PP "/live?topics=devices,weather", NULL, "HTTP/1.1 400"},
               {PP "/live?deviceId=nobody", NULL, "HTTP/1.1 400"},
               {PP "/live", "gdw_wrong", "HTTP/1.1 401"},
               {"/v1/projects/none/live", NULL, "HTTP/1.1 404"}};
  for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
    struct client client = open_as(cases[i].key == NULL ? f.base.key : cases[i].key, cases[i].path);
    expect(&client, cases[i].status);
    expect(&client, "\"message\":");
    close_client(&client);
  }
  end();
}

/* --- clients that misbehave ------------------------------------------------------------------ */

/* Lines of a thousand bytes, as the watcher of events hears them: without the
 * database, for there are many. */
static void log_much(const struct srv_device *device, unsigned lines) {
  static struct srv_device_log row;
  memset(row.message, 'x', 1000);
  strcpy(row.project_id, P);
  strcpy(row.device_id, device->id);
  for (unsigned i = 0; i < lines; i++) {
    for (struct srv_core_watcher *each = core()->watchers; each != NULL; each = each->next) {
      if (each->device_log != NULL) each->device_log(each->context, &row);
    }
    if (i % 10 == 9) turn(1); /* sends 32 KiB at most */
  }
}

#define LINES 10000 /* 12 MB: more than sockets hold */

/* Takes the chunks' frames out: an event may go over a chunk's end. */
static void join_chunks(struct client *client) {
  char *in = strstr(client->text, "\r\n\r\n") + 4, *out = client->text;
  char *end = client->text + client->size;
  while (in < end) {
    size_t length = strtoul(in, &in, 16);
    in += 2;
    if (length == 0 || in + length > end) break;
    memmove(out, in, length);
    out += length;
    in += length + 2;
  }
  *out = 0;
}

/* Not strstr: under AddressSanitizer that looks at all of the text, each time. */
static unsigned count(const char *text, const char *part) {
  unsigned found = 0;
  size_t left = strlen(text), length = strlen(part);
  for (const char *at; (at = memmem(text, left, part, length)) != NULL; found++) {
    left -= (size_t)(at + length - text);
    text = at + length;
  }
  return found;
}

TEST(a_client_that_does_not_read_is_told_to_read_again_and_delays_nobody) {
  begin();
  struct srv_device device = make_device(&f.base.core, "a", NULL, NULL);
  struct client slow = listen_to(PP "/live?topics=logs");
  struct client quick = listen_to(PP "/live?topics=logs");
  for (int i = 0; i < LINES / 10; i++) {
    log_much(&device, 10);
    receive(&quick);
  }
  make_tag(&f.base.core, "last");
  expect(&quick, "\"kind\":\"tag\"");
  join_chunks(&quick);
  assert_int_equal(count(quick.text, "event: log\n"), LINES);
  assert_int_equal(count(quick.text, "event: reload\n"), 0);
  expect(&slow, "event: reload\ndata: {}\n\n");
  join_chunks(&slow);
  assert_true(count(slow.text, "event: log\n") < LINES);
  clear(&slow);
  make_tag(&f.base.core, "later");
  expect(&slow, "\"kind\":\"tag\""); /* and goes on from there */
  close_client(&slow);
  close_client(&quick);
  end();
}

TEST(more_in_one_batch_than_is_kept_makes_clients_read_again) {
  begin();
  struct srv_device device = make_device(&f.base.core, "a", NULL, NULL);
  struct srv_device_ref ref = ref_of(&device);
  struct client client = listen_to(PP "/live?topics=logs");
  srv_core_batch_begin(core());
  for (int i = 0; i < 2000; i++) {
    assert_ok(core(), srv_core_device_log(core(), &ref, SRV_DEVICE_INFO, "m", "text", ""));
  }
  assert_ok(core(), srv_core_batch_commit(core()));
  expect(&client, "event: reload\n");
  assert_false(has(&client, "event: log"));
  close_client(&client);
  end();
}

TEST(a_client_that_never_reads_is_cut_off_when_the_time_for_that_is_up) {
  begin_with((struct srv_rest_config){.idle_timeout_s = 1});
  struct srv_device device = make_device(&f.base.core, "a", NULL, NULL);
  struct client client = listen_to(PP "/live?topics=logs");
  log_much(&device, LINES);
  turn(700); /* waits for MHD's timer */
  expect_closed(&client);
  assert_false(has(&client, "event: reload")); /* it never came to that */
  close_client(&client);
  end();
}

TEST(a_client_that_hears_nothing_for_long_is_no_idle_connection) {
  begin_with((struct srv_rest_config){.idle_timeout_s = 1});
  struct client client = listen_to(PP "/live");
  for (int i = 0; i < 30; i++) {
    usleep(50 * 1000); /* the time-out is MHD's, in whole seconds */
    http_turn(&f, 0);
  }
  make_tag(&f.base.core, "kitchen");
  expect(&client, "\"kind\":\"tag\"");
  close_client(&client);
  end();
}

TEST(the_65th_client_is_refused_until_one_leaves) {
  static struct client clients[SRV_LIVE_CLIENTS_MAX];
  begin();
  for (size_t i = 0; i < SRV_LIVE_CLIENTS_MAX; i++) clients[i] = listen_to(PP "/live");
  struct client late = open_as(f.base.key, PP "/live");
  expect(&late, "HTTP/1.1 503");
  expect(&late, "64 clients");
  if (strcasestr(late.text, "retry-after: 15") == NULL) fail_msg("%s", late.text);
  close_client(&late);
  close_client(&clients[7]);
  turn(5);
  clients[7] = listen_to(PP "/live");
  make_tag(&f.base.core, "kitchen");
  for (size_t i = 0; i < SRV_LIVE_CLIENTS_MAX; i++) {
    expect(&clients[i], "\"kind\":\"tag\"");
    close_client(&clients[i]);
  }
  end();
}

TEST(clients_that_hang_up_leave_nothing_behind) {
  begin();
  for (int i = 0; i < 3 * SRV_LIVE_CLIENTS_MAX; i++) {
    struct client client = i % 2 == 0 ? listen_to(PP "/live") : open_as(f.base.key, PP "/live");
    if (i % 3 == 0) make_tag(&f.base.core, (char[]){(char)('a' + i % 26), (char)('a' + i / 26), 0});
    close_client(&client);
    turn(4);
  }
  struct client client = listen_to(PP "/live"); /* there is room */
  close_client(&client);
  end();
}

/* What a request in the same turn changes is told while they are being closed. */
TEST(what_happens_while_clients_hang_up_wakes_none_of_them) {
  begin();
  static const char body[] = "{\"name\":\"kitchen\"}";
  struct client client[8], stays = listen_to(PP "/live");
  int fd[4];
  for (size_t i = 0; i < 4; i++) { /* accepted, and a part of its request read */
    fd[i] = http_connect(&f);
    assert_int_equal(send(fd[i], "POST ", 5, MSG_NOSIGNAL), 5);
  }
  for (size_t i = 0; i < 8; i++) client[i] = listen_to(PP "/live");
  for (size_t i = 0; i < 8; i++) close_client(&client[i]);
  for (size_t i = 0; i < 4; i++) {
    char text[512];
    int length = snprintf(text, sizeof(text),
                          PP
                          "/tags HTTP/1.1\r\nhost: localhost\r\nx-api-key: %s\r\n"
                          "connection: close\r\ncontent-length: %zu\r\n\r\n%.9s%zu%s",
                          f.base.key, sizeof(body), body, i, body + 9);
    assert_int_equal(send(fd[i], text, (size_t)length, MSG_NOSIGNAL), length);
  }
  turn(20);
  expect(&stays, "\"kind\":\"tag\"");
  struct client after = listen_to(PP "/live");
  make_tag(&f.base.core, "hall");
  expect(&after, "\"kind\":\"tag\"");
  for (size_t i = 0; i < 4; i++) {
    struct http_answer answer = http_read(&f, fd[i]);
    assert_int_equal(answer.status, 200);
    http_free(&answer);
  }
  close_client(&stays);
  close_client(&after);
  end();
}

TEST(many_requests_go_on_beside_open_streams) {
  begin();
  struct client client = listen_to(PP "/live");
  for (int i = 0; i < 20; i++) {
    int fd = http_connect(&f);
    char body[32];
    snprintf(body, sizeof(body), "{\"name\":\"t%d\"}", i);
    http_send(&f, fd, "POST", PP "/tags", body);
    struct http_answer answer = http_read(&f, fd);
    assert_int_equal(answer.status, 200);
    http_free(&answer);
  }
  for (int i = 0; i < 2000 && count(client.text, "\"kind\":\"tag\"") < 20; i++) {
    http_turn(&f, 2);
    receive(&client);
  }
  assert_int_equal(count(client.text, "\"kind\":\"tag\""), 20);
  close_client(&client);
  end();
}

/* --- heartbeats, and who may
 * ---------------------------------------------------------------------- */

TEST(a_client_hears_a_heartbeat) {
  begin_with((struct srv_rest_config){.live_heartbeat_ms = 10});
  struct client client = listen_to(PP "/live");
  expect(&client, "\n:\n\n");
  close_client(&client);
  end();
}

TEST(a_client_whose_key_is_deleted_or_disabled_is_cut_off) {
  begin_with((struct srv_rest_config){.live_heartbeat_ms = 10});
  char text[2][SRV_API_KEY_LENGTH + 1];
  struct srv_api_key deleted = {.project_id = P, .name = "a"},
                     disabled = {.project_id = P, .name = "b"};
  assert_ok(core(), srv_core_create_api_key(core(), &deleted, text[0]));
  assert_ok(core(), srv_core_create_api_key(core(), &disabled, text[1]));
  struct client a = open_as(text[0], PP "/live"), b = open_as(text[1], PP "/live");
  struct client good = listen_to(PP "/live");
  expect(&a, "event: hello");
  expect(&b, "event: hello");
  expect(&a, "\n:\n\n");
  assert_ok(core(), srv_core_delete_api_key(core(), P, deleted.id));
  disabled.enabled = false;
  assert_ok(core(), srv_core_update_api_key(core(), &disabled));
  expect(&a, "\r\n0\r\n"); /* the end of the answer */
  expect(&b, "\r\n0\r\n");
  clear(&good);
  expect(&good, ":\n\n");
  assert_false(has(&good, "\r\n0\r\n"));
  close_client(&a);
  close_client(&b);
  close_client(&good);
  end();
}

static struct client open_with_cookie(const struct person *person, const char *path) {
  char text[512];
  struct client client = {.fd = http_connect(&f), .capacity = 4096};
  client.text = calloc(1, client.capacity);
  int length = snprintf(text, sizeof(text),
                        "GET %s HTTP/1.1\r\nhost: localhost\r\ncookie: godwit_session=%s\r\n\r\n",
                        path, person->token);
  assert_int_equal(send(client.fd, text, (size_t)length, MSG_NOSIGNAL), length);
  return client;
}

TEST(a_browser_listens_with_its_cookie_until_its_account_signs_out_or_loses_the_project) {
  begin_with((struct srv_rest_config){.live_heartbeat_ms = 10});
  struct person out = make_person(&f.base, "out@example.com", false, "default", P, SRV_ROLE_VIEWER);
  struct person lost =
      make_person(&f.base, "lost@example.com", false, "default", P, SRV_ROLE_VIEWER);
  struct person stays =
      make_person(&f.base, "stays@example.com", false, "default", P, SRV_ROLE_VIEWER);
  struct person nobody = make_person(&f.base, "no@example.com", false, NULL, "", SRV_ROLE_NONE);
  struct client a = open_with_cookie(&out, PP "/live"), b = open_with_cookie(&lost, PP "/live"),
                c = open_with_cookie(&stays, PP "/live"), d = open_with_cookie(&nobody, PP "/live");
  expect(&d, "HTTP/1.1 404");
  expect(&a, "\n:\n\n");
  expect(&b, "\n:\n\n");
  assert_ok(core(), srv_core_end_session(core(), out.account_id, out.session_id));
  assert_ok(core(), srv_core_delete_member(core(), "default", lost.member_id));
  expect(&a, "\r\n0\r\n");
  expect(&b, "\r\n0\r\n");
  expect(&c, "event: hello");
  clear(&c);
  make_tag(&f.base.core, "kitchen");
  expect(&c, "\"kind\":\"tag\"");
  close_client(&a);
  close_client(&b);
  close_client(&c);
  close_client(&d);
  end();
}

TEST(a_client_whose_key_expires_is_cut_off) {
  begin_with((struct srv_rest_config){.live_heartbeat_ms = 10});
  struct person key =
      make_key(&f.base, P, SRV_ROLE_VIEWER, "live:read", f.base.core.now_us + 60 * 1000000);
  struct client client = open_as(key.key, PP "/live");
  expect(&client, "\n:\n\n");
  f.base.core.now_us += 61 * INT64_C(1000000);
  expect(&client, "\r\n0\r\n");
  close_client(&client);
  end();
}

TEST(a_client_of_a_project_that_goes_is_cut_off) {
  begin_with((struct srv_rest_config){.live_heartbeat_ms = 10});
  struct srv_project project = {.id = "second", .name = "Second"};
  assert_ok(core(), srv_core_create_project(core(), &project));
  struct client client = listen_to("/v1/projects/second/live");
  assert_ok(core(), srv_core_delete_project(core(), "second"));
  expect(&client, "\r\n0\r\n");
  close_client(&client);
  end();
}

TEST(a_server_that_stops_ends_open_streams) {
  begin();
  struct srv_device device = make_device(&f.base.core, "a", NULL, NULL);
  struct client asleep = listen_to(PP "/live"), busy = listen_to(PP "/live?topics=logs");
  struct client fresh = open_as(f.base.key, PP "/live");
  log_much(&device, LINES);
  make_tag(&f.base.core, "kitchen"); /* not sent yet */
  srv_rest_destroy(f.rest);
  f.rest = NULL;
  while (!asleep.closed) receive(&asleep);
  assert_true(has(&asleep, "\r\n0\r\n"));
  close_client(&asleep);
  close_client(&busy);
  close_client(&fresh);
  rest_end(&f.base);
}

TEST(head_tells_of_a_stream_without_beginning_one) {
  begin();
  int fd = http_connect(&f);
  http_send(&f, fd, "HEAD", PP "/live", NULL);
  struct http_answer answer = http_read(&f, fd);
  assert_int_equal(answer.status, 200);
  http_free(&answer);
  end();
}
