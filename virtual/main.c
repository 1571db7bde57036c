/* SPDX-License-Identifier: Apache-2.0 */
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "godwit/log.h"
#include "virtual/device.h"
#include "virtual/virtual.h"

const bool virt_is_built = true;

static volatile sig_atomic_t stopped;

static void stop(int signal_number) {
  (void)signal_number;
  stopped = 1;
}

/* A server that was killed takes its devices along. It may have gone before we
 * could ask for that. */
static bool has_parent(const struct virt_options *options) {
  if (options->parent == 0) return true;
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  return getppid() == options->parent;
}

int virt_main(int argc, char **argv) {
  struct virt_options options;
  int status = virt_options_parse(&options, argc, argv);
  if (status != 0) return status;
  if (!has_parent(&options)) {
    fputs("virtual device: the server that started it has gone\n", stderr);
    return 1;
  }
  signal(SIGINT, stop);
  signal(SIGTERM, stop);
  godwit_log_set_level(GODWIT_LOG_INFO);
  return virt_device_run(&options, &stopped);
}
