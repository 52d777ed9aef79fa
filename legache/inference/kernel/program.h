/* The flat program of an order: shapes, strides and numbers of each step.

   A table has one block for each joint state of the open parents; a block has one entry for each
   joint level of the open findings, and each entry one number for each lane. Where the problem has
   a witness, these are the worlds with a responsible cause; those without follow in a second part,
   with an entry for each joint level of the findings on presence only, as the others are at level
   0 there. A step reads a block,
   runs it through up to three chains of links (of a cause that is absent or silent; silent, with
   links on presence; responsible), and adds the results, weighted by P(state | parents). Findings
   that close in the step are summed out at the start of each chain, while tables are small; those
   that open are appended at its end. */
#ifndef LEGACHE_PROGRAM_H
#define LEGACHE_PROGRAM_H

#include "ordering.h"

enum { N_CHAINS = 3, MOST_OPEN_PARENTS = 30 };

/* One link, or none, on one axis of a block. */
typedef struct {
    int n_levels;
    size_t stride;       /* entries */
    const double *p;     /* of each level; NULL: the cause has no such link */
    const double *weight;/* closing: n_levels x n_lanes, links included */
} axis_step;

typedef struct {
    int n_close, n_links, n_open;
    axis_step *close, *links, *open;
    size_t n_entries;   /* of its result: a prefix of the step's */
    const double *by; /* n_lanes: of closing findings that stay at level 0; NULL: 1 */
} chain;

typedef struct {
    int cause;
    int n_depends_before, n_depends_new; /* open parents before, and opened here */
    uint32_t closing, kept, own_and_parents; /* bits of a block's index */
    size_t n_before, n_after;            /* entries of a block's first part */
    size_t n_none_before, n_none_after;  /* of the part without a responsible cause */
    size_t size_before, size_after;      /* of both */
    const uint32_t *place_of_none;       /* where the entries of that part would be in the first */
    chain chains[N_CHAINS];
    chain none[2];     /* the chains of that part */
    int is_none_plain; /* they do nothing */
    int chain_of[N_CAUSE_STATES];
    int variable_of_bit[MOST_PARENTS + 1]; /* of a joint state of own variable and parents */
    int n_states_of_parents;  /* joint states of own variable and shared parents */
    int n_private_states;
    double *weight[N_CAUSE_STATES]; /* private states x joint states x n_lanes; NULL: impossible */
    double *chain_weight[N_CHAINS]; /* joint states x n_lanes */
    double *close_weight;           /* joint states of closing parents x n_lanes */
    double *mass[N_CHAINS];         /* joint states x n_lanes: what the weights are multiplied by */
    double *input;                  /* the table that the step reads */
    int *rescaled;                  /* n_lanes: exponents taken out of its result; NULL: none */
} step;

typedef struct {
    int n_steps;
    step *steps;
    double n_stored;        /* entries of all inputs */
    double n_largest;       /* of the largest table */
    double n_largest_block;
} program;

static int n_bits(uint32_t m) { return __builtin_popcount(m); }

/* The bits of x that a mask selects, packed together. */
static inline uint32_t extracted(uint32_t x, uint32_t m) {
#ifdef __BMI2__
    return __builtin_ia32_pext_si(x, m);
#else
    uint32_t packed = 0;
    for (int k = 0; m; m &= m - 1, k++)
        if (x & (m & -m)) packed |= 1u << k;
    return packed;
#endif
}

/* Open variables while the program is written. */
typedef struct {
    int n_explains, n_depends;
    int explains[MOST_VARIABLES], depends[MOST_VARIABLES];
} open_list;

static int place_in(const int *list, int n, int v) {
    for (int i = 0; i < n; i++)
        if (list[i] == v) return i;
    return -1;
}

/* The link of a family to a variable that it explains, if it is in a chain: chain 1 has the links
   on presence, which come first, and chain 2 has all. */
static inline const open_link *link_in(const family *f, int variable, int chain) {
    int n = chain == 2 ? f->n_links : chain == 1 ? f->n_on_presence : 0;
    if (!(f->to_explain & bit(variable))) return NULL;
    for (int i = 0; i < n; i++)
        if (f->links[i].variable == variable) return f->links + i;
    return NULL;
}

/* Weights of a closing finding with the link folded in: w'(i) = sum of P(j) w(max(i, j)). */
static const double *closing_weight(const problem *p, const explained *v, const open_link *l,
                                    arena *a) {
    if (!l) return v->weight;
    double *folded = TAKE(a, double, (size_t)v->n_levels * p->n_lanes);
    if (a->failed) return NULL;
    levels shape = {.n = v->n_levels};
    memcpy(folded, v->weight, sizeof(double) * v->n_levels * p->n_lanes);
    for (int lane = 0; lane < p->n_lanes; lane++) fold(l->p, &shape, folded + lane, p->n_lanes);
    return folded;
}

/* Entries of either part of a block; none of the second if there is no witness. */
static size_t n_entries(const problem *p, const open_list *now, int is_none) {
    size_t product = !is_none || p->witness;
    for (int i = 0; i < now->n_explains; i++) {
        const explained *v = p->findings + now->explains[i];
        if (!is_none || !v->on_responsible) product *= v->n_levels;
    }
    return product;
}

/* What a step opens, closes and keeps. */
typedef struct {
    const open_list *before;
    mask closing;
    int n_opens;
    int opens[MOST_VARIABLES]; /* those on presence first */
} change;

/* Whether a variable has an axis in a part of a block. */
static int has_axis(const problem *p, int variable, int is_none) {
    return !is_none || !p->findings[variable].on_responsible;
}

/* Weight of the closing findings on responsible, which are at level 0 where no cause is. */
static const double *weight_of_unshown(const problem *p, const change *at, arena *a) {
    double *by = NULL;
    for (mask rest = at->closing; rest; rest &= rest - 1) {
        const explained *v = p->findings + lowest(rest);
        if (!v->on_responsible) continue;
        if (!by) {
            by = TAKE(a, double, p->n_lanes);
            if (a->failed) return NULL;
            memcpy(by, v->weight, sizeof(double) * p->n_lanes);
        } else {
            for (int l = 0; l < p->n_lanes; l++) by[l] *= v->weight[l];
        }
    }
    return by;
}

/* Axes that close, stay with a link, and open, in one chain; written to `axes`, which is returned
   advanced. */
static axis_step *write_chain(const problem *p, const family *f, chain *c, int which, int is_none,
                              const change *at, axis_step *axes, arena *a) {
    const open_list *before = at->before;
    size_t n = 1, stride = 1;
    c->links = axes;
    for (int i = 0; i < before->n_explains; i++) {
        int variable = before->explains[i];
        if (!has_axis(p, variable, is_none)) continue;
        n *= p->findings[variable].n_levels;
        if (at->closing & bit(variable)) continue;
        const open_link *l = which ? link_in(f, variable, which) : NULL;
        if (l) *axes++ = (axis_step){p->findings[variable].n_levels, stride, l->p, NULL};
        stride *= p->findings[variable].n_levels;
    }
    c->n_links = (int)(axes - c->links);
    c->close = axes;
    for (int i = before->n_explains - 1; at->closing && i >= 0; i--) { /* outermost first */
        int variable = before->explains[i];
        if (!has_axis(p, variable, is_none)) continue;
        const explained *v = p->findings + variable;
        n /= v->n_levels;
        if (!(at->closing & bit(variable))) continue;
        const double *weight = closing_weight(p, v, link_in(f, variable, which), a);
        *axes++ = (axis_step){v->n_levels, n, NULL, weight};
    }
    c->n_close = (int)(axes - c->close);
    c->open = axes;
    for (int i = 0; which && i < at->n_opens; i++) {
        const open_link *l = link_in(f, at->opens[i], which);
        if (!l) break; /* the rest stays at level 0 */
        *axes++ = (axis_step){p->findings[at->opens[i]].n_levels, stride, l->p, NULL};
        stride *= p->findings[at->opens[i]].n_levels;
    }
    c->n_open = (int)(axes - c->open);
    c->n_entries = stride;
    c->by = is_none ? weight_of_unshown(p, at, a) : NULL;
    return axes;
}

static void write_places_of_none(const problem *p, step *s, const open_list *before, arena *a) {
    uint32_t *place = TAKE(a, uint32_t, s->n_none_before), stride = 1;
    size_t filled = 1;
    if (a->failed) return;
    place[0] = 0;
    for (int i = 0; i < before->n_explains; i++) {
        const explained *v = p->findings + before->explains[i];
        for (int j = 1; j < v->n_levels && !v->on_responsible; j++)
            for (size_t k = 0; k < filled; k++) place[j * filled + k] = place[k] + j * stride;
        if (!v->on_responsible) filled *= v->n_levels;
        stride *= v->n_levels;
    }
    s->place_of_none = place;
}

static void write_chains(const problem *p, const family *f, step *s, const change *at, arena *a) {
    int n_chains = N_CHAINS + (p->witness ? 2 : 0);
    axis_step *axes = TAKE(a, axis_step, n_chains * (at->before->n_explains + f->n_links));
    if (a->failed) return;
    for (int k = 0; k < N_CHAINS; k++)
        axes = write_chain(p, f, s->chains + k, k, 0, at, axes, a);
    for (int k = 0; k < 2 && p->witness; k++)
        axes = write_chain(p, f, s->none + k, k, 1, at, axes, a);
    if (!p->witness) return;
    int n_operations = 0;
    for (int k = 0; k < 2; k++)
        n_operations += s->none[k].n_close + s->none[k].n_links + s->none[k].n_open;
    s->is_none_plain = n_operations == 0;
    write_places_of_none(p, s, at->before, a);
}

static double shared_prior(const problem *p, int variable, int state, int lane) {
    int x = p->shared_context[variable];
    return x < 0 ? 1 : p->context_weight[((size_t)x * 2 + state) * p->n_lanes + lane];
}

/* Odds of a cause in one stratum for each joint state of its parents. */
static void write_odds(const problem *p, const family *f, const step *s, const double *ratio_of_bit,
                       int stratum, double *odds) {
    size_t filled = 1;
    odds[0] = p->odds[(size_t)s->cause * p->net->n_strata + stratum];
    for (int k = 0; k < n_bits(s->own_and_parents); k++, filled *= 2)
        for (size_t i = 0; i < filled; i++) odds[filled + i] = odds[i] * ratio_of_bit[k];
    for (int k = 0; k < f->n_private; k++, filled *= 2)
        for (size_t i = 0; i < filled; i++) odds[filled + i] = odds[i] * f->private_ratio[k];
}

/* P(state | parents) and all that concerns the cause alone, for each joint state of its parents. */
static void write_weights(const problem *p, const family *f, step *s, const double *ratio_of_bit,
                          int own_bit, arena *a) {
    int n_lanes = p->n_lanes, n = s->n_states_of_parents;
    size_t n_all = (size_t)n * s->n_private_states, size = n_all * n_lanes;
    double *odds = TAKE(a, double, n_all + N_CAUSE_STATES * size);
    if (a->failed) return;
    for (int state = 0; state < N_CAUSE_STATES; state++)
        s->weight[state] = f->possible[state] ? odds + n_all + state * size : NULL;
    const double *alone = p->alone + (size_t)s->cause * N_CAUSE_STATES * n_lanes;
    for (int lane = 0, next; lane < n_lanes; lane = next) {
        int stratum = p->lane_stratum[lane];
        for (next = lane + 1; next < n_lanes && p->lane_stratum[next] == stratum;) next++;
        write_odds(p, f, s, ratio_of_bit, stratum, odds);
        for (size_t i = 0; i < n_all; i++) {
            int is_open = own_bit < 0, own = is_open ? 0 : i >> own_bit & 1;
            double absent = is_open || !own ? 1 / (1 + odds[i]) : 0, present = 0;
            if (is_open || own)
                present = odds[i] > 1 ? 1 / (1 + 1 / odds[i]) : odds[i] / (1 + odds[i]);
            for (int l = lane; l < next; l++) {
                double prior = 1;
                for (int k = 0; k < f->n_private; k++)
                    prior *= p->context_weight[((size_t)f->private[k] * 2 + ((i / n) >> k & 1)) *
                                                   n_lanes + l];
                for (int state = 0; state < N_CAUSE_STATES; state++)
                    if (s->weight[state])
                        s->weight[state][i * n_lanes + l] =
                            prior * (state ? present : absent) * alone[state * n_lanes + l];
            }
        }
    }
}

static void write_chain_weights(const problem *p, step *s, arena *a) {
    size_t n = (size_t)s->n_states_of_parents * p->n_lanes;
    double *taken = TAKE(a, double, 2 * N_CHAINS * n);
    if (a->failed) return;
    memset(taken, 0, sizeof(double) * 2 * N_CHAINS * n);
    for (int k = 0; k < N_CHAINS; k++) {
        s->mass[k] = taken + (N_CHAINS + k) * n;
        s->chain_weight[k] = NULL; /* until a possible state goes through it */
    }
    for (int state = 0; state < N_CAUSE_STATES; state++) {
        if (!s->weight[state]) continue;
        int k = s->chain_of[state];
        double *into = s->chain_weight[k] = taken + k * n;
        for (int x = 0; x < s->n_private_states; x++)
            for (size_t i = 0; i < n; i++) into[i] += s->weight[state][x * n + i];
    }
}

static void write_close_weights(const problem *p, step *s, const open_list *now, arena *a) {
    int n_lanes = p->n_lanes;
    s->close_weight = NULL;
    if (!s->closing) return;
    size_t filled = 1;
    s->close_weight = TAKE(a, double, ((size_t)1 << n_bits(s->closing)) * n_lanes);
    if (a->failed) return;
    for (int l = 0; l < n_lanes; l++) s->close_weight[l] = 1;
    for (int i = 0; i < now->n_depends; i++) {
        if (!(s->closing >> i & 1)) continue;
        for (size_t k = 0; k < filled; k++)
            for (int l = 0; l < n_lanes; l++) {
                double so_far = s->close_weight[k * n_lanes + l];
                s->close_weight[k * n_lanes + l] = so_far * shared_prior(p, now->depends[i], 0, l);
                s->close_weight[(filled + k) * n_lanes + l] =
                    so_far * shared_prior(p, now->depends[i], 1, l);
            }
        filled *= 2;
    }
}

/* Write one step, and update what is open. */
static void write_step(const problem *p, step *s, int cause, open_list *now, mask later_explains,
                       mask later_depends, arena *a) {
    const family *f = p->families + cause;
    open_list before;
    before.n_explains = now->n_explains;
    memcpy(before.explains, now->explains, sizeof(int) * now->n_explains);
    *s = (step){.cause = cause, .n_depends_before = now->n_depends};
    double ratio_of_bit[MOST_PARENTS + 1];
    mask open_depends = 0;
    for (int i = 0; i < now->n_depends; i++) open_depends |= bit(now->depends[i]);
    for (int k = -1; k < f->n_shared; k++) {
        int v = k < 0 ? f->own : f->shared[k];
        if (v >= 0 && !(open_depends & bit(v))) now->depends[now->n_depends++] = v;
    }
    s->n_depends_new = now->n_depends - s->n_depends_before;
    int own_bit = -1, n_own = 0;
    for (int i = 0; i < now->n_depends; i++) {
        int v = now->depends[i], k = place_in(f->shared, f->n_shared, v);
        if (v == f->own || k >= 0) {
            if (v == f->own) own_bit = n_own;
            s->variable_of_bit[n_own] = v;
            ratio_of_bit[n_own++] = v == f->own ? 1 : f->shared_ratio[k];
            s->own_and_parents |= 1u << i;
        }
        *(later_depends & bit(v) ? &s->kept : &s->closing) |= 1u << i;
    }
    s->n_states_of_parents = 1 << n_own;
    s->n_private_states = 1 << f->n_private;
    change at = {.before = &before};
    mask open_explains = 0;
    for (int i = 0; i < before.n_explains; i++) open_explains |= bit(before.explains[i]);
    at.closing = open_explains & ~later_explains;
    for (int i = 0; i < f->n_links; i++) { /* those on presence come first */
        int v = f->links[i].variable;
        if (!(open_explains & bit(v))) at.opens[at.n_opens++] = v;
    }
    now->n_explains = 0;
    for (int i = 0; i < before.n_explains; i++)
        if (!(at.closing & bit(before.explains[i])))
            now->explains[now->n_explains++] = before.explains[i];
    for (int i = 0; i < at.n_opens; i++) now->explains[now->n_explains++] = at.opens[i];
    s->n_before = n_entries(p, &before, 0);
    s->n_after = n_entries(p, now, 0);
    s->n_none_before = n_entries(p, &before, 1);
    s->n_none_after = n_entries(p, now, 1);
    s->size_before = s->n_before + s->n_none_before;
    s->size_after = s->n_after + s->n_none_after;
    s->chain_of[SILENT] = f->n_on_presence ? 1 : 0;
    /* with a witness, a responsible cause leads to the first part whatever its links */
    s->chain_of[RESPONSIBLE] =
        p->witness || f->n_links > f->n_on_presence ? 2 : s->chain_of[SILENT];
    write_chains(p, f, s, &at, a);
    if (!a->failed) write_weights(p, f, s, ratio_of_bit, own_bit, a);
    if (!a->failed) write_chain_weights(p, s, a);
    if (!a->failed) write_close_weights(p, s, now, a);
    int n_left = 0;
    for (int i = 0; i < now->n_depends; i++)
        if (later_depends & bit(now->depends[i])) now->depends[n_left++] = now->depends[i];
    now->n_depends = n_left;
}

/* Entries of a block with some findings open. */
static double n_block_entries(const problem *p, const graph *g, mask explains) {
    double n = power(count(explains & ~g->wide));
    for (mask rest = explains & g->wide; rest; rest &= rest - 1)
        n *= p->findings[lowest(rest)].n_levels;
    if (!p->witness) return n;
    double n_none = 1;
    for (mask rest = explains & g->on_presence; rest; rest &= rest - 1)
        n_none *= p->findings[lowest(rest)].n_levels;
    return n + n_none;
}

/* Variables that are still needed after each place of an order. */
typedef struct {
    mask *explains, *depends;
} later_masks;

static later_masks later_of(const problem *p, const int *order, int n, arena *a) {
    later_masks later = {TAKE(a, mask, n), TAKE(a, mask, n)};
    mask e = 0, d = 0;
    for (int k = n - 1; k >= 0 && !a->failed; k--) {
        later.explains[k] = e;
        later.depends[k] = d;
        e |= p->families[order[k]].to_explain;
        d |= p->families[order[k]].depends_on;
    }
    return later;
}

/* Sizes alone, before anything is allocated. */
static program sizes_of(const problem *p, const graph *g, const int *order, int n,
                        const later_masks *later) {
    program sizes = {.n_steps = n};
    mask e = 0, d = 0;
    for (int k = 0; k < n; k++) {
        const family *f = p->families + order[k];
        double before = n_block_entries(p, g, e), input = before * power(count(d));
        e = (e | f->to_explain) & later->explains[k];
        d |= f->depends_on;
        double after = n_block_entries(p, g, e);
        sizes.n_stored += input;
        sizes.n_largest_block = fmax(sizes.n_largest_block, fmax(before, after));
        double output = after * power(count(d & later->depends[k]));
        sizes.n_largest = fmax(sizes.n_largest, fmax(input, output));
        if (count(d) > MOST_OPEN_PARENTS) sizes.n_largest = 1e300;
        d &= later->depends[k];
    }
    return sizes;
}

/* Write the steps of an order whose sizes are known to fit. */
static void write_steps(const problem *p, program *g, const int *order, const later_masks *later,
                        arena *a) {
    g->steps = TAKE(a, step, g->n_steps);
    open_list now = {0, 0, {0}, {0}};
    for (int k = 0; k < g->n_steps && !a->failed; k++)
        write_step(p, g->steps + k, order[k], &now, later->explains[k], later->depends[k], a);
}

#endif
