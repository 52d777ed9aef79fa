/* In which order are the causes applied, and what will it cost?

   A running table holds what is known of the findings and parents that are open between their
   first and their last cause. Orders are searched greedily, then by moving one cause at a time;
   the search takes as long as it can expect to save. */
#ifndef LEGACHE_ORDERING_H
#define LEGACHE_ORDERING_H

#include "reduction.h"

typedef struct {
    int n; /* of the families that have any variable */
    int *family;
    mask *explains, *depends; /* by place in `family` */
    int *n_links, *n_chains;
    mask wide;        /* findings of more than two levels */
    mask on_presence; /* findings that a silent cause shows, too */
} graph;

/* Entries that a run over one block costs beside those of its table; found by measurement. */
static const double BLOCK_OVERHEAD = 12;
static const double EVALUATIONS_PER_COST = 1.0 / 300;
static const double ACCEPTED_LOSS = 0.1; /* at first, in searches that are long enough */
enum { N_GREEDY = 4, MOST_MOVES = 60000, LONG_SEARCH = 1000 };

static graph graph_of(const problem *p, arena *a) {
    int n_causes = p->net->n_causes;
    graph g = {.family = TAKE(a, int, n_causes), .explains = TAKE(a, mask, n_causes),
               .depends = TAKE(a, mask, n_causes), .n_links = TAKE(a, int, n_causes),
               .n_chains = TAKE(a, int, n_causes)};
    if (a->failed) return g;
    for (int c = 0; c < n_causes; c++) {
        const family *f = p->families + c;
        if (!f->to_explain && !f->depends_on) continue;
        g.family[g.n] = c;
        g.explains[g.n] = f->to_explain;
        g.depends[g.n] = f->depends_on;
        g.n_links[g.n] = f->n_links;
        int has_silent_links = f->n_on_presence > 0;
        g.n_chains[g.n++] = 1 + has_silent_links + (f->n_links > f->n_on_presence || p->witness);
    }
    for (int v = 0; v < p->n_explained; v++) {
        if (p->findings[v].n_levels > 2) g.wide |= bit(v);
        if (!p->findings[v].on_responsible) g.on_presence |= bit(v);
    }
    return g;
}

/* 2 to the power of n. */
static inline double power(int n) {
    uint64_t bits = (uint64_t)(1023 + (n < 1000 ? n : 1000)) << 52;
    double value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

static int log2_entries(const graph *g, mask explains) {
    return count(explains) + count(explains & g->wide);
}

/* Cost of applying one family: open before and after, and what is touched in between. */
static double step_cost(const graph *g, int i, mask open_explains, mask open_depends, mask closing) {
    mask linked = g->explains[i];
    int n_depends = count(open_depends | g->depends[i]);
    double before = power(log2_entries(g, open_explains));
    double kept = power(log2_entries(g, open_explains & ~closing));
    double after = power(log2_entries(g, (open_explains | linked) & ~closing));
    int n_old = count(linked & open_explains & ~closing);
    double work = BLOCK_OVERHEAD * (1 + g->n_chains[i]) + before * g->n_chains[i] + kept * n_old +
                  after * (1 + g->n_chains[i]);
    return power(n_depends) * work;
}

/* Cost of a whole order of the places 0, ..., n - 1; gives up beyond a limit. */
static double order_cost(const graph *g, const int *order, mask *later_explains,
                         mask *later_depends, double limit) {
    mask e = 0, d = 0;
    for (int k = g->n - 1; k >= 0; k--) {
        later_explains[k] = e;
        later_depends[k] = d;
        e |= g->explains[order[k]];
        d |= g->depends[order[k]];
    }
    double cost = 0;
    e = d = 0;
    for (int k = 0; k < g->n; k++) {
        int i = order[k];
        cost += step_cost(g, i, e, d, (e | g->explains[i]) & ~later_explains[k]);
        if (cost > limit) return cost;
        e = (e | g->explains[i]) & later_explains[k];
        d = (d | g->depends[i]) & later_depends[k];
    }
    return cost;
}

/* xorshift64*: Vigna, S. (2016). ACM Trans. Math. Softw. 42, 30. */
static uint64_t next_random(uint64_t *state) {
    *state ^= *state >> 12;
    *state ^= *state << 25;
    *state ^= *state >> 27;
    return *state * 0x2545F4914F6CDD1DULL;
}

static int below(uint64_t *state, int n) {
    return (int)(((next_random(state) >> 32) * (uint64_t)n) >> 32);
}

/* Next comes what opens least and closes most; with noise, now and then the second best. */
static void greedy_order(const graph *g, const int *n_uses, int noisy, uint64_t *random,
                         int *order, arena *a) {
    int *left = TAKE(a, int, 2 * MOST_VARIABLES), *todo = TAKE(a, int, g->n);
    if (a->failed) return;
    memcpy(left, n_uses, sizeof(int) * 2 * MOST_VARIABLES);
    mask e = 0, d = 0, last_e = 0, last_d = 0; /* last: with one use left */
    for (int v = 0; v < MOST_VARIABLES; v++) {
        if (left[v] == 1) last_e |= bit(v);
        if (left[MOST_VARIABLES + v] == 1) last_d |= bit(v);
    }
    int n_todo = g->n;
    for (int i = 0; i < n_todo; i++) todo[i] = i;
    for (int k = 0; k < g->n; k++) {
        int best = 0, best_key = 1 << 30;
        for (int j = 0; j < n_todo; j++) {
            int i = todo[j];
            int opens = count(g->explains[i] & ~e) + count(g->depends[i] & ~d);
            int closes = count(g->explains[i] & last_e) + count(g->depends[i] & last_d);
            int key = 8 * opens - 24 * closes + (noisy ? below(random, 24) : 0);
            if (key < best_key) {
                best_key = key;
                best = j;
            }
        }
        int i = todo[best];
        todo[best] = todo[--n_todo];
        order[k] = i;
        mask touched = g->explains[i];
        e |= touched;
        for (; touched; touched &= touched - 1) {
            int v = lowest(touched);
            int uses = --left[v];
            if (uses == 1) last_e |= bit(v);
            if (uses == 0) e &= ~bit(v);
        }
        touched = g->depends[i];
        d |= touched;
        for (; touched; touched &= touched - 1) {
            int v = lowest(touched);
            int uses = --left[MOST_VARIABLES + v];
            if (uses == 1) last_d |= bit(v);
            if (uses == 0) d &= ~bit(v);
        }
    }
}

static void moved(const int *order, int n, int from, int to, int *into) {
    memcpy(into, order, sizeof(int) * n);
    int taken = into[from];
    if (from < to) memmove(into + from, into + from + 1, sizeof(int) * (to - from));
    else memmove(into + to + 1, into + to, sizeof(int) * (from - to));
    into[to] = taken;
}

/* Order of the causes that have any variable, as indices of causes; returns its cost. */
static double find_order(const problem *p, const graph *g, double effort, int *causes, arena *a) {
    if (g->n == 0) return 0;
    int *uses = TAKE(a, int, 2 * MOST_VARIABLES);
    int *best = TAKE(a, int, g->n), *tried = TAKE(a, int, g->n);
    mask *later_e = TAKE(a, mask, g->n), *later_d = TAKE(a, mask, g->n);
    if (a->failed) return 0;
    memset(uses, 0, sizeof(int) * 2 * MOST_VARIABLES);
    for (int i = 0; i < g->n; i++) {
        const family *f = p->families + g->family[i];
        for (int l = 0; l < f->n_links; l++) uses[f->links[l].variable]++;
        for (int k = 0; k < f->n_shared; k++) uses[MOST_VARIABLES + f->shared[k]]++;
        if (f->own >= 0) uses[MOST_VARIABLES + f->own]++;
    }
    uint64_t random = 0x9E3779B97F4A7C15ULL; /* fixed: the same evidence gets the same plan */
    double cost = 1e301;
    for (int r = 0; r < N_GREEDY; r++) {
        greedy_order(g, uses, r > 0, &random, tried, a);
        if (a->failed) return 0;
        double found = order_cost(g, tried, later_e, later_d, cost);
        if (found < cost) {
            cost = found;
            memcpy(best, tried, sizeof(int) * g->n);
        }
        if (effort * cost * EVALUATIONS_PER_COST < 8 * (r + 1)) break;
    }
    /* Threshold accepting (Dueck, G. & Scheuer, T. (1990). J. Comput. Phys. 90, 161-175). */
    int *now = TAKE(a, int, g->n);
    if (a->failed) return 0;
    memcpy(now, best, sizeof(int) * g->n);
    double now_cost = cost, n_moves = fmin(effort * cost * EVALUATIONS_PER_COST, MOST_MOVES);
    for (int m = 0; m < (int)n_moves && g->n > 1; m++) {
        int from = below(&random, g->n), to = below(&random, g->n);
        if (from == to) continue;
        double loss = n_moves < LONG_SEARCH ? 0 : ACCEPTED_LOSS * (1 - m / n_moves);
        double limit = now_cost * (1 + loss);
        moved(now, g->n, from, to, tried);
        double found = order_cost(g, tried, later_e, later_d, limit);
        if (found > limit) continue;
        now_cost = found;
        int *swap = now;
        now = tried;
        tried = swap;
        if (found >= cost) continue;
        cost = found;
        memcpy(best, now, sizeof(int) * g->n);
    }
    for (int k = 0; k < g->n; k++) causes[k] = g->family[best[k]];
    return cost;
}

#endif
