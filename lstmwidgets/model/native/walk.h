/* An LSTM over a whole sequence, forward and back: what walk.c offers, once for each instruction set. */

#ifndef LSTMWIDGETS_WALK_H
#define LSTMWIDGETS_WALK_H

#include <stddef.h>

enum {
    PAD = 8,    /* units are stored in eights; what lies beyond the last one is zero */
    BLOCK = 48, /* windows that walk together, so that their states stay in the fastest cache */
};

/* All arrays are C-ordered float32, with gates packed i, f, g, o as Keras packs them. The forward pass leaves
 * three for the backward pass, time-major and padded to `width` units:
 *
 *   reads  (timesteps + 1, batch, read)    what a step multiplies with the weights: x, 1, h before the step
 *   cells  (timesteps + 1, batch, width)   the cell state before the step, and at the end the last one
 *   gates  (timesteps, batch, 4, width)    after their activations
 */
typedef struct {
    ptrdiff_t timesteps, batch, features, units;
    ptrdiff_t width; /* units, rounded up to a multiple of PAD */
    ptrdiff_t depth; /* features + 1 + units: what a step reads */
    ptrdiff_t read;  /* features + 1 + width: how far apart two windows' reads are */
} Sizes;

typedef struct {
    const float *kernel;           /* (features, 4 units) */
    const float *recurrent_kernel; /* (units, 4 units) */
    const float *bias;             /* (4 units) */
} Weights;

typedef struct {
    const float *x;               /* (batch, timesteps, features) */
    const float *h0, *c0;         /* (batch, units) */
    float *reads, *cells, *gates; /* without gates, reads and cells hold two steps, used in turn */
    float *every_h;               /* (batch, timesteps, units), or NULL where only the last state is asked for */
    float *h, *c;                 /* (batch, units): the last states */
} Forward;

typedef struct {
    const float *reads, *cells, *gates;
    const float *by_every_h;  /* (batch, timesteps, units), or NULL where only the last state counts */
    const float *by_h, *by_c; /* (batch, units): by the last states */
    float *by_z;              /* by what goes into the activations; shaped as the gates, and may replace them */
    float *by_h0, *by_c0;     /* (batch, units) */
    float *by_kernel, *by_recurrent_kernel, *by_bias;
} Backward;

/* `scratch` holds walk_scratch(…) floats. */
typedef void forward_walk(const Sizes *, const Weights *, const Forward *, float *scratch);
typedef void backward_walk(const Sizes *, const float *recurrent_kernel, const Backward *, float *scratch);

static inline Sizes walk_sizes(ptrdiff_t timesteps, ptrdiff_t batch, ptrdiff_t features, ptrdiff_t units) {
    ptrdiff_t width = (units + PAD - 1) / PAD * PAD;
    return (Sizes){timesteps, batch, features, units, width, features + 1 + units, features + 1 + width};
}

static inline size_t walk_scratch(const Sizes *size) {
    return (size_t)(size->width * (4 * size->depth + 4 * size->units + 2 * BLOCK));
}

#endif
