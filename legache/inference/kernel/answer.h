/* All posteriors of one patient, from one pass forward and one back. */
#ifndef LEGACHE_ANSWER_H
#define LEGACHE_ANSWER_H

#include <fenv.h>

#include "sweep.h"

/* How a run is to be made; kept in step with compiled.py. */
typedef struct {
    double memory_limit; /* bytes */
    double effort;       /* of the search for an order: 1 spends what it can expect to save */
    int32_t finds_order; /* else the order is given */
    int32_t wants_posteriors;
    int32_t n_threads;
} request;

/* Where the answer goes. */
typedef struct {
    int32_t *order;      /* n_causes: those applied to the running table, in order, then the others */
    double *present;     /* n_causes */
    double *responsible; /* n_causes */
    double *contexts;    /* n_contexts: P(present) */
    double *scalars;     /* log evidence, P(unexplained), predicted cost, predicted bytes */
} answer;

enum { LOG_EVIDENCE, UNEXPLAINED, COST, BYTES, N_SCALARS };

/* A problem after its forward pass. */
typedef struct {
    problem p;
    graph g;
    program steps;
    step *loose; /* causes without any variable */
    int n_loose;
    double *loose_table; /* before each of them, and after the last: 2 x n_lanes */
    buffers b;
    double *last; /* 2 x n_lanes: with and without a responsible cause; without a witness n_lanes */
    double *value, *log_lane, *share; /* n_lanes */
    double log_evidence;
} run;

static int given_order(const problem *p, const int32_t *order, int *kept) {
    int n = 0;
    for (int k = 0; k < p->net->n_causes; k++) {
        const family *f = p->families + order[k];
        if (f->to_explain || f->depends_on) kept[n++] = order[k];
    }
    return n;
}

static void write_loose(run *r, arena *a) {
    problem *p = &r->p;
    r->loose = TAKE(a, step, p->net->n_causes - r->g.n);
    for (int c = 0; c < p->net->n_causes && !a->failed; c++) {
        const family *f = p->families + c;
        if (f->to_explain || f->depends_on) continue;
        step *s = r->loose + r->n_loose++;
        *s = (step){.cause = c, .n_states_of_parents = 1, .n_private_states = 1 << f->n_private};
        s->chain_of[RESPONSIBLE] = p->witness ? 2 : 0;
        write_weights(p, f, s, NULL, -1, a);
        if (!a->failed) write_chain_weights(p, s, a);
    }
}

/* Worlds with a responsible cause, and those without: all count as the first without a witness. */
static void apply_loose(run *r, arena *a) {
    problem *p = &r->p;
    int L = p->n_lanes;
    double *t = r->loose_table = TAKE(a, double, 2 * L * (r->n_loose + 1));
    if (a->failed) return;
    for (int l = 0; l < L; l++) {
        t[l] = p->witness ? 0 : 1;
        t[L + l] = p->witness ? 1 : 0;
    }
    for (int k = 0; k < r->n_loose; k++, t += 2 * L) {
        const double *stays = r->loose[k].chain_weight[0], *rises = r->loose[k].chain_weight[2];
        for (int l = 0; l < L; l++) {
            double not_responsible = stays ? stays[l] : 0, responsible = rises ? rises[l] : 0;
            double with = t[l] * (not_responsible + responsible) + t[L + l] * responsible;
            double without = t[L + l] * not_responsible, largest = fmax(with, without);
            int exponent = 0;
            if (largest < 1e-30) {
                frexp(largest, &exponent);
                p->exponent[l] += exponent;
            }
            double by = ldexp(1, -exponent);
            if (exponent) { /* as if the cause had weighed more from the start */
                double *w = r->loose[k].chain_weight[0];
                if (w) w[l] *= by;
                w = r->loose[k].chain_weight[2];
                if (w) w[l] *= by;
                for (int state = 0; state < N_CAUSE_STATES; state++)
                    for (int x = 0; r->loose[k].weight[state] && x < r->loose[k].n_private_states; x++)
                        r->loose[k].weight[state][x * L + l] *= by;
            }
            t[2 * L + l] = with * by;
            t[3 * L + l] = without * by;
        }
    }
}

/* The masses of the loose causes, from the derivative with respect to what they leave. */
static void pass_loose_back(run *r, double *adjoint) {
    int L = r->p.n_lanes;
    const double *t = r->loose_table + 2 * L * (r->n_loose - 1);
    for (int k = r->n_loose - 1; k >= 0; k--, t -= 2 * L) {
        step *s = r->loose + k;
        for (int l = 0; l < L; l++) {
            double stays = s->chain_weight[0] ? s->chain_weight[0][l] : 0;
            double rises = s->chain_weight[2] ? s->chain_weight[2][l] : 0;
            double with = adjoint[l], without = adjoint[L + l];
            s->mass[0][l] = t[l] * with + t[L + l] * without;
            s->mass[2][l] = (t[l] + t[L + l]) * with;
            adjoint[l] = (stays + rises) * with;
            adjoint[L + l] = stays * without + rises * with;
        }
    }
}

static void take_buffers(run *r, arena *a) {
    size_t n = (size_t)r->steps.n_largest_block * r->p.n_lanes;
    for (int k = 0; k < N_CHAINS; k++) r->b.chains[k] = TAKE(a, double, n);
    for (int k = 0; k < 2; k++) r->b.none[k] = TAKE(a, double, r->p.witness ? n : 0);
    r->b.one = TAKE(a, double, n);
    r->b.other = TAKE(a, double, n);
    r->b.kept = TAKE(a, double, r->p.witness ? n : 0);
}

static double bytes_of(const run *r, int wants_posteriors) {
    double n_tables = r->steps.n_stored + (wants_posteriors ? 2 : 0) * r->steps.n_largest;
    return 8.0 * r->p.n_lanes * (n_tables + (N_CHAINS + 5) * r->steps.n_largest_block);
}

static void pass_forward(run *r, arena *a) {
    problem *p = &r->p;
    double *table = r->loose_table + 2 * p->n_lanes * r->n_loose;
    for (int k = 0; k < r->steps.n_steps; k++) {
        step *s = r->steps.steps + k;
        size_t n = s->size_after << n_bits(s->kept);
        s->input = table;
        table = TAKE(a, double, n * p->n_lanes);
        if (a->failed) return;
        forward(s, table, &r->b, p->n_lanes);
        rescale(s, table, n, p->n_lanes, a);
        if (a->failed) return;
        for (int l = 0; l < p->n_lanes && s->rescaled; l++) p->exponent[l] += s->rescaled[l];
    }
    r->last = table;
}

static void weigh_lanes(run *r, arena *a) {
    problem *p = &r->p;
    r->value = TAKE(a, double, 3 * p->n_lanes);
    if (a->failed) return;
    r->log_lane = r->value + p->n_lanes;
    r->share = r->log_lane + p->n_lanes;
    for (int l = 0; l < p->n_lanes; l++) {
        r->value[l] = r->last[l];
        if (p->witness)
            r->value[l] = p->witness[p->n_lanes + l] * r->last[l] +
                          p->witness[l] * r->last[p->n_lanes + l];
    }
    double largest = -INFINITY, total = 0;
    for (int l = 0; l < p->n_lanes; l++) {
        double joint = p->constant[l] * r->value[l];
        r->log_lane[l] = joint > 0 ? log(joint) + (double)p->exponent[l] * M_LN2 : -INFINITY;
        largest = fmax(largest, r->log_lane[l]);
    }
    for (int l = 0; l < p->n_lanes; l++) {
        double below = r->log_lane[l] - largest;
        r->share[l] = largest > -INFINITY && below > -700 ? exp(below) : 0;
        total += r->share[l];
    }
    r->log_evidence = largest > -INFINITY ? largest + log(total) : -INFINITY;
    for (int l = 0; l < p->n_lanes && total > 0; l++) r->share[l] /= total;
}

/* Everything up to the probability of the evidence. */
static int run_forward(run *r, const network *net, evidence given, const request *asked,
                       int only_unlisted, const answer *out, arena *a) {
    *r = (run){.p = reduced(net, given, only_unlisted, a), .log_evidence = -INFINITY};
    if (r->p.status != ANSWERED) return r->p.status;
    r->g = graph_of(&r->p, a);
    int *order = TAKE(a, int, net->n_causes);
    if (a->failed) return NO_MEMORY;
    double cost = 0;
    if (asked->finds_order) cost = find_order(&r->p, &r->g, asked->effort, order, a);
    else given_order(&r->p, out->order, order);
    if (a->failed) return NO_MEMORY;
    later_masks later = later_of(&r->p, order, r->g.n, a);
    if (a->failed) return NO_MEMORY;
    r->steps = sizes_of(&r->p, &r->g, order, r->g.n, &later);
    if (asked->finds_order) {
        int n = 0;
        for (int k = 0; k < r->g.n; k++) out->order[n++] = order[k];
        for (int c = 0; c < net->n_causes; c++)
            if (!r->p.families[c].to_explain && !r->p.families[c].depends_on) out->order[n++] = c;
        out->scalars[COST] = cost * r->p.n_lanes;
        out->scalars[BYTES] = bytes_of(r, asked->wants_posteriors);
    }
    if (bytes_of(r, asked->wants_posteriors) > asked->memory_limit) return TOO_LARGE;
    write_steps(&r->p, &r->steps, order, &later, a);
    if (!a->failed) write_loose(r, a);
    if (!a->failed) apply_loose(r, a);
    if (!a->failed) take_buffers(r, a);
    if (!a->failed) pass_forward(r, a);
    if (!a->failed) weigh_lanes(r, a);
    if (a->failed) return NO_MEMORY;
    return r->log_evidence > -INFINITY ? ANSWERED : IMPOSSIBLE;
}

static void pass_backward(run *r, arena *a) {
    problem *p = &r->p;
    size_t n = (size_t)fmax(r->steps.n_largest, 2) * p->n_lanes;
    double *adjoint = TAKE(a, double, n), *to_input = TAKE(a, double, n);
    if (a->failed) return;
    for (int l = 0; l < p->n_lanes; l++)
        adjoint[l] = r->share[l] > 0 ? r->share[l] / r->value[l] : 0;
    for (int l = 0; l < p->n_lanes; l++) {
        adjoint[p->n_lanes + l] = p->witness ? adjoint[l] * p->witness[l] : 0;
        if (p->witness) adjoint[l] *= p->witness[p->n_lanes + l];
    }
    for (int k = r->steps.n_steps - 1; k >= 0; k--) {
        step *s = r->steps.steps + k;
        size_t n_output = s->size_after << n_bits(s->kept);
        for (size_t i = 0; s->rescaled && i < n_output; i++)
            for (int l = 0; l < p->n_lanes; l++)
                adjoint[i * p->n_lanes + l] =
                    ldexp(adjoint[i * p->n_lanes + l], -s->rescaled[l]);
        backward(s, adjoint, to_input, &r->b, p->n_lanes);
        double *swap = adjoint;
        adjoint = to_input;
        to_input = swap;
    }
    if (!p->witness) memset(adjoint + p->n_lanes, 0, sizeof(double) * p->n_lanes);
    pass_loose_back(r, adjoint);
}

/* Posterior weight of one state of a cause, joint state of its parents and private contexts. */
static double joint_weight(const run *r, const step *s, int state, size_t shared, size_t private) {
    int n_lanes = r->p.n_lanes;
    const double *w = s->weight[state];
    if (!w) return 0;
    w += (private * s->n_states_of_parents + shared) * n_lanes;
    const double *mass = s->mass[s->chain_of[state]] + shared * n_lanes;
    double total = 0;
    for (int l = 0; l < n_lanes; l++) total += w[l] * mass[l];
    return total;
}

static void answer_cause(const run *r, const step *s, const answer *out, double *context_mass) {
    const problem *p = &r->p;
    const family *f = p->families + s->cause;
    double of_state[N_CAUSE_STATES] = {0};
    if (s->n_states_of_parents * s->n_private_states == 1)
        for (int state = 0; state < N_CAUSE_STATES; state++)
            of_state[state] = joint_weight(r, s, state, 0, 0);
    else for (int x = 0; x < s->n_private_states; x++)
        for (int i = 0; i < s->n_states_of_parents; i++) {
            double joint = 0;
            for (int state = 0; state < N_CAUSE_STATES; state++) {
                double here = joint_weight(r, s, state, i, x);
                of_state[state] += here;
                joint += here;
            }
            for (int k = 0; k < f->n_private; k++)
                context_mass[2 * f->private[k] + (x >> k & 1)] += joint;
            for (int k = 0; 1 << k < s->n_states_of_parents; k++) {
                int context = p->shared_context[s->variable_of_bit[k]];
                if (context >= 0) context_mass[2 * context + (i >> k & 1)] += joint;
            }
        }
    double present = of_state[SILENT] + of_state[RESPONSIBLE], total = of_state[ABSENT] + present;
    out->present[s->cause] = present / total;
    out->responsible[s->cause] = of_state[RESPONSIBLE] / total;
}

static void answer_contexts(const run *r, const answer *out, const double *context_mass) {
    const problem *p = &r->p;
    int n_lanes = p->n_lanes;
    for (int x = 0; x < p->net->n_contexts; x++) {
        double absent = context_mass[2 * x], present = context_mass[2 * x + 1];
        int has_child_open = absent + present > 0;
        for (int l = 0; l < n_lanes && !has_child_open; l++) {
            const double *w = p->context_weight + (size_t)x * 2 * n_lanes;
            if (r->share[l] == 0) continue;
            present += r->share[l] * (w[n_lanes + l] / (w[l] + w[n_lanes + l]));
            absent += r->share[l] * (w[l] / (w[l] + w[n_lanes + l]));
        }
        out->contexts[x] = present / (absent + present);
    }
}

static int answer_posteriors(run *r, const answer *out, arena *a) {
    int n_contexts = r->p.net->n_contexts;
    pass_backward(r, a);
    double *context_mass = TAKE(a, double, 2 * n_contexts);
    if (a->failed) return NO_MEMORY;
    memset(context_mass, 0, sizeof(double) * 2 * n_contexts);
    for (int k = 0; k < r->steps.n_steps; k++)
        answer_cause(r, r->steps.steps + k, out, context_mass);
    for (int k = 0; k < r->n_loose; k++) answer_cause(r, r->loose + k, out, context_mass);
    answer_contexts(r, out, context_mass);
    return ANSWERED;
}

/* P(unlisted, and no cause responsible | evidence): the witness is then at level 0. */
static double unexplained_by_witness(const run *r) {
    const problem *p = &r->p;
    double total = 0;
    for (int l = 0; l < p->n_lanes; l++)
        if (p->lane_unlisted[l] && r->share[l] > 0)
            total += r->share[l] * (p->witness[l] * r->last[p->n_lanes + l] / r->value[l]);
    return total;
}

/* The same without a witness, from a second pass over those worlds. */
static int answer_unexplained(const run *r, const network *net, evidence given,
                              const request *asked, const answer *out, arena *a) {
    request again = *asked;
    again.finds_order = again.wants_posteriors = 0;
    run only;
    out->scalars[UNEXPLAINED] = 0;
    if (net->unlisted[0] == 0) return ANSWERED;
    int status = run_forward(&only, net, given, &again, 1, out, a);
    if (status != ANSWERED) return status == IMPOSSIBLE ? ANSWERED : status;
    double below = only.log_evidence - r->log_evidence;
    double weight = below > -700 ? exp(below) : 0, listed = 0, unlisted = 0;
    for (int l = 0; l < r->p.n_lanes; l++)
        *(r->p.lane_unlisted[l] ? &unlisted : &listed) += r->share[l];
    /* a part of what unlisted explains: rounding must not make it the larger */
    out->scalars[UNEXPLAINED] = weight / (listed + fmax(weight, unlisted));
    return ANSWERED;
}

static int answered(const network *net, evidence given, const request *asked, const answer *out,
                    arena *a) {
    run r;
    feclearexcept(FE_ALL_EXCEPT);
    out->scalars[LOG_EVIDENCE] = -INFINITY;
    int status = run_forward(&r, net, given, asked, 0, out, a);
    int is_reached = status == ANSWERED || status == IMPOSSIBLE;
    if (status == ANSWERED && asked->wants_posteriors) {
        status = answer_posteriors(&r, out, a);
        if (status == ANSWERED && r.p.witness)
            out->scalars[UNEXPLAINED] = unexplained_by_witness(&r);
        else if (status == ANSWERED)
            status = answer_unexplained(&r, net, given, asked, out, a);
    }
    if (is_reached && fetestexcept(FE_UNDERFLOW | FE_OVERFLOW | FE_INVALID)) return OUT_OF_RANGE;
    out->scalars[LOG_EVIDENCE] = r.log_evidence;
    return status;
}

#endif
