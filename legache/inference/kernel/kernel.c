/* Exact posteriors of a noisy-MAX network for one patient or many.

   Built several times, each for one level of the processor's vector instructions; the entry that
   fits is chosen when it is called. */
#define _GNU_SOURCE
#include <pthread.h>

#include "answer.h"

#define JOINED(a, b) a##b
#define NAMED(a, b) JOINED(a, b)

enum { MOST_THREADS = 64, ROWS_AT_A_TIME = 8 };

/* Rows that several threads share out among themselves. */
typedef struct {
    const network *net;
    int64_t n_rows, n_draws, n_codes;
    const int8_t *codes;
    const double *likelihoods;
    const request *asked;
    answer first; /* of row 0; the others follow */
    int32_t *status;
    int64_t next;
} batch;

/* The network with the numbers of one draw. */
static network drawn(const network *net, int64_t draw) {
    network n = *net;
    n.share += draw * net->n_strata;
    n.context += draw * net->n_strata * net->n_contexts;
    n.odds += draw * net->n_causes * net->n_strata;
    n.ratio += draw * net->n_factors;
    n.responsible += draw * net->n_causes;
    n.strength += draw * net->n_strengths;
    n.leak += draw * net->n_leaks;
    n.unlisted_strength += draw * net->n_unlisted;
    n.unlisted += draw;
    return n;
}

static void answer_row(const batch *b, int64_t i, arena *a) {
    const network *net = b->net;
    network numbers = drawn(net, b->n_draws > 1 ? i : 0);
    evidence given = {b->codes + (b->n_codes > 1 ? i * n_nodes(net) : 0), b->likelihoods};
    answer out = {b->first.order + (b->asked->finds_order ? i * net->n_causes : 0),
                  b->first.present + i * net->n_causes, b->first.responsible + i * net->n_causes,
                  b->first.contexts + i * net->n_contexts, b->first.scalars + i * N_SCALARS};
    b->status[i] = answered(&numbers, given, b->asked, &out, a);
    reset(a);
}

static void *work(void *shared) {
    batch *b = shared;
    arena a = {0};
    for (;;) {
        int64_t start = __atomic_fetch_add(&b->next, ROWS_AT_A_TIME, __ATOMIC_RELAXED);
        if (start >= b->n_rows) break;
        for (int64_t i = start; i < b->n_rows && i < start + ROWS_AT_A_TIME; i++)
            answer_row(b, i, &a);
    }
    release(&a);
    return NULL;
}

/* Answer n_rows rows: of n_codes patients each with its codes, or of one; with n_draws draws of
   all numbers, one for each row, or with one. */
void NAMED(legache_answer, LEVEL)(const network *net, int64_t n_rows, int64_t n_draws,
                                  int64_t n_codes, const int8_t *codes, const double *likelihoods,
                                  const request *asked, int32_t *order, double *present,
                                  double *responsible, double *contexts, double *scalars,
                                  int32_t *status) {
    answer first = {order, present, responsible, contexts, scalars};
    batch b = {net, n_rows, n_draws, n_codes, codes, likelihoods, asked, first, status, 0};
    pthread_t others[MOST_THREADS];
    int n_others = 0;
    while (n_others < MOST_THREADS && n_others + 1 < asked->n_threads &&
           (n_others + 1) * ROWS_AT_A_TIME < n_rows &&
           pthread_create(others + n_others, NULL, work, &b) == 0)
        n_others++;
    work(&b);
    for (int t = 0; t < n_others; t++) pthread_join(others[t], NULL);
}
