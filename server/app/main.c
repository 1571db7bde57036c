/* SPDX-License-Identifier: Apache-2.0 */
/* The one program: `godwit server` runs the server, which runs its virtual
 * devices as `godwit virtual-device`; everything else is a command of the CLI. */
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"
#include "server/app/app.h"
#include "server/app/options.h"
#include "virtual/virtual.h"

int main(int argc, char **argv) {
  if (argc > 1 && strcmp(argv[1], "server") == 0) return srv_app_main(argc - 1, argv + 1);
  if (argc > 1 && strcmp(argv[1], "virtual-device") == 0) return virt_main(argc - 1, argv + 1);
  if (argc > 1 && strcmp(argv[1], "--version") == 0) {
    puts("godwit " GODWIT_VERSION);
    return 0;
  }
  cli_set_server_options(srv_options_table());
  return cli_main(argc, argv);
}
