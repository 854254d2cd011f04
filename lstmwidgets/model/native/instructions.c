/* Which of the walks run here: those with the quickest instructions that the processor has. */

#include "walk.h"

Walks walks;

#define DECLARE(instructions)                        \
    extern lstm_forward_walk lstm_forward_##instructions;   \
    extern lstm_backward_walk lstm_backward_##instructions; \
    extern gru_forward_walk gru_forward_##instructions;     \
    extern gru_backward_walk gru_backward_##instructions;   \
    extern inputs_walk inputs_##instructions;

#define USE(instructions)                                                                \
    (walks = (Walks){lstm_forward_##instructions, lstm_backward_##instructions,          \
                     gru_forward_##instructions, gru_backward_##instructions, inputs_##instructions})

DECLARE(baseline)

/* Takes the quickest instructions that this processor has, of which 0 is every processor's, 1 AVX2 and 2
 * AVX-512, and none above `most`; returns which. Tests call it; nothing else does but the loading below. */
#if defined(__x86_64__)
DECLARE(avx2)
DECLARE(avx512)

__attribute__((visibility("default"))) int lstmwidgets_use_instructions(int most) {
    __builtin_cpu_init();
    if (most >= 2 && __builtin_cpu_supports("fma") && __builtin_cpu_supports("bmi2") &&
        __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") &&
        __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq") &&
        __builtin_cpu_supports("avx512cd")) {
        USE(avx512);
        return 2;
    }
    if (most >= 1 && __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
        __builtin_cpu_supports("bmi2")) {
        USE(avx2);
        return 1;
    }
    USE(baseline);
    return 0;
}
#else
__attribute__((visibility("default"))) int lstmwidgets_use_instructions(int most) {
    (void)most;
    USE(baseline);
    return 0;
}
#endif

__attribute__((constructor)) static void use_the_quickest(void) { lstmwidgets_use_instructions(2); }
