/* Which build of the kernel suits this processor? */
#include "network.h"

typedef struct request request;

#define ARGUMENTS                                                                          \
    const network *net, int64_t n_rows, int64_t n_draws, int64_t n_codes,                  \
        const int8_t *codes, const double *likelihoods, const request *asked, int32_t *order, double *present,  \
        double *responsible, double *contexts, double *scalars, int32_t *status
#define PASSED                                                                              \
    net, n_rows, n_draws, n_codes, codes, likelihoods, asked, order, present, responsible, contexts, \
        scalars, status

void legache_answer_base(ARGUMENTS);
#ifdef HAS_LEVELS
void legache_answer_avx2(ARGUMENTS);
#endif

__attribute__((visibility("default"))) void legache_answer(ARGUMENTS) {
#ifdef HAS_LEVELS
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
        __builtin_cpu_supports("bmi2")) {
        legache_answer_avx2(PASSED);
        return;
    }
#endif
    legache_answer_base(PASSED);
}
