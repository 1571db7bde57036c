/* SPDX-License-Identifier: Apache-2.0 */
/* The report for people. Reads the document, so that both outputs cannot
 * differ. */
#include <string.h>

#include "cli/evaluate.h"
#include "cli/output.h"
#include "cli/session.h"

#define MATRIX_LABELS_MAX 12 /* wider than a terminal beyond */
#define DEVICES_SHOWN 10
#define WORST_SHOWN 10
#define CELL_WIDTH 8

static const char *text_in(const json_t *object, const char *member) {
  const char *text = json_string_value(json_object_get(object, member));
  return text != NULL ? text : "";
}

static size_t count_in(const json_t *object, const char *member) {
  return (size_t)json_integer_value(json_object_get(object, member));
}

static double number_in(const json_t *object, const char *member) {
  return json_number_value(json_object_get(object, member));
}

static double bound(const json_t *object, const char *member, size_t index) {
  return json_number_value(json_array_get(json_object_get(object, member), index));
}

static void heading(struct cli_session *session, const char *text) {
  fprintf(session->out, "\n%s%s%s\n", session->out_colour ? "\033[1m" : "", text,
          session->out_colour ? "\033[0m" : "");
}

static void add_percent(struct cli_table *table, const json_t *object, const char *member) {
  if (json_is_number(json_object_get(object, member))) {
    cli_table_addf(table, "%.1f %%", 100 * number_in(object, member));
  } else {
    cli_table_add(table, NULL);
  }
}

/* --- summary ----------------------------------------------------------------------- */

static void print_accuracy(struct cli_session *session, const char *name, const json_t *part) {
  if (count_in(part, "clips") == 0) {
    cli_fact(session, name, "-");
    return;
  }
  cli_fact(session, name, "%.1f %% (%.1f to %.1f), %zu of %zu", 100 * number_in(part, "accuracy"),
           100 * bound(part, "accuracyInterval", 0), 100 * bound(part, "accuracyInterval", 1),
           count_in(part, "right"), count_in(part, "clips"));
}

static void print_summary(struct cli_session *session, const json_t *report) {
  const json_t *model = json_object_get(report, "model"),
               *dataset = json_object_get(report, "dataset"),
               *speed = json_object_get(report, "speed");
  cli_fact(session, "model", "%s, %zu bytes, arena %zu bytes", text_in(model, "name"),
           count_in(model, "sizeBytes"), count_in(model, "arenaBytes"));
  if (strcmp(text_in(model, "labelSource"), "none") == 0) {
    cli_fact(session, "labels",
             "none in the model: outputs are called 0, 1, ...; put a line "
             "'GLTHBEGIN;first;second;GLTHEND' before the file's first byte to name them");
  }
  cli_fact(session, "dataset", "%s, split %s, %zu clips of %zu devices", text_in(dataset, "name"),
           text_in(dataset, "split"), count_in(dataset, "clips"), count_in(dataset, "devices"));
  print_accuracy(session, "accuracy", report);
  if (json_object_get(report, "keywords") != NULL) {
    print_accuracy(session, "keywords", json_object_get(report, "keywords"));
  }
  cli_fact(session, "inference", "%.0f us of this processor (median)",
           number_in(speed, "inferenceMicroseconds"));
  if (json_object_get(speed, "timesRealTime") != NULL) {
    cli_fact(session, "speed", "%.0f times real time, %zu threads",
             number_in(speed, "timesRealTime"), count_in(speed, "threads"));
  }
}

static void print_skipped(struct cli_session *session, const json_t *report) {
  json_t *one;
  size_t i;
  json_array_foreach(json_object_get(report, "skipped"), i, one) {
    cli_fact(session, "skipped", "%zu, such as %s: %s", count_in(one, "count"),
             text_in(one, "example"), text_in(one, "reason"));
  }
}

/* --- confusion ------------------------------------------------------------------------ */

static void print_cell(struct cli_session *session, size_t count, size_t total, bool right) {
  char text[32] = "·";
  size_t width = 1;
  if (count > 0)
    width = (size_t)snprintf(text, sizeof text, "%.1f", 100.0 * (double)count / (double)total);
  const char *colour = "";
  if (session->out_colour && count > 0) {
    colour = right ? "\033[32m" : 10 * count >= total ? "\033[31m" : "";
  }
  fprintf(session->out, "%*s%s%s%s", (int)(CELL_WIDTH - width), "", colour, text,
          *colour != 0 ? "\033[0m" : "");
}

/* A label in `width` columns; longer ones are cut. */
static void print_label(struct cli_session *session, const char *label, bool left, size_t width) {
  char clean[64];
  cli_printable(clean, sizeof clean, label);
  while (cli_width(clean) > width) {
    size_t length = strlen(clean) - 1;
    while (length > 0 && ((unsigned char)clean[length] & 0xC0) == 0x80) length--;
    clean[length] = 0;
  }
  int pad = (int)(width - cli_width(clean));
  if (left) fprintf(session->out, "%s%*s", clean, pad, "");
  if (!left) fprintf(session->out, "%*s%s", pad, "", clean);
}

static void print_matrix(struct cli_session *session, const json_t *labels, const json_t *rows) {
  json_t *row, *cell;
  size_t is, heard;
  heading(session, "What was heard, % of what it is");
  print_label(session, "is \\ heard", true, 12);
  for (heard = 0; heard < json_array_size(labels); heard++) {
    fputc(' ', session->out);
    print_label(session, text_in(json_array_get(labels, heard), "label"), false, CELL_WIDTH - 1);
  }
  fputs("   clips\n", session->out);
  json_array_foreach(rows, is, row) {
    size_t total = count_in(json_array_get(labels, is), "clips");
    if (total == 0) continue;
    print_label(session, text_in(json_array_get(labels, is), "label"), true, 12);
    json_array_foreach(row, heard, cell) {
      print_cell(session, (size_t)json_integer_value(cell), total, is == heard);
    }
    fprintf(session->out, "%8zu\n", total);
  }
}

/* Of many labels, the mistakes that happen most often. */
static void print_confused(struct cli_session *session, const json_t *labels, const json_t *rows) {
  static const char *const columns[] = {"IS", "HEARD AS", "CLIPS"};
  struct cli_table table;
  size_t shown = 0, below = SIZE_MAX;
  heading(session, "Most often mistaken");
  cli_table_init(&table, columns, 3);
  while (shown < DEVICES_SHOWN && below > 1) {
    size_t most = 0;
    for (int pass = 0; pass < 2; pass++) { /* first the next lower count, then its pairs */
      for (size_t is = 0; is < json_array_size(rows); is++) {
        const json_t *row = json_array_get(rows, is);
        for (size_t heard = 0; heard < json_array_size(row); heard++) {
          size_t count = (size_t)json_integer_value(json_array_get(row, heard));
          if (is == heard || count >= below) continue;
          if (pass == 0 && count > most) most = count;
          if (pass == 1 && count == most && most > 0 && shown < DEVICES_SHOWN) {
            cli_table_add(&table, text_in(json_array_get(labels, is), "label"));
            cli_table_add(&table, text_in(json_array_get(labels, heard), "label"));
            cli_table_addf(&table, "%zu", count);
            shown++;
          }
        }
      }
    }
    if (most == 0) break;
    below = most;
  }
  cli_table_print(session, &table);
}

static void print_labels(struct cli_session *session, const json_t *labels) {
  static const char *const columns[] = {"LABEL", "CLIPS", "RECALL", "PRECISION", "HEARD"};
  struct cli_table table;
  json_t *one;
  size_t i;
  heading(session, "Labels");
  cli_table_init(&table, columns, 5);
  json_array_foreach(labels, i, one) {
    cli_table_add(&table, text_in(one, "label"));
    cli_table_addf(&table, "%zu", count_in(one, "clips"));
    add_percent(&table, one, "recall");
    add_percent(&table, one, "precision");
    cli_table_addf(&table, "%zu", count_in(one, "heard"));
  }
  cli_table_print(session, &table);
}

/* --- devices and clips ---------------------------------------------------------------------- */

static void print_devices(struct cli_session *session, const json_t *devices) {
  static const char *const columns[] = {"DEVICE", "CLIPS", "RIGHT", "ACCURACY"};
  struct cli_table table;
  json_t *one;
  size_t i;
  if (json_array_size(devices) == 0) return;
  heading(session, "Devices, worst first");
  cli_table_init(&table, columns, 4);
  json_array_foreach(devices, i, one) {
    if (i == DEVICES_SHOWN) break;
    cli_table_add(&table, text_in(one, "device"));
    cli_table_addf(&table, "%zu", count_in(one, "clips"));
    cli_table_addf(&table, "%zu", count_in(one, "right"));
    add_percent(&table, one, "accuracy");
  }
  cli_table_print(session, &table);
  if (json_array_size(devices) > DEVICES_SHOWN) {
    fprintf(session->out, "and %zu more; --json has them all\n",
            json_array_size(devices) - DEVICES_SHOWN);
  }
}

static void print_worst(struct cli_session *session, const json_t *worst) {
  static const char *const columns[] = {"FILE", "IS", "HEARD", "SCORE"};
  struct cli_table table;
  json_t *one;
  size_t i;
  if (json_array_size(worst) == 0) return;
  heading(session, "Most confident mistakes");
  cli_table_init(&table, columns, 4);
  json_array_foreach(worst, i, one) {
    if (i == WORST_SHOWN) break;
    cli_table_add(&table, text_in(one, "file"));
    cli_table_add(&table, text_in(one, "label"));
    cli_table_add(&table, text_in(one, "heard"));
    cli_table_addf(&table, "%.3f", number_in(one, "score"));
  }
  cli_table_print(session, &table);
}

/* --- comparison --------------------------------------------------------------------------------
 */

static void print_verdict(struct cli_session *session, const json_t *compare) {
  const char *verdict = text_in(compare, "verdict"), *colour = "";
  if (session->out_colour && strcmp(verdict, "better") == 0) colour = "\033[1;32m";
  if (session->out_colour && strcmp(verdict, "worse") == 0) colour = "\033[1;31m";
  fprintf(session->out, "%s%s%s\n", colour, text_in(compare, "reason"),
          *colour != 0 ? "\033[0m" : "");
  cli_fact(session, "accuracy", "%.1f %% -> %.1f %%", 100 * number_in(compare, "oldAccuracy"),
           100 * number_in(compare, "newAccuracy"));
  cli_fact(session, "difference", "%+.1f points (%+.1f to %+.1f), p %.2g",
           100 * number_in(compare, "difference"), 100 * bound(compare, "differenceInterval", 0),
           100 * bound(compare, "differenceInterval", 1), number_in(compare, "mcnemarP"));
  cli_fact(session, "clips", "%zu became right, %zu became wrong, of %zu",
           count_in(compare, "becameRight"), count_in(compare, "becameWrong"),
           count_in(compare, "clips"));
}

static void print_changes(struct cli_session *session, const json_t *list, const char *name,
                          size_t shown) {
  const char *const columns[] = {name, "CLIPS", "BECAME RIGHT", "BECAME WRONG"};
  struct cli_table table;
  const char *key = name[0] == 'L' ? "label" : "device";
  json_t *one;
  size_t i;
  if (json_array_size(list) == 0) return;
  fputc('\n', session->out);
  cli_table_init(&table, columns, 4);
  json_array_foreach(list, i, one) {
    if (i == shown) break;
    cli_table_add(&table, text_in(one, key));
    cli_table_addf(&table, "%zu", count_in(one, "clips"));
    cli_table_addf(&table, "%zu", count_in(one, "becameRight"));
    cli_table_addf(&table, "%zu", count_in(one, "becameWrong"));
  }
  cli_table_print(session, &table);
}

static void print_words(struct cli_session *session, const json_t *list, const char *name) {
  json_t *one;
  size_t i;
  json_array_foreach(list, i, one) {
    size_t clips = count_in(one, "clips");
    cli_fact(session, name, "%s: %.1f %% of %zu clips right", text_in(one, "label"),
             100.0 * (double)count_in(one, "right") / (double)(clips > 0 ? clips : 1), clips);
  }
}

static void print_examples(struct cli_session *session, const json_t *list, const char *title) {
  static const char *const columns[] = {"FILE", "IS", "BEFORE", "NOW"};
  struct cli_table table;
  json_t *one;
  size_t i;
  if (json_array_size(list) == 0) return;
  heading(session, title);
  cli_table_init(&table, columns, 4);
  json_array_foreach(list, i, one) {
    cli_table_add(&table, text_in(one, "file"));
    cli_table_add(&table, text_in(one, "label"));
    cli_table_add(&table, text_in(one, "old"));
    cli_table_add(&table, text_in(one, "new"));
  }
  cli_table_print(session, &table);
}

static void print_compare(struct cli_session *session, const json_t *compare) {
  char title[512];
  snprintf(title, sizeof title, "Against %s", text_in(json_object_get(compare, "model"), "name"));
  heading(session, title);
  print_verdict(session, compare);
  print_words(session, json_object_get(compare, "newWords"), "new word");
  print_words(session, json_object_get(compare, "lostWords"), "lost word");
  print_changes(session, json_object_get(compare, "labels"), "LABEL", SIZE_MAX);
  print_changes(session, json_object_get(compare, "perDevice"), "DEVICE", DEVICES_SHOWN);
  print_examples(session, json_object_get(compare, "lost"), "Became wrong, for example");
}

void cli_evaluate_print(struct cli_session *session, const json_t *report) {
  const json_t *labels = json_object_get(report, "labels"),
               *rows = json_object_get(report, "confusion"),
               *compare = json_object_get(report, "compare");
  print_summary(session, report);
  print_skipped(session, report);
  if (json_array_size(labels) <= MATRIX_LABELS_MAX) {
    print_matrix(session, labels, rows);
  } else {
    print_confused(session, labels, rows);
  }
  print_labels(session, labels);
  print_devices(session, json_object_get(report, "devices"));
  print_worst(session, json_object_get(report, "worst"));
  if (compare != NULL) print_compare(session, compare);
}
