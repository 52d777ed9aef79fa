/* Run a program forward and backward: only ever add and multiply non-negative numbers. */
#ifndef LEGACHE_SWEEP_H
#define LEGACHE_SWEEP_H

#include "program.h"

#define INLINE static inline __attribute__((always_inline))

/* Buffers of one block each. */
typedef struct {
    double *chains[N_CHAINS], *none[2], *one, *other, *kept;
} buffers;

/* A cause that shows a finding raises it: u'(j) = u(j) P(<= j) + P(j) u(< j). */
INLINE void link_two(double *restrict u, size_t n, const size_t run, double p0, double p1) {
    double upto = p0 + p1;
    for (size_t base = 0; base < n; base += 2 * run)
        for (size_t i = base; i < base + run; i++) {
            u[i + run] = upto * u[i + run] + p1 * u[i];
            u[i] *= p0;
        }
}

INLINE void link_two_back(double *restrict v, size_t n, const size_t run, double p0, double p1) {
    double upto = p0 + p1;
    for (size_t base = 0; base < n; base += 2 * run)
        for (size_t i = base; i < base + run; i++) {
            v[i] = p0 * v[i] + p1 * v[i + run];
            v[i + run] *= upto;
        }
}

/* Short runs get loops of their own, which the compiler can unroll into vectors. */
#define BY_RUN(F, u, n, run, p0, p1)       \
    switch (run) {                         \
        case 1: F(u, n, 1, p0, p1); break; \
        case 2: F(u, n, 2, p0, p1); break; \
        case 4: F(u, n, 4, p0, p1); break; \
        case 8: F(u, n, 8, p0, p1); break; \
        default: F(u, n, run, p0, p1);     \
    }

static void link_many(double *u, size_t n, size_t run, const double *p, int m) {
    for (size_t base = 0; base < n; base += m * run)
        for (size_t i = base; i < base + run; i++) {
            double below = 0, upto = 0;
            for (int j = 0; j < m; j++) {
                double here = u[i + j * run];
                upto += p[j];
                u[i + j * run] = upto * here + p[j] * below;
                below += here;
            }
        }
}

static void link_many_back(double *v, size_t n, size_t run, const double *p, int m) {
    double upto[MOST_LEVELS], total = 0;
    for (int j = 0; j < m; j++) upto[j] = total += p[j];
    for (size_t base = 0; base < n; base += m * run)
        for (size_t i = base; i < base + run; i++) {
            double above = 0;
            for (int j = m - 1; j >= 0; j--) {
                double here = v[i + j * run];
                v[i + j * run] = upto[j] * here + above;
                above += p[j] * here;
            }
        }
}

INLINE void apply_link(double *u, size_t n, const axis_step *x, int L) {
    size_t run = x->stride * L;
    if (x->n_levels > 2) link_many(u, n, run, x->p, x->n_levels);
    else BY_RUN(link_two, u, n, run, x->p[0], x->p[1])
}

INLINE void apply_link_back(double *v, size_t n, const axis_step *x, int L) {
    size_t run = x->stride * L;
    if (x->n_levels > 2) link_many_back(v, n, run, x->p, x->n_levels);
    else BY_RUN(link_two_back, v, n, run, x->p[0], x->p[1])
}

/* Sum a finding out; n is the number of entries of the result. */
INLINE void close_axis(const double *u, double *into, size_t n, const axis_step *x, const int L) {
    size_t s = x->stride;
    int m = x->n_levels;
    for (size_t o = 0; o < n / s; o++) {
        const double *from = u + o * m * s * L;
        double *to = into + o * s * L;
        if (m == 2) {
            const double *w = x->weight;
            for (size_t i = 0; i < s; i++)
                for (int l = 0; l < L; l++)
                    to[i * L + l] = w[l] * from[i * L + l] + w[L + l] * from[(s + i) * L + l];
            continue;
        }
        for (size_t i = 0; i < s; i++)
            for (int l = 0; l < L; l++) {
                double total = 0;
                for (int j = 0; j < m; j++)
                    total += x->weight[j * L + l] * from[(j * s + i) * L + l];
                to[i * L + l] = total;
            }
    }
}

/* Transpose of close_axis: from n entries to n times the levels. */
INLINE void close_axis_back(const double *restrict v, double *restrict into, size_t n,
                            const axis_step *x, const int L) {
    size_t s = x->stride;
    int m = x->n_levels;
    for (size_t o = 0; o < n / s; o++)
        for (int j = 0; j < m; j++) {
            double *to = into + (o * m + j) * s * L;
            const double *from = v + o * s * L, *w = x->weight + j * L;
            for (size_t i = 0; i < s; i++)
                for (int l = 0; l < L; l++) to[i * L + l] = w[l] * from[i * L + l];
        }
}

INLINE void open_axis(double *u, size_t n, const axis_step *x) {
    for (int j = x->n_levels - 1; j >= 0; j--) {
        double p = x->p[j], *to = u + j * n;
        for (size_t i = 0; i < n; i++) to[i] = p * u[i];
    }
}

INLINE void open_axis_back(double *v, size_t n, const axis_step *x) {
    for (size_t i = 0; i < n; i++) v[i] *= x->p[0];
    for (int j = 1; j < x->n_levels; j++)
        for (size_t i = 0; i < n; i++) v[i] += x->p[j] * v[j * n + i];
}

/* Run a block through a chain; the result is in the buffer, or the block itself. */
INLINE const double *through(const chain *c, const double *block, size_t n, double *buffer,
                             const int L) {
    const double *now = block;
    for (int k = 0; k < c->n_close; k++) {
        n /= c->close[k].n_levels;
        close_axis(now, buffer, n, c->close + k, L);
        now = buffer;
    }
    if (c->n_links + c->n_open && now == block) memcpy(buffer, block, sizeof(double) * n * L);
    for (int k = 0; k < c->n_links; k++) apply_link(buffer, n * L, c->links + k, L);
    for (int k = 0; k < c->n_open; k++) {
        open_axis(buffer, n * L, c->open + k);
        n *= c->open[k].n_levels;
    }
    return c->n_links + c->n_open ? buffer : now;
}

/* Transpose of `through`; changes v, and returns whichever buffer holds the result. */
INLINE const double *back_through(const chain *c, double *v, double *other, const int L) {
    size_t n = c->n_entries;
    for (int k = c->n_open - 1; k >= 0; k--) {
        n /= c->open[k].n_levels;
        open_axis_back(v, n * L, c->open + k);
    }
    for (int k = c->n_links - 1; k >= 0; k--) apply_link_back(v, n * L, c->links + k, L);
    for (int k = c->n_close - 1; k >= 0; k--) {
        close_axis_back(v, other, n, c->close + k, L);
        n *= c->close[k].n_levels;
        double *swap = v;
        v = other;
        other = swap;
    }
    return v;
}

INLINE void add_weighted(double *restrict to, const double *restrict from, const double *w,
                         size_t n, const int L) {
    for (size_t i = 0; i < n; i++)
        for (int l = 0; l < L; l++) to[i * L + l] += w[l] * from[i * L + l];
}

/* into += by (x . y), lane by lane; and gradient += w y. */
INLINE void add_dot(double *restrict into, const double *restrict x, const double *restrict y,
                    const double *by, double *restrict gradient, const double *restrict w,
                    size_t n, const int L) {
    enum { WIDTH = 8 }; /* partial sums that the compiler keeps in one vector */
    double part[MOST_LANES];
    size_t i = 0;
    for (int l = 0; l < L; l++) part[l] = 0;
    if (L <= 2 && n * L >= 2 * WIDTH) {
        double wide[WIDTH] = {0};
        for (; (i + WIDTH / L) <= n; i += WIDTH / L)
            for (int k = 0; k < WIDTH; k++) {
                wide[k] += x[i * L + k] * y[i * L + k];
                gradient[i * L + k] += w[k % L] * y[i * L + k];
            }
        for (int k = 0; k < WIDTH; k++) part[k % L] += wide[k];
    }
    for (; i < n; i++)
        for (int l = 0; l < L; l++) {
            part[l] += x[i * L + l] * y[i * L + l];
            gradient[i * L + l] += w[l] * y[i * L + l];
        }
    for (int l = 0; l < L; l++) into[l] += by ? by[l] * part[l] : part[l];
}

/* Weight of a chain in one joint state of the parents; NULL if none of its lanes has any. */
INLINE const double *weight_of(const step *s, int k, uint32_t state, const double *closing,
                               double *scaled, const int L) {
    if (!s->chain_weight[k]) return NULL;
    const double *given = s->chain_weight[k] + (size_t)state * L;
    double sum = 0;
    for (int l = 0; l < L; l++) sum += given[l];
    if (!(sum > 0)) return NULL;
    if (!closing) return given;
    for (int l = 0; l < L; l++) scaled[l] = given[l] * closing[l];
    return scaled;
}

INLINE const double *closing_of(const step *s, uint32_t at, const int L) {
    return s->closing ? s->close_weight + (size_t)extracted(at, s->closing) * L : NULL;
}

/* The worlds without a responsible cause, where one becomes responsible, join the others. The
   entries that change are kept, so that they can be put back as they were. */
INLINE void join_none(const step *s, double *block, double *kept, const int L) {
    const double *none = block + s->n_before * L;
    for (size_t j = 0; j < s->n_none_before; j++)
        for (int l = 0; l < L; l++) {
            double *entry = block + (size_t)s->place_of_none[j] * L + l;
            kept[j * L + l] = *entry;
            *entry += none[j * L + l];
        }
}

INLINE void part_none(const step *s, double *block, const double *kept, const int L) {
    for (size_t j = 0; j < s->n_none_before; j++)
        for (int l = 0; l < L; l++) block[(size_t)s->place_of_none[j] * L + l] = kept[j * L + l];
}

/* Results of all chains for one block. */
typedef struct {
    const double *first[N_CHAINS], *none[2];
} results;

INLINE void run_chains(const step *s, double *block, const buffers *b, results *r, const int L) {
    for (int k = 0; k < N_CHAINS; k++) {
        r->first[k] = NULL;
        if (!s->chain_weight[k]) continue;
        int joins = k == 2 && s->n_none_before;
        if (joins) join_none(s, block, b->kept, L);
        r->first[k] = through(s->chains + k, block, s->n_before, b->chains[k], L);
        if (joins && r->first[k] == block) {
            memcpy(b->chains[k], block, sizeof(double) * s->n_before * L);
            r->first[k] = b->chains[k];
        }
        if (joins) part_none(s, block, b->kept, L);
    }
    for (int k = 0; k < 2; k++) {
        r->none[k] = NULL;
        if (s->n_none_before && s->chain_weight[k])
            r->none[k] = s->is_none_plain
                             ? block + s->n_before * L
                             : through(s->none + k, block + s->n_before * L, s->n_none_before,
                                       b->none[k], L);
    }
}

INLINE void forward_step(const step *s, double *output, const buffers *b, const int L) {
    size_t n_new = (size_t)1 << s->n_depends_new, n_old = (size_t)1 << s->n_depends_before;
    size_t n_output = s->size_after * L << n_bits(s->kept);
    for (size_t i = 0; i < n_output; i++) output[i] = 0;
    for (uint32_t old = 0; old < n_old; old++) {
        results r;
        run_chains(s, s->input + old * s->size_before * L, b, &r, L);
        for (uint32_t new = 0; new < n_new; new++) {
            uint32_t at = old | new << s->n_depends_before;
            uint32_t state = extracted(at, s->own_and_parents);
            const double *closing = closing_of(s, at, L);
            double *to = output + extracted(at, s->kept) * s->size_after * L, scaled[MOST_LANES];
            for (int k = 0; k < N_CHAINS; k++) {
                const double *w = weight_of(s, k, state, closing, scaled, L);
                if (!w) continue;
                add_weighted(to, r.first[k], w, s->chains[k].n_entries, L);
                if (k == 2 || !r.none[k]) continue;
                double also[MOST_LANES];
                for (int l = 0; l < L && s->none[k].by; l++) also[l] = w[l] * s->none[k].by[l];
                if (s->none[k].by) w = also;
                add_weighted(to + s->n_after * L, r.none[k], w, s->none[k].n_entries, L);
            }
        }
    }
}

/* The transpose of one chain of one part, for all new joint states of the parents. Adds to the
   gradient of the part; for the chain that joins both parts, to both. */
INLINE void backward_chain(const step *s, int k, int is_none, uint32_t old, const double *block,
                           const double *result, const double *adjoint, double *gradient,
                           const buffers *b, const int L) {
    const chain *c = is_none ? s->none + k : s->chains + k;
    size_t n_new = (size_t)1 << s->n_depends_new, n = c->n_entries;
    size_t n_before = is_none ? s->n_none_before : s->n_before, none = s->n_before * L;
    double ones[MOST_LANES], scaled[MOST_LANES], by[MOST_LANES], weighed[MOST_LANES];
    int is_single = n_new == 1, joins = k == 2 && s->n_none_before;
    int is_plain = c->n_close + c->n_links + c->n_open == 0;
    if (!is_single) memset(b->one, 0, sizeof(double) * n * L);
    for (uint32_t new = 0; new < n_new; new++) {
        uint32_t at = old | new << s->n_depends_before;
        uint32_t state = extracted(at, s->own_and_parents);
        const double *closing = closing_of(s, at, L);
        const double *w = weight_of(s, k, state, closing, scaled, L);
        if (!w) continue;
        if (c->by) {
            for (int l = 0; l < L; l++) {
                by[l] = closing ? closing[l] * c->by[l] : c->by[l];
                weighed[l] = w[l] * c->by[l];
            }
            closing = by;
            w = weighed;
        }
        const double *from = adjoint + extracted(at, s->kept) * s->size_after * L;
        if (is_none) from += s->n_after * L;
        double *mass = s->mass[k] + (size_t)state * L;
        if (!is_single) {
            add_dot(mass, result, from, closing, b->one, w, n, L);
            continue;
        }
        const double *h = from;
        if (!is_plain) {
            for (size_t i = 0; i < n * L; i++) b->one[i] = from[i];
            h = back_through(c, b->one, b->other, L);
        }
        add_dot(mass, block, h, closing, gradient, w, n_before, L);
        for (size_t j = 0; joins && j < s->n_none_before; j++)
            add_dot(mass, block + none + j * L, h + (size_t)s->place_of_none[j] * L, closing,
                    gradient + none + j * L, w, 1, L);
    }
    if (is_single) return;
    for (int l = 0; l < L; l++) ones[l] = 1;
    const double *h = back_through(c, b->one, b->other, L);
    add_weighted(gradient, h, ones, n_before, L);
    for (size_t j = 0; joins && j < s->n_none_before; j++)
        add_weighted(gradient + none + j * L, h + (size_t)s->place_of_none[j] * L, ones, 1, L);
}

/* Derivative with respect to the input, and the masses, from that of the output. */
INLINE void backward_step(const step *s, const double *adjoint, double *to_input, const buffers *b,
                          const int L) {
    size_t n_old = (size_t)1 << s->n_depends_before, n_input = n_old * s->size_before * L;
    for (size_t i = 0; i < n_input; i++) to_input[i] = 0;
    for (uint32_t old = 0; old < n_old; old++) {
        double *block = s->input + old * s->size_before * L;
        double *gradient = to_input + old * s->size_before * L;
        results r;
        if (s->n_depends_new) run_chains(s, block, b, &r, L);
        for (int k = 0; k < N_CHAINS; k++)
            if (s->chain_weight[k])
                backward_chain(s, k, 0, old, block, s->n_depends_new ? r.first[k] : NULL, adjoint,
                               gradient, b, L);
        for (int k = 0; k < 2 && s->n_none_before; k++)
            if (s->chain_weight[k])
                backward_chain(s, k, 1, old, block + s->n_before * L,
                               s->n_depends_new ? r.none[k] : NULL, adjoint,
                               gradient + s->n_before * L, b, L);
    }
}

static void forward(const step *s, double *output, const buffers *b, int n_lanes) {
    if (n_lanes == 1) forward_step(s, output, b, 1);
    else if (n_lanes == 2) forward_step(s, output, b, 2);
    else forward_step(s, output, b, n_lanes);
}

static void backward(const step *s, const double *adjoint, double *to_input, const buffers *b,
                     int n_lanes) {
    if (n_lanes == 1) backward_step(s, adjoint, to_input, b, 1);
    else if (n_lanes == 2) backward_step(s, adjoint, to_input, b, 2);
    else backward_step(s, adjoint, to_input, b, n_lanes);
}

/* Keep each lane near 1, by powers of 2 so that no digit changes. */
INLINE void rescale_lanes(step *s, double *table, size_t n, arena *a, const int L) {
    double largest[MOST_LANES], by[MOST_LANES];
    int is_needed = 0;
    s->rescaled = NULL;
    for (int l = 0; l < L; l++) largest[l] = 0;
    for (size_t i = 0; i < n; i++)
        for (int l = 0; l < L; l++) {
            double here = table[i * L + l];
            largest[l] = here > largest[l] ? here : largest[l];
        }
    for (int l = 0; l < L; l++) is_needed |= largest[l] < 1e-30 && largest[l] > 0;
    if (!is_needed) return;
    s->rescaled = TAKE(a, int, L);
    if (a->failed) return;
    for (int l = 0; l < L; l++) {
        frexp(largest[l], s->rescaled + l);
        by[l] = ldexp(1, -s->rescaled[l]);
    }
    for (size_t i = 0; i < n; i++)
        for (int l = 0; l < L; l++) table[i * L + l] *= by[l];
}

static void rescale(step *s, double *table, size_t n, int n_lanes, arena *a) {
    if (n_lanes == 1) rescale_lanes(s, table, n, a, 1);
    else if (n_lanes == 2) rescale_lanes(s, table, n, a, 2);
    else rescale_lanes(s, table, n, a, n_lanes);
}

#endif
