/* Exact posteriors of a noisy-MAX network for one patient or many.

   Built several times, each for one level of the processor's vector instructions; the entry that
   fits is chosen when the library is loaded. */
#define _GNU_SOURCE
#include "answer.h"

#define JOINED(a, b) a##b
#define NAMED(a, b) JOINED(a, b)

/* Answer n_rows rows: of n_codes patients each with its codes, or of one; with n_draws draws of
   all numbers, one for each row, or with one. */
void NAMED(legache_answer, LEVEL)(const network *net, int64_t n_rows, int64_t n_draws,
                                  int64_t n_codes, const int8_t *codes, const double *likelihoods,
                                  const request *asked, int32_t *order, double *present,
                                  double *responsible, double *contexts, double *scalars,
                                  int32_t *status) {
    arena a = {0};
    for (int64_t i = 0; i < n_rows; i++) {
        network drawn = *net;
        if (n_draws > 1) {
            drawn.share += i * net->n_strata;
            drawn.context += i * net->n_strata * net->n_contexts;
            drawn.odds += i * net->n_causes * net->n_strata;
            drawn.ratio += i * net->n_factors;
            drawn.responsible += i * net->n_causes;
            drawn.strength += i * net->n_strengths;
            drawn.leak += i * net->n_leaks;
            drawn.unlisted_strength += i * net->n_unlisted;
            drawn.unlisted += i;
        }
        evidence given = {codes + (n_codes > 1 ? i * n_nodes(net) : 0), likelihoods};
        answer out = {order + (asked->finds_order ? i * net->n_causes : 0),
                      present + i * net->n_causes, responsible + i * net->n_causes,
                      contexts + i * net->n_contexts, scalars + i * N_SCALARS};
        status[i] = answered(&drawn, given, asked, &out, &a);
        reset(&a);
    }
    release(&a);
}
