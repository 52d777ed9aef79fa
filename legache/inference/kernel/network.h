/* What the kernel is handed: a network, once, and the evidence of each patient. */
#ifndef LEGACHE_NETWORK_H
#define LEGACHE_NETWORK_H

#include <stdint.h>

/* Causes have three states; findings take the highest level that any contributor brings. */
enum { ABSENT, SILENT, RESPONSIBLE, N_CAUSE_STATES };

/* Codes of evidence beside the index of an observed state. */
enum { UNKNOWN = -1, BY_LIKELIHOOD = -2 };

/* Kept in step with compiled.py. A draw is one set of numbers for the same graph: the draws of an
   array follow each other. */
typedef struct {
    int32_t n_roots, n_strata, n_contexts, n_causes, n_findings;
    int32_t n_factors, n_strengths, n_leaks, n_unlisted;
    const int32_t *root_state;       /* n_roots x n_strata: state of each root in each stratum */
    const int32_t *n_context_children;
    const int32_t *factor_start;     /* n_causes + 1: the parents of each cause */
    const int32_t *factor;           /* a context, or n_contexts + a cause */
    const int32_t *n_cause_children; /* n_causes */
    const int32_t *n_states;         /* n_findings */
    const int32_t *on_responsible;   /* n_findings */
    const int32_t *link_start;       /* n_findings + 1 */
    const int32_t *link_cause;
    const int32_t *strength_start;   /* of each link: its first number in strength */
    const int32_t *leak_start;       /* of each finding: its first number in leak */
    const int32_t *unlisted_start;   /* of each finding: its first number in unlisted_strength */
    const int32_t *likelihood_start; /* of each node: its first number in likelihoods */
    const double *share;             /* n_strata */
    const double *context;           /* n_strata x n_contexts: P(present) */
    const double *odds;              /* n_causes x n_strata, without any factor */
    const double *ratio;             /* n_factors: odds ratios */
    const double *responsible;       /* n_causes: P(responsible | present) */
    const double *strength;          /* n_strengths: P(level) of each link, the lowest included */
    const double *leak;              /* n_leaks: for each finding n_strata x n_states */
    const double *unlisted_strength; /* n_unlisted: for each finding n_states */
    const double *unlisted;          /* P(unlisted) */
} network;

/* Evidence on one patient, roots first, then contexts, causes and findings. */
typedef struct {
    const int8_t *codes;       /* one for each node */
    const double *likelihoods; /* for each node one for each of its states; read where a code says so */
} evidence;

static inline int n_nodes(const network *net) {
    return net->n_roots + net->n_contexts + net->n_causes + net->n_findings;
}

#endif
