/* SPDX-License-Identifier: Apache-2.0 */
// clang-format off
// fuzz-link: wire server/gateway/coap_layer.c server/gateway/observe.c
// fuzz-link: server/gateway/routes.c server/gateway/ota.c server/gateway/streams.c
// fuzz-link: server/gateway/orphans.c server/gateway/csr.c
// fuzz-link: server/gateway/state.c server/gateway/settings.c server/gateway/rpc.c
// fuzz-link: server/gateway/logs.c server/gateway/profile.c server/gateway/convert.c
// fuzz-link: server/gateway/description.c server/gateway/keyset.c server/gateway/shadow.c
// fuzz-link: server/core/json.c tests/support/fake_core.c
// fuzz-link: build/deps/mbedtls/library/sha256.c build/deps/mbedtls/library/platform.c
// fuzz-link: build/deps/mbedtls/library/platform_util.c -ljansson
// clang-format on
/* What one authenticated, but mad, device can say: decrypted datagrams straight
 * into the CoAP layer, over a core in memory. The input is a list of steps, an
 * operation byte each; a datagram follows the byte OP_DATAGRAM and its length.
 * Holds throughout: every confirmable request has exactly one answer when its
 * batch is over; what is sent parses, and fits what devices receive. */
#include <stdlib.h>
#include <string.h>

#include "server/gateway/internal.h"
#include "tests/support/fake_core.h"

enum {
  OP_COMMIT = 0xF0,
  OP_COMMIT_FAILS,
  OP_RELEASE,
  OP_CORE_FAILS,
  OP_CORE_WORKS,
  OP_TIME,
  OP_CALL,
  OP_RECONNECT
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct srv_core core;
static struct srv_gateway gateway;
static struct session session;
static struct device device;
static uint8_t answered[65536]; /* by message id, this batch */
static unsigned sent_size;

static void check(int condition) {
  if (!condition) abort();
}

/* ---- what dtls.c does otherwise ---- */

void session_send(struct session *to, const uint8_t *message, size_t size) {
  struct gw_coap_message parsed;
  check(to == &session && session.state == SESSION_OPEN);
  check(size <= 1152 && gw_coap_parse(message, size, &parsed) == GW_OK);
  check(parsed.payload_size <= PAYLOAD_MAX);
  if (parsed.type == GW_COAP_ACK) check(answered[parsed.message_id]++ == 0);
  sent_size += (unsigned)size;
  session.sent_ms = gateway.now_ms;
}

void session_end(struct session *ended, bool polite) {
  (void)polite;
  coap_forget_session(ended);
  ended->state = SESSION_DEAD;
}

void dtls_schedule(struct session *scheduled) { (void)scheduled; }
void dtls_committed(struct srv_gateway *of, bool saved) { (void)of, (void)saved; }
bool gateway_may_log(struct srv_gateway *of) {
  (void)of;
  return false;
}
uint32_t gateway_random(struct srv_gateway *of) {
  (void)of;
  return 0x12345678;
}

/* ---- one run ---- */

static void connect_device(void) {
  memset(&session, 0, sizeof session);
  session.gateway = &gateway;
  session.device = &device;
  session.state = SESSION_OPEN;
  session.has_cid = true;
  device.sessions = &session;
}

static void begin(void) {
  static const uint8_t blob[5000] = {1, 2, 3};
  fake_core_init(&core);
  core.blob = blob;
  core.blob_size = sizeof blob;
  memset(&gateway, 0, sizeof gateway);
  memset(&device, 0, sizeof device);
  memset(answered, 0, sizeof answered);
  gateway.core = &core;
  gateway.config.requests_per_second = 100;
  gateway.config.keepalive_s = 20;
  gateway.config.idle_timeout_s = 600;
  gateway.config.uploads_max = 3;
  gateway.now_ms = 1000000;
  memcpy(device.ref.project_id, "p", 2);
  memcpy(device.ref.device_id, "0", 2);
  connect_device();
  core.settings = (struct srv_device_settings){
      .version = 7, .count = 1, .setting[0] = {.key = "GAIN", .type = 1, .value = "2.0"}};
  srv_core_batch_begin(&core);
}

static void end_batch(int commit_status) {
  core.commit_status = commit_status;
  coap_send_waiting(&gateway, srv_core_batch_commit(&core) == SRV_OK);
  check(gateway.waiting_count == 0 && core.blobs_open == 0);
  memset(answered, 0, sizeof answered);
  srv_core_batch_begin(&core);
  observe_run(&gateway, 10);
}

/* Repeats within a batch are answered once or, being idempotent, again; only
 * the first of each message id is judged. */
static void say(const uint8_t *datagram, size_t size) {
  struct gw_coap_message message;
  bool request = gw_coap_parse(datagram, size, &message) == GW_OK && message.code != 0 &&
                 message.code >> 5 == 0 && message.type == GW_COAP_CON;
  if (request && answered[message.message_id] != 0) return;
  size_t waiting = gateway.waiting_count;
  coap_receive(&session, datagram, size);
  if (!request) return;
  bool later = gateway.waiting_count > waiting;
  bool waits_already = false;
  for (size_t i = 0; i < waiting && i < gateway.waiting_count; i++)
    if (gateway.waiting[i].message_id == message.message_id) waits_already = true;
  check(answered[message.message_id] == (later || waits_already ? 0 : 1));
}

static void pass_time(void) {
  gateway.now_ms += 7000;
  if (coap_due_ms(&session) <= gateway.now_ms) coap_timer(&session);
  orphans_timer(&gateway, false);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  begin();
  for (size_t i = 0; i < size && session.state == SESSION_OPEN;) {
    uint8_t operation = data[i++];
    switch (operation) {
      case OP_COMMIT:
        end_batch(SRV_OK);
        break;
      case OP_COMMIT_FAILS:
        end_batch(SRV_ERR_NO_SPACE);
        break;
      case OP_RELEASE:
        fake_core_release(&core, "1.1.0", 1 + i % GW_MANIFEST_COMPONENTS_MAX);
        observe_mark(&session, true);
        break;
      case OP_CORE_FAILS:
        core.manifest_status = core.report_status = core.state_status = SRV_ERR_IO;
        core.capture_append_status = core.capture_finish_status = SRV_ERR_NO_SPACE;
        break;
      case OP_CORE_WORKS:
        core.manifest_status = core.report_status = core.state_status = SRV_OK;
        core.capture_append_status = core.capture_finish_status = SRV_OK;
        break;
      case OP_TIME:
        pass_time();
        break;
      case OP_RECONNECT:
        end_batch(SRV_OK);
        session_end(&session, true);
        connect_device();
        break;
      case OP_CALL:
        fake_core_call(&core, "call-1", "reboot", "[1]");
        observe_mark(&session, false);
        break;
      default: { /* a datagram of `operation` bytes */
        size_t length = operation < size - i ? operation : size - i;
        uint8_t *copy = malloc(length); /* its own block, so that overreads are seen */
        memcpy(copy, data + i, length);
        say(copy, length);
        free(copy);
        i += length;
      }
    }
  }
  end_batch(SRV_OK);
  if (session.state == SESSION_OPEN) session_end(&session, true);
  orphans_timer(&gateway, true);
  check(gateway.stats.observers == 0 && gateway.changed_first == NULL);
  check(gateway.stats.uploads_open == 0 && core.captures_open == 0 && core.listening <= 0);
  fake_core_deinit(&core);
  srv_core_batch_commit(&core);
  return 0;
}
