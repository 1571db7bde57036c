/* SPDX-License-Identifier: Apache-2.0 */
/* bench_delta: how much of an update goes over the air, as compressed and as delta
 * form, beside what other tools make of the same files. */
#include <mbedtls/sha256.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "server/core/patch.h"
#include "tests/bench/examples/delta_corpus.h"
#include "wire/patch.h"

/* What a block of 1,024 bytes costs beside them, IPv4 (20), UDP (8) and DTLS 1.2
 * with AES-CCM-8 (13 + 8 + 8) both ways: request and response of `.gw/e/ID` have
 * 40 and 20 bytes of CoAP. */
#define BLOCK_SIZE 1024u
#define BLOCK_OVERHEAD (2u * (20 + 8 + 13 + 8 + 8) + 40 + 20)
#define DECODE_ROUNDS 5

static const char usage[] =
    "Usage: bench_delta [--keep FOLDER]\n"
    "\n"
    "Makes models as releases change them, and the forms that they are sent in, beside what\n"
    "xz, zstd, bsdiff and python3's zlib make; a column is empty where one is not installed.\n"
    "  --keep FOLDER   leaves the files there\n";

static const char *folder;

/* ---- other tools --------------------------------------------------------------------- */

static bool save(const char *name, const struct delta_file *file) {
  char path[512];
  snprintf(path, sizeof path, "%s/%s", folder, name);
  FILE *out = fopen(path, "wb");
  bool done = out && fwrite(file->data, 1, file->size, out) == file->size;
  if (out && fclose(out) != 0) done = false;
  if (!done) fprintf(stderr, "cannot write %s\n", path);
  return done;
}

/* Size of what a command, run in the folder, leaves in `out`; 0: nothing. */
static size_t size_by(const char *command) {
  char line[1024];
  struct stat status;
  snprintf(line, sizeof line, "cd '%s' && rm -f out && { %s; } >/dev/null 2>&1", folder, command);
  if (system(line) != 0) return 0; /* NOLINT(cert-env33-c): fixed commands */
  snprintf(line, sizeof line, "%s/out", folder);
  return stat(line, &status) == 0 ? (size_t)status.st_size : 0;
}

static void print_size(size_t size, size_t full) {
  if (size == 0) printf("|  - ");
  if (size > 0) printf("| %zu (%.1f %%) ", size, 100.0 * (double)size / (double)full);
}

/* ---- ours ------------------------------------------------------------------------------- */

struct side {
  const struct delta_file *base;
  uint8_t *made;
};

static int write_result(void *arg, uint32_t offset, const void *data, size_t size) {
  memcpy(((struct side *)arg)->made + offset, data, size);
  return 0;
}

static int read_base(void *arg, uint32_t offset, void *data, size_t size) {
  memcpy(data, ((struct side *)arg)->base->data + offset, size);
  return 0;
}

static double seconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

struct form {
  size_t size;
  double encode_s, decode_s;
};

static bool decode(const struct delta_file *base, const struct delta_file *result,
                   const struct delta_file *form, uint8_t *made) {
  static struct gw_patch patch;
  uint8_t result_digest[32], base_digest[32];
  struct side side = {base, made};
  struct gw_patch_io io = {&side, write_result, read_base, NULL};
  mbedtls_sha256(result->data, result->size, result_digest, 0);
  if (base) mbedtls_sha256(base->data, base->size, base_digest, 0);
  gw_patch_init(&patch, &io, (uint32_t)result->size, result_digest, base ? base_digest : NULL,
                base ? (uint32_t)base->size : 0);
  return gw_patch_feed(&patch, 0, form->data, form->size) == GW_OK && gw_patch_done(&patch) &&
         memcmp(made, result->data, result->size) == 0;
}

static bool measure(const struct delta_file *base, const struct delta_file *result,
                    struct form *out) {
  struct delta_file form;
  uint8_t *made = malloc(result->size);
  double begin = seconds();
  bool done =
      made && srv_patch_encode(base ? base->data : NULL, base ? base->size : 0, result->data,
                               result->size, &form.data, &form.size) == SRV_PATCH_OK;
  if (done) {
    out->encode_s = seconds() - begin;
    out->size = form.size;
    begin = seconds();
    for (int i = 0; done && i < DECODE_ROUNDS; i++) done = decode(base, result, &form, made);
    out->decode_s = (seconds() - begin) / DECODE_ROUNDS;
    free(form.data);
  }
  free(made);
  return done;
}

/* ---- the table ------------------------------------------------------------------------------- */

static size_t on_air(size_t size) {
  return size + (size + BLOCK_SIZE - 1) / BLOCK_SIZE * BLOCK_OVERHEAD;
}

static bool print_sizes(const struct delta_pair *pair, struct form *compressed,
                        struct form *delta) {
  size_t full = pair->result.size;
  if (!save("base", &pair->base) || !save("result", &pair->result)) return false;
  if (!measure(NULL, &pair->result, compressed) || !measure(&pair->base, &pair->result, delta)) {
    fprintf(stderr, "%s does not come back\n", pair->name);
    return false;
  }
  printf("| %s | %zu ", pair->name, full);
  print_size(size_by("python3 -c \"import zlib; open('out', 'wb').write("
                     "zlib.compress(open('result', 'rb').read(), 9))\""),
             full);
  print_size(size_by("xz -9e --format=lzma --stdout result > out"), full);
  print_size(compressed->size, full);
  print_size(size_by("zstd -q -19 --patch-from=base result -o out"), full);
  print_size(size_by("bsdiff base result out"), full);
  print_size(delta->size, full);
  size_t best = delta->size < compressed->size ? delta->size : compressed->size;
  if (best > full) best = full;
  printf("| %zu, was %zu |\n", on_air(best), on_air(full));
  return true;
}

static bool run(const struct delta_corpus *corpus) {
  struct form compressed[DELTA_CORPUS_MAX], delta[DELTA_CORPUS_MAX];
  printf(
      "| what changed | full | zlib -9 | xz -9e | **compressed** | zstd -19 --patch-from | bsdiff "
      "| **delta** | on the air |\n|---|---:|---:|---:|---:|---:|---:|---:|---:|\n");
  for (size_t i = 0; i < corpus->count; i++) {
    if (!print_sizes(&corpus->pair[i], &compressed[i], &delta[i])) return false;
  }
  printf(
      "\n| what changed | encode compressed, delta | decode compressed, delta |\n"
      "|---|---:|---:|\n");
  for (size_t i = 0; i < corpus->count; i++) {
    double megabytes = (double)corpus->pair[i].result.size * 1e-6;
    printf("| %s | %.0f, %.0f ms | %.1f, %.1f MB/s |\n", corpus->pair[i].name,
           compressed[i].encode_s * 1e3, delta[i].encode_s * 1e3,
           megabytes / compressed[i].decode_s, megabytes / delta[i].decode_s);
  }
  printf("\nThe decoder takes %zu bytes of RAM here, all in.\n", sizeof(struct gw_patch));
  printf("* fine-tuned synthetically: each weight moved by noise of 5 %% of its tensor's spread\n");
  return true;
}

static bool keep(const struct delta_corpus *corpus) {
  for (size_t i = 0; i < corpus->count; i++) {
    char name[64];
    snprintf(name, sizeof name, "%zu.base", i);
    if (!save(name, &corpus->pair[i].base)) return false;
    snprintf(name, sizeof name, "%zu.result", i);
    if (!save(name, &corpus->pair[i].result)) return false;
  }
  return true;
}

int main(int argc, char **argv) {
  char temporary[] = "/tmp/bench_delta_XXXXXX";
  static struct delta_corpus corpus;
  bool keeps = argc == 3 && strcmp(argv[1], "--keep") == 0;
  if (argc > 1 && !keeps) {
    fputs(usage, stderr);
    return 2;
  }
  setvbuf(stdout, NULL, _IOLBF, 0);
  folder = keeps ? argv[2] : mkdtemp(temporary);
  if (keeps) mkdir(folder, 0777);
  bool done = folder != NULL &&
              delta_corpus_make(&corpus, GODWIT_SOURCE_DIR "/examples/micro_speech/clips",
                                GODWIT_SOURCE_DIR "/examples/micro_speech/models",
                                GODWIT_SHARED_DATA "/golden/models") &&
              run(&corpus) && (!keeps || keep(&corpus));
  delta_corpus_free(&corpus);
  if (folder && !keeps) {
    (void)size_by("rm -f base result out");
    rmdir(folder);
  }
  return done ? EXIT_SUCCESS : EXIT_FAILURE;
}
