/* SPDX-License-Identifier: Apache-2.0 */
#include "server/rest/live.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "server/core/changes.h"
#include "server/core/json.h"
#include "server/core/log.h"

#define HEARTBEAT_MS 15000u
#define CODE_UNAVAILABLE 14 /* gRPC's */
#define TOPICS_DEFAULT (TOPIC_ALL & ~TOPIC_LOGS)

enum topic {
  TOPIC_DEVICES = 1,
  TOPIC_OTA = 2,
  TOPIC_PROGRESS = 4,
  TOPIC_RELEASES = 8,
  TOPIC_ARTIFACTS = 16,
  TOPIC_CAPTURES = 32,
  TOPIC_LOGS = 64,
  TOPIC_SETTINGS = 128,
  TOPIC_STATE = 256,
  TOPIC_ALL = 511,
};

static const struct {
  const char *name;
  unsigned topic;
} topics[] = {
    {"devices", TOPIC_DEVICES},     {"ota", TOPIC_OTA},
    {"progress", TOPIC_PROGRESS},   {"releases", TOPIC_RELEASES},
    {"artifacts", TOPIC_ARTIFACTS}, {"captures", TOPIC_CAPTURES},
    {"logs", TOPIC_LOGS},           {"settings", TOPIC_SETTINGS},
    {"state", TOPIC_STATE},
};

/* What the change of a kind is about; what has no topic of its own is told to
 * everybody. */
static unsigned topic_of(enum srv_kind kind) {
  switch (kind) {
    case SRV_DEVICE:
    case SRV_CREDENTIAL:
    case SRV_DEVICE_CERTIFICATE:
    case SRV_DEVICE_PROFILE:
    case SRV_VIRTUAL_DEVICE:
      return TOPIC_DEVICES;
    case SRV_RELEASE:
      return TOPIC_RELEASES;
    case SRV_ARTIFACT:
    case SRV_EVALUATION:
      return TOPIC_ARTIFACTS;
    case SRV_CAPTURE:
      return TOPIC_CAPTURES;
    case SRV_SETTING:
    case SRV_SETTINGS_STATUS:
      return TOPIC_SETTINGS;
    case SRV_DEVICE_STATE:
      return TOPIC_STATE;
    default:
      return TOPIC_ALL;
  }
}

struct client {
  struct client *next;
  struct srv_live *live;
  char project_id[SRV_NAME_MAX + 1];
  char device_id[SRV_ID_LENGTH + 1]; /* "": of every device */
  unsigned topics;
  struct srv_pass pass; /* what it came in with */
  size_t first, used;   /* in the ring */
  bool overflow;        /* something was lost: said when the ring is empty */
  bool ended;
  void (*wake)(void *context); /* NULL: it is being sent to */
  void *wake_context;
  char ring[SRV_LIVE_RING];
};

struct srv_live {
  const struct srv_rest_context *context;
  struct srv_core_watcher watcher; /* in the core's list while there are clients */
  struct client *clients;
  size_t client_count;
  int64_t heartbeat_ms, next_beat_ms;
};

/* --- the ring ---------------------------------------------------------------------- */

static void wake(struct client *client) {
  void (*call)(void *context) = client->wake;
  client->wake = NULL;
  if (call != NULL) call(client->wake_context);
}

static void put(struct client *client, const char *text, size_t length) {
  for (size_t done = 0; done < length;) {
    size_t at = (client->first + client->used) % SRV_LIVE_RING;
    size_t part = SRV_LIVE_RING - at;
    if (part > length - done) part = length - done;
    memcpy(client->ring + at, text + done, part);
    client->used += part;
    done += part;
  }
}

/* Whole or not at all. */
static void send_text(struct client *client, const char *text, size_t length) {
  if (client->overflow || client->ended) return;
  if (length > SRV_LIVE_RING - client->used) {
    client->overflow = true;
  } else {
    put(client, text, length);
  }
  wake(client);
}

static size_t take(struct client *client, char *out, size_t size) {
  size_t part = SRV_LIVE_RING - client->first;
  if (part > client->used) part = client->used;
  if (part > size) part = size;
  memcpy(out, client->ring + client->first, part);
  client->first = (client->first + part) % SRV_LIVE_RING;
  client->used -= part;
  return part;
}

/* --- as the answer of a request ------------------------------------------------------- */

static long read_events(void *context, char *out, size_t size) {
  static const char reload[] = "event: reload\ndata: {}\n\n";
  struct client *client = context;
  if (client->used == 0 && client->ended) return 0;
  if (client->used == 0 && client->overflow) {
    client->overflow = false;
    put(client, reload, sizeof(reload) - 1);
  }
  return client->used == 0 ? SRV_STREAM_WAIT : (long)take(client, out, size);
}

static void wait_for_events(void *context, void (*call)(void *context), void *call_context) {
  struct client *client = context;
  client->wake = call;
  client->wake_context = call_context;
}

static void close_events(void *context) {
  struct client *client = context;
  struct srv_live *live = client->live;
  struct client **at = &live->clients;
  while (*at != client) at = &(*at)->next;
  *at = client->next;
  live->client_count--;
  if (live->clients == NULL) srv_core_remove_watcher(live->context->core, &live->watcher);
  explicit_bzero(&client->pass, sizeof(client->pass));
  free(client);
}

/* --- events ------------------------------------------------------------------------------ */

struct event {
  const char *name;
  const char *project_id;
  const char *device_id; /* "": of none */
  unsigned topic;
};

static bool wants(const struct client *client, const struct event *event) {
  if ((client->topics & event->topic) == 0) return false;
  if (strcmp(client->project_id, event->project_id) != 0) return false;
  return client->device_id[0] == 0 || event->device_id[0] == 0 ||
         strcmp(client->device_id, event->device_id) == 0;
}

static bool anyone_wants(const struct srv_live *live, const struct event *event) {
  for (const struct client *each = live->clients; each != NULL; each = each->next) {
    if (wants(each, event)) return true;
  }
  return false;
}

/* data: JSON without a line break, which ends an event's data. */
static char *event_text(const char *name, const char *data, size_t *length) {
  size_t size = strlen(name) + strlen(data) + sizeof("event: \ndata: \n\n");
  char *text = malloc(size);
  if (text != NULL) *length = (size_t)snprintf(text, size, "event: %s\ndata: %s\n\n", name, data);
  return text;
}

/* Takes data. */
static void send_event(struct srv_live *live, const struct event *event, json_t *data) {
  size_t length = 0;
  char *json = srv_json_text(data);
  char *text = json == NULL ? NULL : event_text(event->name, json, &length);
  json_decref(data);
  free(json);
  for (struct client *each = live->clients; each != NULL; each = each->next) {
    if (!wants(each, event)) continue;
    if (text != NULL) {
      send_text(each, text, length);
    } else { /* out of memory: it reads again */
      each->overflow = true;
      wake(each);
    }
  }
  free(text);
}

static void on_change(void *context, const struct srv_change *change) {
  struct srv_live *live = context;
  struct event event = {.name = "change",
                        .project_id = change->project_id,
                        .device_id = change->device_id,
                        .topic = topic_of(change->kind)};
  if (!anyone_wants(live, &event)) return;
  json_t *data = json_pack("{s:s, s:s, s:s}", "kind", srv_kind_title(change->kind), "action",
                           srv_action_name(change->action), "id", change->id);
  if (change->device_id[0] != 0) {
    json_object_set_new(data, "deviceId", json_string(change->device_id));
  }
  send_event(live, &event, data);
}

static json_t *time_now(void) {
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  return srv_encode_time((int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000);
}

static void on_presence(void *context, const char *project_id, const char *device_id, bool online) {
  struct srv_live *live = context;
  struct event event = {
      .name = "presence", .project_id = project_id, .device_id = device_id, .topic = TOPIC_DEVICES};
  if (!anyone_wants(live, &event)) return;
  send_event(live, &event,
             json_pack("{s:s, s:s, s:o}", "deviceId", device_id, "status",
                       online ? "online" : "offline", "time", time_now()));
}

static void on_ota_event(void *context, const struct srv_ota_event *row) {
  struct srv_live *live = context;
  struct event event = {.name = "ota",
                        .project_id = row->project_id,
                        .device_id = row->device_id,
                        .topic = TOPIC_OTA};
  if (anyone_wants(live, &event)) send_event(live, &event, srv_encode_event(row));
}

static void on_progress(void *context, const struct srv_device_ref *device,
                        const struct srv_progress *progress) {
  struct srv_live *live = context;
  struct event event = {.name = "progress",
                        .project_id = device->project_id,
                        .device_id = device->device_id,
                        .topic = TOPIC_PROGRESS};
  if (!anyone_wants(live, &event)) return;
  uint64_t percent = progress->size == 0 ? 100 : (uint64_t)progress->bytes * 100 / progress->size;
  send_event(live, &event,
             json_pack("{s:s, s:s, s:s, s:I, s:I, s:I}", "deviceId", device->device_id, "package",
                       progress->package, "version", progress->version, "bytes",
                       (json_int_t)progress->bytes, "size", (json_int_t)progress->size, "percent",
                       (json_int_t)percent));
}

static void on_device_log(void *context, const struct srv_device_log *row) {
  struct srv_live *live = context;
  struct event event = {.name = "log",
                        .project_id = row->project_id,
                        .device_id = row->device_id,
                        .topic = TOPIC_LOGS};
  if (anyone_wants(live, &event)) send_event(live, &event, srv_encode_device_log(row));
}

static void on_overflow(void *context) {
  struct srv_live *live = context;
  for (struct client *each = live->clients; each != NULL; each = each->next) {
    each->overflow = true;
    wake(each);
  }
}

/* --- heartbeats ---------------------------------------------------------------------------- */

static int64_t now_ms(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Its key or session may have been taken back, or its project gone. */
static bool still_may(const struct client *client) {
  struct srv_request request;
  char path[64 + SRV_NAME_MAX];
  snprintf(path, sizeof(path), "/v1/projects/%s/live", client->project_id);
  srv_request_begin(&request, client->live->context, "GET", path);
  bool allowed = srv_request_enter(&request, &client->pass) == SRV_OK;
  srv_request_end(&request);
  return allowed;
}

/* What was not sent yet is lost: who comes again reads it. */
static void end_client(struct client *client) {
  client->ended = true;
  client->used = 0;
  wake(client);
}

static void beat(struct client *client) {
  if (!still_may(client)) {
    end_client(client);
    return;
  }
  send_text(client, ":\n\n", 3);
}

int srv_live_timeout_ms(const struct srv_live *live) {
  if (live->clients == NULL) return -1;
  int64_t left = live->next_beat_ms - now_ms();
  return left < 0 ? 0 : (int)left;
}

void srv_live_run(struct srv_live *live) {
  int64_t now = now_ms();
  if (live->clients == NULL || now < live->next_beat_ms) return;
  live->next_beat_ms = now + live->heartbeat_ms;
  for (struct client *each = live->clients; each != NULL; each = each->next) beat(each);
}

/* --- life ------------------------------------------------------------------------------------ */

int srv_live_create(struct srv_live **out, const struct srv_rest_context *context,
                    unsigned heartbeat_ms) {
  struct srv_live *live = calloc(1, sizeof(*live));
  if (live == NULL) return SRV_ERR_INTERNAL;
  live->context = context;
  live->heartbeat_ms = heartbeat_ms == 0 ? HEARTBEAT_MS : heartbeat_ms;
  live->watcher = (struct srv_core_watcher){.context = live,
                                            .changed = on_change,
                                            .presence = on_presence,
                                            .ota_event = on_ota_event,
                                            .progress = on_progress,
                                            .device_log = on_device_log,
                                            .overflow = on_overflow};
  *out = live;
  return SRV_OK;
}

void srv_live_end(struct srv_live *live) {
  for (struct client *each = live->clients; each != NULL; each = each->next) end_client(each);
}

void srv_live_destroy(struct srv_live *live) { free(live); }

size_t srv_live_client_count(const struct srv_live *live) { return live->client_count; }

/* --- GET P/live ------------------------------------------------------------------------------- */

static int read_topics(struct srv_request *request, unsigned *out) {
  const char *text = srv_query_value(request, "topics");
  *out = text == NULL || text[0] == 0 ? TOPICS_DEFAULT : 0;
  for (; text != NULL && *text != 0; text += *text == ',') {
    size_t length = strcspn(text, ","), i = 0, count = sizeof(topics) / sizeof(topics[0]);
    while (i < count &&
           (strlen(topics[i].name) != length || memcmp(topics[i].name, text, length) != 0)) {
      i++;
    }
    if (i == count) {
      return srv_request_fail_field(request, "topics",
                                    "devices, ota, progress, releases, artifacts, captures, logs, "
                                    "settings and state are there, separated by commas");
    }
    *out |= topics[i].topic;
    text += length;
  }
  return SRV_OK;
}

static int add_client(struct srv_request *request, struct client *client) {
  struct srv_live *live = request->context->live;
  const char *device = srv_query_value(request, "deviceId");
  int status = read_topics(request, &client->topics);
  if (status == SRV_OK && device != NULL && device[0] != 0) {
    status = srv_resolve(request, SRV_DEVICE, device, "deviceId", client->device_id);
  }
  if (status != SRV_OK) return status;
  client->live = live;
  client->pass = request->pass;
  memcpy(client->project_id, request->project.id, sizeof(client->project_id));
  if (live->clients == NULL) {
    srv_core_add_watcher(request->core, &live->watcher);
    live->next_beat_ms = now_ms() + live->heartbeat_ms;
  }
  client->next = live->clients;
  live->clients = client;
  live->client_count++;
  return SRV_OK;
}

/* How long a browser waits before it comes again, then what it came to. */
static void say_hello(struct client *client) {
  json_t *data = json_pack("{s:s}", "version", client->live->context->version);
  char *json = srv_json_text(data);
  size_t length = 0;
  char *text = json == NULL ? NULL : event_text("hello", json, &length);
  put(client, "retry: 2000\n", 12);
  if (text != NULL) put(client, text, length);
  json_decref(data);
  free(json);
  free(text);
}

int srv_get_live(struct srv_request *request) {
  struct srv_live *live = request->context->live;
  if (live == NULL || live->client_count == SRV_LIVE_CLIENTS_MAX) {
    request->retry_after_s = HEARTBEAT_MS / 1000; /* by then who has gone is seen */
    return srv_request_fail_http(request, 503, CODE_UNAVAILABLE,
                                 "%d clients are listening to events already: close one, or poll",
                                 SRV_LIVE_CLIENTS_MAX);
  }
  struct client *client = calloc(1, sizeof(*client));
  if (client == NULL) return srv_request_fail(request, SRV_ERR_INTERNAL, "out of memory");
  int status = add_client(request, client);
  if (status != SRV_OK) {
    free(client);
    return status;
  }
  say_hello(client);
  request->stream = (struct srv_answer_stream){.read = read_events,
                                               .close = close_events,
                                               .wait = wait_for_events,
                                               .context = client,
                                               .count = -1};
  snprintf(request->bytes_type, sizeof(request->bytes_type), "text/event-stream");
  return SRV_OK;
}
