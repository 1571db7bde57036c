/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cli/clip_input.h"
#include "cli/evaluate.h"
#include "cli/session.h"

#define CLIPS_A_TURN 16 /* what a thread takes at once */
#define PROGRESS_MS 100
#define BAR_WIDTH 30

/* What the threads share. Verdicts are written by index, so the order in which
 * threads get their turns cannot show. */
struct crew {
  struct cli_evaluation *evaluation;
  atomic_size_t next; /* clip that nobody has taken yet */
  atomic_size_t done;
  pthread_mutex_t lock;
  pthread_cond_t finished; /* a worker ended */
  size_t working;
};

/* One thread's own. */
struct worker {
  struct crew *crew;
  pthread_t thread;
  void *arena[CLI_MODELS_MAX];
  struct wit_interpreter *interpreter[CLI_MODELS_MAX];
  struct cli_bytes bytes;
  struct cli_clip_input input;
};

static double seconds_of(clockid_t clock) {
  struct timespec now;
  clock_gettime(clock, &now);
  return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

/* --- a verdict ---------------------------------------------------------------------- */

/* Runs model m on what stands in its input. */
static const char *run_model(struct worker *w, size_t m, struct cli_verdict_of_clip *verdict) {
  struct wit_error error;
  wit_interpreter_reset(w->interpreter[m]); /* nothing of the clip before */
  double before = seconds_of(CLOCK_THREAD_CPUTIME_ID);
  if (wit_interpreter_invoke(w->interpreter[m], &error) != WIT_OK) {
    return "the model refused it while running";
  }
  double took = seconds_of(CLOCK_THREAD_CPUTIME_ID) - before;
  const struct wit_tensor *out = wit_interpreter_output(w->interpreter[m], 0);
  size_t count = w->crew->evaluation->model[m]->label_count, best = 0;
  for (size_t i = 0; i < count; i++) {
    /* The first of equals. Scores that are no numbers win nothing. */
    if (cli_score_at(out, i) > cli_score_at(out, best) || isnan(cli_score_at(out, best))) best = i;
  }
  if (!isfinite(cli_score_at(out, best))) return "the model's scores for it are no numbers";
  verdict->of[m].heard = (int32_t)best;
  verdict->of[m].score = cli_score_at(out, best);
  verdict->of[m].nanoseconds = (uint64_t)(took * 1e9);
  return NULL;
}

static const char *judge_with(struct worker *w, size_t m, const struct cli_clip *clip,
                              struct cli_verdict_of_clip *verdict) {
  const struct cli_judged *judged = w->crew->evaluation->model[m];
  struct wit_tensor *input = wit_interpreter_input(w->interpreter[m], 0);
  verdict->of[m].label = cli_judged_label(judged, clip->label);
  if (verdict->of[m].label < 0) return NULL; /* nothing that it could be right about */
  const char *problem = NULL;
  if (judged->input == CLI_INPUT_AUDIO) {
    memcpy(input->data, w->input.features, CLI_FEATURES);
  } else {
    problem = cli_clip_look(&w->input, judged, &w->bytes, input);
  }
  return problem != NULL ? problem : run_model(w, m, verdict);
}

static void judge(struct worker *w, size_t index) {
  const struct cli_evaluation *e = w->crew->evaluation;
  const struct cli_clip *clip = &e->dataset->clip[index];
  struct cli_verdict_of_clip *verdict = &e->clip[index];
  verdict->skipped = cli_dataset_read(e->dataset, clip, &w->bytes);
  if (verdict->skipped == NULL && e->model[0]->input == CLI_INPUT_AUDIO) {
    verdict->skipped = cli_clip_hear(&w->input, clip, &w->bytes);
  }
  for (size_t m = 0; verdict->skipped == NULL && m < e->model_count; m++) {
    verdict->skipped = judge_with(w, m, clip, verdict);
  }
}

/* --- threads ----------------------------------------------------------------------------- */

static void *work(void *argument) {
  struct worker *w = argument;
  struct crew *crew = w->crew;
  size_t count = crew->evaluation->dataset->clip_count;
  for (;;) {
    size_t first = atomic_fetch_add(&crew->next, CLIPS_A_TURN);
    if (first >= count) break;
    size_t end = count - first < CLIPS_A_TURN ? count : first + CLIPS_A_TURN;
    for (size_t i = first; i < end; i++) judge(w, i);
    atomic_fetch_add(&crew->done, end - first);
  }
  pthread_mutex_lock(&crew->lock);
  crew->working--;
  pthread_cond_signal(&crew->finished);
  pthread_mutex_unlock(&crew->lock);
  return NULL;
}

static bool worker_init(struct worker *w, struct crew *crew) {
  const struct cli_evaluation *e = crew->evaluation;
  w->crew = crew;
  for (size_t m = 0; m < e->model_count; m++) {
    const struct cli_judged *judged = e->model[m];
    size_t bytes = (judged->arena_bytes + WIT_ARENA_ALIGNMENT - 1) & ~(WIT_ARENA_ALIGNMENT - 1ul);
    w->arena[m] = aligned_alloc(WIT_ARENA_ALIGNMENT, bytes);
    if (w->arena[m] == NULL) return false;
    /* It was planned in as much before: it fits. */
    if (wit_interpreter_init(&w->interpreter[m], &judged->model, &wit_ops_all, w->arena[m],
                             judged->arena_bytes, NULL) != WIT_OK) {
      return false;
    }
  }
  return true;
}

static void worker_deinit(struct worker *w) {
  for (size_t m = 0; m < CLI_MODELS_MAX; m++) free(w->arena[m]);
  cli_clip_input_free(&w->input);
  free(w->bytes.data);
}

static void print_progress(struct cli_session *session, size_t done, size_t count) {
  size_t filled = done * BAR_WIDTH / count;
  fprintf(session->err, "\r\033[K  [%.*s%.*s] %zu of %zu clips", (int)filled,
          "==============================", (int)(BAR_WIDTH - filled),
          "                              ", done, count);
  fflush(session->err);
}

/* Until the last worker has ended. */
static void wait_for(struct cli_session *session, struct crew *crew) {
  size_t count = crew->evaluation->dataset->clip_count;
  pthread_mutex_lock(&crew->lock);
  while (crew->working > 0) {
    if (!session->err_terminal) {
      pthread_cond_wait(&crew->finished, &crew->lock);
      continue;
    }
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_nsec += PROGRESS_MS * 1000000L;
    until.tv_sec += until.tv_nsec / 1000000000L;
    until.tv_nsec %= 1000000000L;
    pthread_cond_timedwait(&crew->finished, &crew->lock, &until);
    print_progress(session, atomic_load(&crew->done), count);
  }
  pthread_mutex_unlock(&crew->lock);
  if (session->err_terminal) fputs("\r\033[K", session->err);
}

static int run_workers(struct cli_session *session, struct crew *crew, struct worker *worker) {
  size_t count = crew->evaluation->threads, started = 0;
  for (size_t i = 0; i < count; i++) {
    if (!worker_init(&worker[i], crew)) {
      return cli_fail(session, "no memory for %zu threads; give fewer with --threads", count);
    }
  }
  crew->working = count;
  for (; started < count; started++) {
    if (pthread_create(&worker[started].thread, NULL, work, &worker[started]) != 0) break;
  }
  pthread_mutex_lock(&crew->lock);
  crew->working -= count - started;
  pthread_mutex_unlock(&crew->lock);
  if (started > 0) wait_for(session, crew);
  for (size_t i = 0; i < started; i++) pthread_join(worker[i].thread, NULL);
  if (started > 0) return CLI_OK; /* fewer threads do the same work */
  return cli_fail(session, "the system gives no thread; stop other programs");
}

static int check_together(struct cli_session *session, const struct cli_evaluation *e) {
  if (e->model_count < 2 || e->model[0]->input == e->model[1]->input) return CLI_OK;
  return cli_fail(session,
                  "%s and %s take different input: one hears, one sees; compare like "
                  "with like",
                  e->model[0]->name, e->model[1]->name);
}

int cli_evaluate_run(struct cli_session *session, const struct cli_dataset *dataset,
                     const struct cli_judged *const *models, size_t model_count, size_t threads,
                     struct cli_evaluation *evaluation) {
  struct crew crew = {.evaluation = evaluation};
  memset(evaluation, 0, sizeof *evaluation);
  evaluation->dataset = dataset;
  evaluation->model_count = model_count;
  for (size_t m = 0; m < model_count; m++) evaluation->model[m] = models[m];
  size_t turns = (dataset->clip_count + CLIPS_A_TURN - 1) / CLIPS_A_TURN;
  evaluation->threads = threads < turns ? threads : turns;
  int status = check_together(session, evaluation);
  if (status != CLI_OK) return status;

  evaluation->clip = calloc(dataset->clip_count, sizeof *evaluation->clip);
  struct worker *worker = calloc(evaluation->threads, sizeof *worker);
  if (evaluation->clip == NULL || worker == NULL) {
    free(worker);
    return cli_fail(session, "no memory for %zu clips; give fewer with --limit",
                    dataset->clip_count);
  }
  pthread_mutex_init(&crew.lock, NULL);
  pthread_cond_init(&crew.finished, NULL);
  double before = seconds_of(CLOCK_MONOTONIC);
  status = run_workers(session, &crew, worker);
  evaluation->seconds = seconds_of(CLOCK_MONOTONIC) - before;
  for (size_t i = 0; i < evaluation->threads; i++) worker_deinit(&worker[i]);
  free(worker);
  pthread_cond_destroy(&crew.finished);
  pthread_mutex_destroy(&crew.lock);
  return status;
}

void cli_evaluation_free(struct cli_evaluation *evaluation) {
  free(evaluation->clip);
  memset(evaluation, 0, sizeof *evaluation);
}
