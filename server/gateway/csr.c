/* SPDX-License-Identifier: Apache-2.0 */
/* v1/csr: a device's certificate request in, its certificate out. Signed at
 * once by a CA of the project whose key the core has, or by a command that the
 * operator has named, which runs as a child: its answer is piggybacked on the
 * request that waits, as published clients take an empty ACK for an error. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "server/core/log.h"
#include "server/core/pki.h"
#include "server/gateway/internal.h"

/* A published client gives up a request after 10 s. */
#define WAIT_MS 8000u
#define COMMAND_TIMEOUT_MS 60000u
#define COMMANDS_MAX 8u       /* at once; a device has one */
#define COMMANDS_PER_HOUR 10u /* a device's, right or wrong */
#define HOUR_MS 3600000u
#define COMMAND_POLL_MS 20u
#define OUTPUT_MAX 8192u
#define TRANSFER_IDLE_MS 60000u

extern char **environ;

/* What a session has sent of its CSR, and what it was answered with: kept for
 * the further blocks of both. */
struct csr_transfer {
  struct gw_block1_receiver blocks;
  uint64_t heard_ms;
  size_t csr_size, certificate_size;
  uint8_t csr[SRV_CSR_MAX];
  uint8_t certificate[SRV_CERTIFICATE_MAX];
};

/* A command that runs. */
struct csr_command {
  struct csr_command *next;
  struct srv_device_ref device;
  struct session *session; /* whose request waits; NULL: none any more */
  uint8_t type, token_length;
  uint8_t token[GW_COAP_TOKEN_MAX];
  uint16_t message_id;
  uint64_t asked_ms, started_ms;
  pid_t child;
  int output; /* its standard output */
  size_t csr_size, output_size;
  uint8_t csr[SRV_CSR_MAX];
  uint8_t answer[OUTPUT_MAX];
};

/* What a device has used of its hour. It outlives the device's sessions: coming
 * back does not begin a new one. */
struct csr_quota {
  struct csr_quota *next;
  char device_id[SRV_ID_LENGTH + 1];
  uint64_t since_ms;
  unsigned count;
};

/* ---- answers ---- */

static uint8_t code_of(int status) {
  switch (status) {
    case SRV_ERR_BUSY:
      return GW_COAP_TOO_MANY_REQUESTS;
    case SRV_ERR_TOO_LARGE:
      return GW_COAP_REQUEST_TOO_LARGE;
    default:
      return route_code_of_status(status);
  }
}

static void log_refusal(struct srv_gateway *gateway, const struct srv_device_ref *device) {
  if (!gateway_may_log(gateway)) return;
  srv_log(SRV_LOG_WARNING, "gateway", "CSR of device %s of project %s refused: %s",
          device->device_id, device->project_id, srv_core_error(gateway->core));
}

static void refuse(const struct request *request, struct response *response, int status) {
  log_refusal(request->gateway, &request->session->device->ref);
  response->code = code_of(status);
}

static void answer_certificate(struct csr_transfer *transfer, struct response *response) {
  response->code = GW_COAP_CHANGED;
  response->format = GW_COAP_FORMAT_OCTETS;
  response->payload = transfer->certificate;
  response->payload_size = transfer->certificate_size;
}

/* ---- commands ---- */

static struct csr_command *find_command(const struct srv_gateway *gateway,
                                        const struct srv_device_ref *device) {
  struct csr_command *command = gateway->csr_commands;
  while (command != NULL && strcmp(command->device.device_id, device->device_id) != 0)
    command = command->next;
  return command;
}

static size_t command_count(const struct srv_gateway *gateway) {
  size_t count = 0;
  for (const struct csr_command *c = gateway->csr_commands; c != NULL; c = c->next) count++;
  return count;
}

static void close_end(int *fd) {
  if (*fd >= 0) close(*fd);
  *fd = -1;
}

static void command_free(struct srv_gateway *gateway, struct csr_command *command) {
  struct csr_command **link = &gateway->csr_commands;
  while (*link != command) link = &(*link)->next;
  *link = command->next;
  close_end(&command->output);
  if (command->child > 0) {
    kill(-command->child, SIGKILL);
    waitpid(command->child, NULL, 0);
  }
  free(command);
}

/* PROGRAM PROJECT DEVICE, the CSR on its standard input. It does not inherit
 * our blocked and ignored signals, and is a group of its own, to be killed with
 * whatever it starts. */
static int spawn(struct csr_command *command, const char *program) {
  char *argv[] = {(char *)(uintptr_t)program, command->device.project_id, command->device.device_id,
                  NULL};
  int in[2] = {-1, -1}, out[2] = {-1, -1};
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
  sigset_t none, defaults;
  sigemptyset(&none);
  sigemptyset(&defaults);
  sigaddset(&defaults, SIGPIPE);
  sigaddset(&defaults, SIGXFSZ);
  /* A pipe holds more than a CSR: written before anybody reads, it can neither
   * block nor break. */
  if (pipe2(in, O_CLOEXEC) != 0 || pipe2(out, O_CLOEXEC) != 0 ||
      write(in[1], command->csr, command->csr_size) != (ssize_t)command->csr_size) {
    int error = errno;
    for (int i = 0; i < 2; i++) close_end(&in[i]);
    for (int i = 0; i < 2; i++) close_end(&out[i]);
    return error;
  }
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, in[0], STDIN_FILENO);
  posix_spawn_file_actions_adddup2(&actions, out[1], STDOUT_FILENO);
  posix_spawnattr_init(&attributes);
  posix_spawnattr_setflags(&attributes,
                           POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setsigdefault(&attributes, &defaults);
  int error = posix_spawnp(&command->child, program, &actions, &attributes, argv, environ);
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&actions);
  close(in[0]);
  close(in[1]);
  close(out[1]);
  command->output = out[0];
  fcntl(command->output, F_SETFL, O_NONBLOCK);
  if (error != 0) command->child = 0;
  return error;
}

/* The device's quota; those whose hour is over go. NULL: it has used nothing. */
static struct csr_quota *find_quota(struct srv_gateway *gateway, const char *device_id) {
  struct csr_quota *found = NULL;
  for (struct csr_quota **link = &gateway->csr_quotas; *link != NULL;) {
    struct csr_quota *quota = *link;
    if (gateway->now_ms - quota->since_ms >= HOUR_MS) {
      *link = quota->next;
      free(quota);
      continue;
    }
    if (strcmp(quota->device_id, device_id) == 0) found = quota;
    link = &quota->next;
  }
  return found;
}

/* At most COMMANDS_PER_HOUR of a device, right or wrong. */
static bool may_command(struct srv_gateway *gateway, const char *device_id) {
  struct csr_quota *quota = find_quota(gateway, device_id);
  if (quota == NULL) {
    quota = calloc(1, sizeof *quota);
    if (quota == NULL) return false;
    snprintf(quota->device_id, sizeof quota->device_id, "%s", device_id);
    quota->since_ms = gateway->now_ms;
    quota->next = gateway->csr_quotas;
    gateway->csr_quotas = quota;
  }
  return quota->count++ < COMMANDS_PER_HOUR;
}

static void wait_for_command(const struct request *request, struct csr_command *command) {
  const struct gw_coap_message *message = request->message;
  command->session = request->session;
  command->type = (uint8_t)message->type;
  command->message_id = message->message_id;
  command->token_length = message->token_length;
  memcpy(command->token, message->token, sizeof command->token);
  command->asked_ms = request->gateway->now_ms;
}

static struct csr_command *start_command(const struct request *request,
                                         const struct csr_transfer *transfer) {
  struct srv_gateway *gateway = request->gateway;
  struct csr_command *command = calloc(1, sizeof *command);
  if (command == NULL) return NULL;
  command->device = request->session->device->ref;
  command->output = -1;
  command->started_ms = gateway->now_ms;
  command->csr_size = transfer->csr_size;
  memcpy(command->csr, transfer->csr, transfer->csr_size);
  command->next = gateway->csr_commands;
  gateway->csr_commands = command;
  int error = spawn(command, gateway->config.csr_command);
  if (error == 0) return command;
  srv_log(SRV_LOG_ERROR, "gateway", "cannot run the CSR command %s: %s",
          gateway->config.csr_command, strerror(error));
  command_free(gateway, command);
  return NULL;
}

static void ask_command(const struct request *request, struct csr_transfer *transfer,
                        struct response *response) {
  struct srv_gateway *gateway = request->gateway;
  struct csr_command *command = find_command(gateway, &request->session->device->ref);
  if (command != NULL && (command->csr_size != transfer->csr_size ||
                          memcmp(command->csr, transfer->csr, transfer->csr_size) != 0)) {
    response->code = GW_COAP_SERVICE_UNAVAILABLE; /* it asks for another one already */
    return;
  }
  if (command == NULL && command_count(gateway) < COMMANDS_MAX) {
    if (!may_command(gateway, request->session->device->ref.device_id)) {
      response->code = GW_COAP_TOO_MANY_REQUESTS;
      return;
    }
    command = start_command(request, transfer);
  } else if (command == NULL) {
    response->code = GW_COAP_SERVICE_UNAVAILABLE; /* which is not held against the device */
    return;
  } else if (command->session == request->session &&
             command->message_id == request->message->message_id) {
    response->deferred = true; /* a retransmission: its time goes on */
    return;
  }
  if (command == NULL) {
    response->code = GW_COAP_SERVICE_UNAVAILABLE;
    return;
  }
  wait_for_command(request, command);
  response->deferred = true;
}

/* Answers the request that waits, if one does. */
static void answer_waiting(struct srv_gateway *gateway, struct csr_command *command, uint8_t code,
                           const uint8_t *certificate, size_t size) {
  struct session *session = command->session;
  struct gw_coap_message message = {.type = (enum gw_coap_type)command->type,
                                    .code = GW_COAP_POST,
                                    .message_id = command->message_id,
                                    .token_length = command->token_length};
  struct request request = {.gateway = gateway, .session = session, .message = &message};
  struct response response = {.code = code, .format = FORMAT_NONE};
  command->session = NULL;
  if (session == NULL) return;
  memcpy(message.token, command->token, sizeof message.token);
  if (session->csr != NULL && size > 0) {
    memcpy(session->csr->certificate, certificate, size);
    session->csr->certificate_size = size;
    answer_certificate(session->csr, &response);
  }
  coap_respond(&request, &response);
}

static void command_ended(struct srv_gateway *gateway, struct csr_command *command,
                          int exit_status) {
  uint8_t certificate[SRV_CERTIFICATE_MAX];
  int size = SRV_ERR_INTERNAL;
  bool well = WIFEXITED(exit_status) && WEXITSTATUS(exit_status) == 0;
  if (well) {
    size = srv_core_take_issued(gateway->core, &command->device, command->csr, command->csr_size,
                                command->answer, command->output_size, certificate);
    if (size < 0)
      srv_log(SRV_LOG_ERROR, "gateway", "what %s made for device %s cannot be used: %s",
              gateway->config.csr_command, command->device.device_id,
              srv_core_error(gateway->core));
  } else {
    srv_log(SRV_LOG_ERROR, "gateway", "%s failed for device %s of project %s: %s %d",
            gateway->config.csr_command, command->device.device_id, command->device.project_id,
            WIFEXITED(exit_status) ? "exit code" : "signal",
            WIFEXITED(exit_status) ? WEXITSTATUS(exit_status) : WTERMSIG(exit_status));
  }
  if (size >= 0 && !coap_commit_early(gateway)) size = SRV_ERR_IO;
  if (size >= 0)
    answer_waiting(gateway, command, GW_COAP_CHANGED, certificate, (size_t)size);
  else
    answer_waiting(gateway, command, GW_COAP_INTERNAL_ERROR, NULL, 0);
  command_free(gateway, command);
}

enum output { OUTPUT_MORE, OUTPUT_ALL, OUTPUT_TOO_MUCH };

static enum output read_output(struct csr_command *command) {
  for (;;) {
    if (command->output_size == OUTPUT_MAX) return OUTPUT_TOO_MUCH;
    ssize_t count = read(command->output, command->answer + command->output_size,
                         OUTPUT_MAX - command->output_size);
    if (count < 0 && (errno == EAGAIN || errno == EINTR)) return OUTPUT_MORE;
    if (count <= 0) return OUTPUT_ALL;
    command->output_size += (size_t)count;
  }
}

/* Ends it with a line in the log. */
static void give_up(struct srv_gateway *gateway, struct csr_command *command, uint8_t code,
                    const char *why) {
  srv_log(SRV_LOG_ERROR, "gateway", "%s was killed for device %s of project %s: it %s",
          gateway->config.csr_command, command->device.device_id, command->device.project_id, why);
  answer_waiting(gateway, command, code, NULL, 0);
  command_free(gateway, command);
}

static void run_command(struct srv_gateway *gateway, struct csr_command *command) {
  int exit_status;
  enum output output = read_output(command);
  if (output == OUTPUT_TOO_MUCH) {
    give_up(gateway, command, GW_COAP_INTERNAL_ERROR, "prints more than a certificate");
    return;
  }
  if (gateway->now_ms - command->started_ms >= COMMAND_TIMEOUT_MS) {
    give_up(gateway, command, GW_COAP_SERVICE_UNAVAILABLE, "did not end within 60 s");
    return;
  }
  if (gateway->now_ms - command->asked_ms >= WAIT_MS)
    answer_waiting(gateway, command, GW_COAP_SERVICE_UNAVAILABLE, NULL, 0);
  if (output == OUTPUT_MORE || waitpid(command->child, &exit_status, WNOHANG) != command->child)
    return;
  command->child = 0;
  command_ended(gateway, command, exit_status);
}

void csr_run(struct srv_gateway *gateway) {
  gateway->csr_polled_ms = gateway->now_ms;
  for (struct csr_command *c = gateway->csr_commands, *next; c != NULL; c = next) {
    next = c->next;
    run_command(gateway, c);
  }
}

uint64_t csr_due_ms(const struct srv_gateway *gateway) {
  return gateway->csr_commands == NULL ? TIMER_NEVER : gateway->csr_polled_ms + COMMAND_POLL_MS;
}

void csr_end_commands(struct srv_gateway *gateway) {
  while (gateway->csr_commands != NULL) command_free(gateway, gateway->csr_commands);
  while (gateway->csr_quotas != NULL) {
    struct csr_quota *quota = gateway->csr_quotas;
    gateway->csr_quotas = quota->next;
    free(quota);
  }
}

void csr_forget_session(struct session *session) {
  for (struct csr_command *c = session->gateway->csr_commands; c != NULL; c = c->next)
    if (c->session == session) c->session = NULL;
  free(session->csr);
  session->csr = NULL;
}

/* ---- a whole CSR ---- */

static void answer_csr(const struct request *request, struct csr_transfer *transfer,
                       struct response *response) {
  struct srv_gateway *gateway = request->gateway;
  const struct srv_device_ref *device = &request->session->device->ref;
  int size = srv_core_find_issued(gateway->core, device, transfer->csr, transfer->csr_size,
                                  transfer->certificate);
  if (size < 0) {
    int status = srv_core_check_csr(gateway->core, device, transfer->csr, transfer->csr_size);
    if (status != SRV_OK) {
      refuse(request, response, status);
      return;
    }
    if (gateway->config.csr_command != NULL) {
      ask_command(request, transfer, response);
      return;
    }
    size = srv_core_sign_csr(gateway->core, device, transfer->csr, transfer->csr_size,
                             transfer->certificate);
    /* Known before it is used: else revoking the device's would leave it out. */
    if (size >= 0 && !coap_commit_early(gateway)) size = SRV_ERR_IO;
  }
  if (size < 0) {
    refuse(request, response, size);
    return;
  }
  transfer->certificate_size = (size_t)size;
  answer_certificate(transfer, response);
}

/* ---- its blocks ---- */

static struct csr_transfer *transfer_of(struct session *session) {
  if (session->csr == NULL) session->csr = calloc(1, sizeof *session->csr);
  return session->csr;
}

static void take_block(const struct request *request, struct csr_transfer *transfer,
                       struct gw_block block, struct response *response) {
  const struct gw_coap_message *message = request->message;
  uint64_t now_ms = request->gateway->now_ms;
  bool stale = now_ms - transfer->heard_ms >= TRANSFER_IDLE_MS;
  if (block.num == 0 || stale) gw_block1_receiver_init(&transfer->blocks, SRV_CSR_MAX);
  transfer->heard_ms = now_ms;
  uint64_t offset = transfer->blocks.offset;
  bool was_done = transfer->blocks.done;
  int taken = gw_block1_receiver_accept(&transfer->blocks, block, message->payload_size);
  if (taken < 0) {
    response->code = taken == GW_ERR_ORDER      ? GW_COAP_REQUEST_INCOMPLETE
                     : taken == GW_ERR_TOO_LONG ? GW_COAP_REQUEST_TOO_LARGE
                                                : GW_COAP_BAD_REQUEST;
    return;
  }
  if (block.num == 0) offset = 0;
  if (taken > 0 && !was_done) {
    memcpy(transfer->csr + offset, message->payload, (size_t)taken);
    transfer->csr_size = (size_t)offset + (size_t)taken;
  }
  if (transfer->blocks.done)
    answer_csr(request, transfer, response);
  else
    response->code = GW_COAP_CONTINUE;
}

/* A POST without payload that asks for a block behind the first: the rest of
 * the answer (RFC 7959 2.7). */
static bool asks_for_rest(const struct gw_coap_message *message) {
  uint32_t value;
  struct gw_block block;
  return message->payload_size == 0 && gw_coap_option_uint(message, GW_COAP_OPT_BLOCK2, &value) &&
         gw_block_decode(value, &block) == GW_OK && block.num > 0;
}

void csr_post(const struct request *request, struct response *response) {
  const struct gw_coap_message *message = request->message;
  struct csr_transfer *transfer = transfer_of(request->session);
  uint32_t value, format;
  struct gw_block block;
  if (transfer == NULL) {
    response->code = GW_COAP_INTERNAL_ERROR;
  } else if (asks_for_rest(message)) {
    response->code = GW_COAP_REQUEST_INCOMPLETE;
    if (transfer->certificate_size > 0) answer_certificate(transfer, response);
  } else if (gw_coap_option_uint(message, GW_COAP_OPT_CONTENT_FORMAT, &format) &&
             format != GW_COAP_FORMAT_OCTETS) {
    response->code = GW_COAP_UNSUPPORTED_FORMAT;
  } else if (!gw_coap_option_uint(message, GW_COAP_OPT_BLOCK1, &value)) {
    if (message->payload_size > SRV_CSR_MAX) {
      response->code = GW_COAP_REQUEST_TOO_LARGE;
      return;
    }
    transfer->csr_size = message->payload_size;
    if (message->payload_size > 0) memcpy(transfer->csr, message->payload, message->payload_size);
    answer_csr(request, transfer, response);
  } else if (gw_block_decode(value, &block) != GW_OK) {
    response->code = GW_COAP_BAD_REQUEST;
  } else {
    take_block(request, transfer, block, response);
  }
}
