/* What is left to sum over, once the evidence is taken in?

   A known context changes the odds of its causes; a negative finding multiplies into each of its
   causes alone; a context with one child, or a finding with one open link, concerns one cause
   alone. What is left are shared variables: findings that must be explained, whose level is the
   highest that any cause brings, and open contexts and causes on which several causes depend. */
#ifndef LEGACHE_REDUCTION_H
#define LEGACHE_REDUCTION_H

#include <math.h>
#include <string.h>

#include "arena.h"
#include "network.h"

enum { MOST_VARIABLES = 64, MOST_PARENTS = 16, MOST_LANES = 512, MOST_LEVELS = 128 };

typedef uint64_t mask; /* a set of variables */

static inline mask bit(int v) { return (mask)1 << v; }
static inline int count(mask m) { return __builtin_popcountll(m); }
static inline int lowest(mask m) { return __builtin_ctzll(m); }

enum { ANSWERED, IMPOSSIBLE, OUT_OF_RANGE, TOO_LARGE, TOO_MANY, NO_MEMORY };

/* A finding that must be explained. */
typedef struct {
    int finding, n_levels, on_responsible;
    double *weight; /* n_levels x n_lanes: of the highest level that causes bring */
} explained;

typedef struct {
    int link;           /* in the network */
    int variable;       /* what it helps to explain */
    int on_responsible; /* else on presence */
    const double *p;    /* of each level */
} open_link;

/* A cause given its parents, with its links. */
typedef struct {
    int n_links, n_shared, n_private;
    int n_on_presence; /* links, which come first */
    int own;           /* its own variable, or -1 */
    const open_link *links;
    int shared[MOST_PARENTS]; /* variables of open parents */
    double shared_ratio[MOST_PARENTS];
    int private[MOST_PARENTS]; /* contexts that no other cause depends on */
    double private_ratio[MOST_PARENTS];
    int possible[N_CAUSE_STATES];
    mask to_explain, depends_on; /* its variables of both kinds, its own among the latter */
} family;

typedef struct {
    const network *net;
    evidence given;
    int n_lanes, n_explained, n_shared, status;
    /* Weight, without and with a responsible cause, of a finding that every responsible cause shows
       for certain, as a complaint is: 2 x n_lanes. Without any: NULL. */
    double *witness;
    int only_unlisted; /* no cause is responsible, and unlisted is true */
    int *lane_stratum, *lane_unlisted; /* n_lanes */
    double *constant;                  /* n_lanes; scaled by 2 to the power of exponent */
    int64_t *exponent;
    double *alone; /* n_causes x states x n_lanes: what concerns one cause alone */
    double *odds;  /* n_causes x n_strata, known parents included */
    double *context_weight; /* n_contexts x 2 x n_lanes: of open contexts */
    int *context_variable;  /* n_contexts: the shared variable, or -1 */
    int *shared_context;    /* of each shared variable its context, or -1: a cause's own */
    explained *findings;    /* n_explained */
    family *families;       /* n_causes */
} problem;

static void scale_constant(problem *p, int lane, double by) {
    int exponent;
    p->constant[lane] = frexp(p->constant[lane] * by, &exponent);
    p->exponent[lane] += exponent;
}

static int code_of(const problem *p, int node) { return p->given.codes[node]; }

static int context_node(const problem *p, int context) { return p->net->n_roots + context; }

static int cause_node(const problem *p, int cause) {
    return p->net->n_roots + p->net->n_contexts + cause;
}

/* Likelihood of a state of a node. */
static double likelihood(const problem *p, int node, int state) {
    int code = code_of(p, node);
    if (code == UNKNOWN) return 1;
    if (code == BY_LIKELIHOOD) return p->given.likelihoods[p->net->likelihood_start[node] + state];
    return code == state;
}

static void set_lanes(problem *p, arena *a) {
    const network *net = p->net;
    p->lane_stratum = TAKE(a, int, 2 * net->n_strata);
    p->lane_unlisted = TAKE(a, int, 2 * net->n_strata);
    double *weight = TAKE(a, double, 2 * net->n_strata);
    if (a->failed) return;
    p->n_lanes = 0;
    for (int s = 0; s < net->n_strata; s++) {
        double share = net->share[s];
        for (int r = 0; r < net->n_roots; r++)
            share *= likelihood(p, r, net->root_state[r * net->n_strata + s]);
        for (int u = p->only_unlisted; u < 2; u++) {
            double joint = share * (u ? net->unlisted[0] : 1 - net->unlisted[0]);
            if (joint == 0) continue;
            p->lane_stratum[p->n_lanes] = s;
            p->lane_unlisted[p->n_lanes] = u;
            weight[p->n_lanes++] = joint;
        }
    }
    p->constant = TAKE(a, double, p->n_lanes);
    p->exponent = TAKE(a, int64_t, p->n_lanes);
    if (a->failed) return;
    for (int l = 0; l < p->n_lanes; l++) {
        int exponent;
        p->constant[l] = frexp(weight[l], &exponent);
        p->exponent[l] = exponent;
    }
    if (p->n_lanes == 0) p->status = IMPOSSIBLE;
    if (p->n_lanes > MOST_LANES) p->status = TOO_MANY;
}

static void set_contexts(problem *p, arena *a) {
    const network *net = p->net;
    p->context_variable = TAKE(a, int, net->n_contexts);
    p->context_weight = TAKE(a, double, (size_t)net->n_contexts * 2 * p->n_lanes);
    p->shared_context = TAKE(a, int, MOST_VARIABLES);
    if (a->failed) return;
    for (int x = 0; x < net->n_contexts; x++) {
        int node = context_node(p, x), n_children = net->n_context_children[x];
        double absent = likelihood(p, node, 0), present = likelihood(p, node, 1);
        int is_open = absent > 0 && present > 0 && n_children > 0;
        p->context_variable[x] = -1;
        double *weight = p->context_weight + (size_t)x * 2 * p->n_lanes;
        for (int l = 0; l < p->n_lanes; l++) {
            double prior = net->context[(size_t)p->lane_stratum[l] * net->n_contexts + x];
            weight[l] = (1 - prior) * absent;
            weight[p->n_lanes + l] = prior * present;
            if (!is_open && code_of(p, node) != UNKNOWN)
                scale_constant(p, l, weight[l] + weight[p->n_lanes + l]);
        }
        if (!is_open || n_children < 2) continue;
        if (p->n_shared == MOST_VARIABLES) {
            p->status = TOO_MANY;
            return;
        }
        p->shared_context[p->n_shared] = x;
        p->context_variable[x] = p->n_shared++;
    }
}

static int is_open_context(const problem *p, int x) {
    int node = context_node(p, x);
    return likelihood(p, node, 0) > 0 && likelihood(p, node, 1) > 0;
}

static void set_causes(problem *p, arena *a) {
    const network *net = p->net;
    int n_lanes = p->n_lanes;
    p->families = TAKE(a, family, net->n_causes);
    p->alone = TAKE(a, double, (size_t)net->n_causes * N_CAUSE_STATES * n_lanes);
    p->odds = TAKE(a, double, (size_t)net->n_causes * net->n_strata);
    if (a->failed) return;
    for (int c = 0; c < net->n_causes; c++) {
        family *f = p->families + c;
        double absent = likelihood(p, cause_node(p, c), 0);
        double present = likelihood(p, cause_node(p, c), 1);
        f->possible[ABSENT] = absent > 0;
        f->possible[SILENT] = present > 0 && net->responsible[c] < 1;
        f->possible[RESPONSIBLE] = present > 0 && net->responsible[c] > 0 && !p->only_unlisted;
        if (!f->possible[ABSENT] && !f->possible[SILENT] && !f->possible[RESPONSIBLE])
            p->status = IMPOSSIBLE;
        double *alone = p->alone + (size_t)c * N_CAUSE_STATES * n_lanes;
        for (int l = 0; l < n_lanes; l++) {
            alone[ABSENT * n_lanes + l] = absent;
            alone[SILENT * n_lanes + l] = present * (1 - net->responsible[c]);
            alone[RESPONSIBLE * n_lanes + l] = p->only_unlisted ? 0 : present * net->responsible[c];
        }
        f->own = -1;
        if (net->n_cause_children[c] && absent > 0 && present > 0) {
            if (p->n_shared == MOST_VARIABLES) {
                p->status = TOO_MANY;
                return;
            }
            p->shared_context[p->n_shared] = -1;
            f->own = p->n_shared++;
        }
    }
}

/* Parents of each cause: known ones change its odds, open ones are listed. */
static void set_parents(problem *p) {
    const network *net = p->net;
    for (int c = 0; c < net->n_causes; c++) {
        family *f = p->families + c;
        double *odds = p->odds + (size_t)c * net->n_strata;
        memcpy(odds, net->odds + (size_t)c * net->n_strata, sizeof(double) * net->n_strata);
        f->n_shared = f->n_private = 0;
        f->depends_on = f->own < 0 ? 0 : bit(f->own);
        for (int e = net->factor_start[c]; e < net->factor_start[c + 1]; e++) {
            int x = net->factor[e], is_cause = x >= net->n_contexts;
            int node = net->n_roots + x;
            int variable = is_cause ? p->families[x - net->n_contexts].own : p->context_variable[x];
            if (variable >= 0 || (!is_cause && is_open_context(p, x))) {
                if (f->n_shared == MOST_PARENTS || f->n_private == MOST_PARENTS ||
                    f->n_shared + f->n_private == MOST_PARENTS) {
                    p->status = TOO_MANY;
                    return;
                }
                if (variable >= 0) {
                    f->shared_ratio[f->n_shared] = net->ratio[e];
                    f->shared[f->n_shared++] = variable;
                    f->depends_on |= bit(variable);
                } else {
                    f->private_ratio[f->n_private] = net->ratio[e];
                    f->private[f->n_private++] = x;
                }
            } else if (likelihood(p, node, 0) == 0) { /* known to be present */
                for (int s = 0; s < net->n_strata; s++) odds[s] *= net->ratio[e];
            }
        }
    }
}

/* Levels that evidence on a finding tells apart: neighbouring states of equal likelihood. */
typedef struct {
    int n, top;              /* a link that reaches a state above the top is excluded */
    int start[MOST_LEVELS + 1];          /* first state of each level, and one past the top */
    double likelihood[MOST_LEVELS];
} levels;

static int set_levels(const problem *p, int finding, levels *v) {
    const network *net = p->net;
    int node = net->n_roots + net->n_contexts + net->n_causes + finding;
    int n_states = net->n_states[finding];
    if (n_states > MOST_LEVELS) return 0;
    v->top = 0;
    v->n = 0;
    for (int s = 0; s < n_states; s++)
        if (likelihood(p, node, s) > 0) v->top = s;
    for (int s = 0; s <= v->top; s++) {
        double here = likelihood(p, node, s);
        if (s && here == v->likelihood[v->n - 1]) continue;
        v->start[v->n] = s;
        v->likelihood[v->n++] = here;
    }
    v->start[v->n] = v->top + 1;
    return 1;
}

static double level_probability(const double *of_states, const levels *v, int level) {
    double total = of_states[v->start[level]];
    for (int s = v->start[level] + 1; s < v->start[level + 1]; s++) total += of_states[s];
    return total;
}

/* Average over one more contributor: w'(i) = sum over j of P(j) w(max(i, j)), all positive. */
static void fold(const double *p, const levels *v, double *weight, int stride) {
    double beyond = 0;
    for (int i = v->n - 1; i >= 0; i--) {
        double upto = 0, own = weight[(size_t)i * stride];
        for (int j = 0; j <= i; j++) upto += p[j];
        weight[(size_t)i * stride] = upto * own + beyond;
        beyond += p[i] * own;
    }
}

/* Probability of each level from the probabilities of the states. */
static const double *levels_of(const double *of_states, const levels *v, double *into) {
    for (int i = 0; i < v->n; i++) into[i] = level_probability(of_states, v, i);
    return into;
}

static void multiply_alone(problem *p, int cause, int state, const double *by) {
    double *alone = p->alone + ((size_t)cause * N_CAUSE_STATES + state) * p->n_lanes;
    for (int l = 0; l < p->n_lanes; l++) alone[l] *= by[l];
}

/* Nothing is left open: the likelihood of the only level, and no contributor beyond it. */
static void absorb(problem *p, int finding, const levels *v) {
    const network *net = p->net;
    int n_states = net->n_states[finding];
    const double *unlisted = net->unlisted_strength + net->unlisted_start[finding];
    double by_unlisted = level_probability(unlisted, v, 0);
    for (int l = 0; l < p->n_lanes; l++) {
        const double *leak = net->leak + net->leak_start[finding] +
                             (size_t)p->lane_stratum[l] * n_states;
        double both = level_probability(leak, v, 0) * (p->lane_unlisted[l] ? by_unlisted : 1);
        scale_constant(p, l, both * v->likelihood[0]);
    }
    for (int e = net->link_start[finding]; e < net->link_start[finding + 1]; e++) {
        int c = net->link_cause[e];
        double by = level_probability(net->strength + net->strength_start[e], v, 0);
        double *alone = p->alone + (size_t)c * N_CAUSE_STATES * p->n_lanes;
        int first = net->on_responsible[finding] ? RESPONSIBLE : SILENT;
        for (int i = first * p->n_lanes; i < N_CAUSE_STATES * p->n_lanes; i++) alone[i] *= by;
    }
}

static double *base_weight(problem *p, arena *a, int finding, const levels *v) {
    const network *net = p->net;
    double *weight = TAKE(a, double, (size_t)v->n * p->n_lanes);
    if (a->failed) return NULL;
    double of_levels[MOST_LEVELS];
    for (int l = 0; l < p->n_lanes; l++) {
        for (int i = 0; i < v->n; i++) weight[(size_t)i * p->n_lanes + l] = v->likelihood[i];
        const double *leak = net->leak + net->leak_start[finding] +
                             (size_t)p->lane_stratum[l] * net->n_states[finding];
        fold(levels_of(leak, v, of_levels), v, weight + l, p->n_lanes);
        if (!p->lane_unlisted[l]) continue;
        const double *unlisted = net->unlisted_strength + net->unlisted_start[finding];
        fold(levels_of(unlisted, v, of_levels), v, weight + l, p->n_lanes);
    }
    return weight;
}

static int is_active(const problem *p, int cause, int finding, int state) {
    int first = p->net->on_responsible[finding] ? RESPONSIBLE : SILENT;
    return state >= first && p->families[cause].possible[state];
}

/* A finding with one open link: average over it, cause state by cause state. */
static void concern_one(problem *p, arena *a, int finding, const double *of_link, int n_levels,
                        int cause, const double *weight) {
    double *by = TAKE(a, double, p->n_lanes);
    if (a->failed) return;
    for (int l = 0; l < p->n_lanes; l++) {
        by[l] = 0;
        for (int i = 0; i < n_levels; i++) by[l] += of_link[i] * weight[(size_t)i * p->n_lanes + l];
    }
    for (int state = 0; state < N_CAUSE_STATES; state++)
        multiply_alone(p, cause, state, is_active(p, cause, finding, state) ? by : weight);
}

/* Tell whether every cause that can be responsible shows a finding for certain when it is. */
static int is_witness(const problem *p, int finding, const levels *v) {
    const network *net = p->net;
    int n_able = 0, n_certain = 0;
    if (!net->on_responsible[finding] || v->n > 2) return 0;
    for (int e = net->link_start[finding]; e < net->link_start[finding + 1]; e++)
        n_certain += p->families[net->link_cause[e]].possible[RESPONSIBLE] &&
                     level_probability(net->strength + net->strength_start[e], v, 0) == 0 &&
                     level_probability(net->strength + net->strength_start[e], v, 1) == 1;
    for (int c = 0; c < net->n_causes; c++) n_able += p->families[c].possible[RESPONSIBLE];
    return n_certain == n_able;
}

/* Find what still has to be explained, and by which links; links are listed in `found`. */
static int explain(problem *p, arena *a, int finding, const levels *v, open_link *found,
                   int *found_cause, int n_found) {
    const network *net = p->net;
    double *weight = base_weight(p, a, finding, v);
    if (a->failed) return n_found;
    if (!p->witness && is_witness(p, finding, v)) {
        p->witness = weight;
        return n_found;
    }
    int first_found = n_found;
    for (int e = net->link_start[finding]; e < net->link_start[finding + 1]; e++) {
        const family *f = p->families + net->link_cause[e];
        const double *strength = net->strength + net->strength_start[e];
        int n_active = 0, n_possible = 0, n_above = 0;
        for (int s = 0; s < N_CAUSE_STATES; s++) {
            n_possible += f->possible[s];
            n_active += is_active(p, net->link_cause[e], finding, s);
        }
        for (int s = 1; s < net->n_states[finding]; s++) n_above += strength[s] > 0;
        if (!n_active || !n_above) continue;
        double *of_levels = TAKE(a, double, v->n);
        if (a->failed) return n_found;
        levels_of(strength, v, of_levels);
        if (n_active == n_possible) {
            for (int l = 0; l < p->n_lanes; l++) fold(of_levels, v, weight + l, p->n_lanes);
            continue;
        }
        found[n_found] = (open_link){e, p->n_explained, net->on_responsible[finding], of_levels};
        found_cause[n_found++] = net->link_cause[e];
    }
    if (n_found == first_found) {
        for (int l = 0; l < p->n_lanes; l++) scale_constant(p, l, weight[l]);
    } else if (n_found == first_found + 1) {
        concern_one(p, a, finding, found[first_found].p, v->n, found_cause[first_found], weight);
        return first_found;
    } else if (p->n_explained == MOST_VARIABLES) {
        p->status = TOO_MANY;
    } else {
        p->findings[p->n_explained++] = (explained){finding, v->n, net->on_responsible[finding], weight};
    }
    return n_found;
}

/* Sort the links by cause, those on presence first. */
static void attach(problem *p, arena *a, const open_link *found, const int *found_cause, int n) {
    int n_causes = p->net->n_causes;
    open_link *sorted = TAKE(a, open_link, n);
    int *at = TAKE(a, int, n_causes + 1);
    if (a->failed) return;
    memset(at, 0, sizeof(int) * (n_causes + 1));
    for (int i = 0; i < n; i++) at[found_cause[i] + 1]++;
    for (int c = 0; c < n_causes; c++) {
        family *f = p->families + c;
        f->links = sorted + at[c];
        f->n_links = at[c + 1];
        f->to_explain = 0;
        f->n_on_presence = 0;
        at[c + 1] += at[c];
    }
    for (int kind = 0; kind < 2; kind++)
        for (int i = 0; i < n; i++)
            if (found[i].on_responsible == kind) {
                family *f = p->families + found_cause[i];
                sorted[at[found_cause[i]]++] = found[i];
                f->to_explain |= bit(found[i].variable);
                f->n_on_presence += !kind;
            }
}

static void set_findings(problem *p, arena *a) {
    const network *net = p->net;
    int first = net->n_roots + net->n_contexts + net->n_causes, n_open = 0, n_found = 0;
    for (int f = 0; f < net->n_findings; f++)
        if (code_of(p, first + f) != UNKNOWN) n_open += net->link_start[f + 1] - net->link_start[f];
    open_link *found = TAKE(a, open_link, n_open);
    int *found_cause = TAKE(a, int, n_open);
    p->findings = TAKE(a, explained, MOST_VARIABLES);
    if (a->failed) return;
    for (int f = 0; f < net->n_findings && p->status == ANSWERED; f++) {
        levels v;
        if (code_of(p, first + f) == UNKNOWN) continue;
        if (!set_levels(p, f, &v)) {
            p->status = TOO_MANY;
            return;
        }
        if (v.n == 1) absorb(p, f, &v);
        else n_found = explain(p, a, f, &v, found, found_cause, n_found);
        if (a->failed) return;
    }
    attach(p, a, found, found_cause, n_found);
}

/* Reduce a network by its evidence. */
static problem reduced(const network *net, evidence given, int only_unlisted, arena *a) {
    problem p = {.net = net, .given = given, .only_unlisted = only_unlisted, .status = ANSWERED};
    void (*const steps[])(problem *, arena *) = {set_lanes, set_contexts, set_causes};
    for (int i = 0; i < 3 && p.status == ANSWERED && !a->failed; i++) steps[i](&p, a);
    if (p.status == ANSWERED && !a->failed) set_parents(&p);
    if (p.status == ANSWERED && !a->failed) set_findings(&p, a);
    if (a->failed) p.status = NO_MEMORY;
    return p;
}

#endif
