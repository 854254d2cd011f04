/* An LSTM and a GRU over a whole sequence, forward and back: what lstm.c, gru.c and inputs.c offer, once for
 * each instruction set. */

#ifndef LSTMWIDGETS_WALK_H
#define LSTMWIDGETS_WALK_H

#include <stddef.h>

enum {
    PAD = 8,    /* units are stored in eights; what lies beyond the last one is zero */
    BLOCK = 48, /* windows that walk together, so that their states stay in the fastest cache */
    SLOTS = 4,  /* numbers kept of a unit at a step, of either cell */
};

/* All arrays are C-ordered float32, with gates packed as Keras packs them: i, f, g, o and z, r, h. The forward
 * pass leaves these for the backward pass, time-major and padded to `width` units:
 *
 *   reads  (timesteps + 1, batch, read)    what a step multiplies with the weights: x, 1, h before the step
 *   cells  (timesteps + 1, batch, width)   LSTM: the cell state before the step, and at the end the last one
 *   gates  (timesteps, batch, 4, width)    LSTM: i, f, g, o after their activations
 *                                          GRU: z, r, the candidate g, and what r lets into it
 */
typedef struct {
    ptrdiff_t timesteps, batch, features, units;
    ptrdiff_t width; /* units, rounded up to a multiple of PAD */
    ptrdiff_t depth; /* features + 1 + units: what a step reads */
    ptrdiff_t read;  /* features + 1 + width: how far apart two windows' reads are */
} Sizes;

static inline ptrdiff_t padded(ptrdiff_t count) { return (count + PAD - 1) / PAD * PAD; }

static inline Sizes walk_sizes(ptrdiff_t timesteps, ptrdiff_t batch, ptrdiff_t features, ptrdiff_t units) {
    ptrdiff_t width = padded(units);
    return (Sizes){timesteps, batch, features, units, width, features + 1 + units, features + 1 + width};
}

/* LSTM ---------------------------------------------------------------------------------------------------- */

typedef struct {
    const float *kernel;           /* (features, 4 units) */
    const float *recurrent_kernel; /* (units, 4 units) */
    const float *bias;             /* (4 units) */
} LstmWeights;

typedef struct {
    const float *x;               /* (batch, timesteps, features) */
    const float *h0, *c0;         /* (batch, units) */
    float *reads, *cells, *gates; /* without gates, reads and cells hold two steps, used in turn */
    float *every_h;               /* (batch, timesteps, units), or NULL where only the last state is asked for */
    float *h, *c;                 /* (batch, units): the last states */
} LstmForward;

typedef struct {
    const float *reads, *cells, *gates;
    const float *by_every_h;  /* (batch, timesteps, units), or NULL where only the last state counts */
    const float *by_h, *by_c; /* (batch, units): by the last states */
    float *by_z;              /* by what goes into the activations; shaped as the gates, and may replace them */
    float *by_h0, *by_c0;     /* (batch, units) */
    float *by_kernel, *by_recurrent_kernel, *by_bias;
} LstmBackward;

/* `scratch` holds lstm_scratch(…) floats. */
typedef void lstm_forward_walk(const Sizes *, const LstmWeights *, const LstmForward *, float *scratch);
typedef void lstm_backward_walk(const Sizes *, const float *recurrent_kernel, const LstmBackward *, float *scratch);

static inline size_t lstm_scratch(const Sizes *size) {
    return (size_t)(size->width * (4 * size->depth + 4 * size->units + 2 * BLOCK));
}

/* GRU ----------------------------------------------------------------------------------------------------- */

typedef struct {
    const float *kernel;           /* (features, 3 units) */
    const float *recurrent_kernel; /* (units, 3 units) */
    const float *bias;             /* (2, 3 units): beside the input, and beside the state */
} GruWeights;

typedef struct {
    const float *x;       /* (batch, timesteps, features) */
    const float *h0;      /* (batch, units) */
    float *reads, *gates; /* without gates, reads hold two steps, used in turn */
    float *every_h;       /* (batch, timesteps, units), or NULL where only the last state is asked for */
    float *h;             /* (batch, units): the last state */
} GruForward;

typedef struct {
    const float *reads, *gates;
    const float *by_every_h; /* (batch, timesteps, units), or NULL where only the last state counts */
    const float *by_h;       /* (batch, units): by the last state */
    float *by_z;             /* by what goes into z, r and g, and by what r lets into g; may replace the gates */
    float *by_h0;            /* (batch, units) */
    float *by_kernel, *by_recurrent_kernel, *by_bias;
} GruBackward;

/* `scratch` holds gru_scratch(…) floats. */
typedef void gru_forward_walk(const Sizes *, const GruWeights *, const GruForward *, float *scratch);
typedef void gru_backward_walk(const Sizes *, const float *recurrent_kernel, const GruBackward *, float *scratch);

static inline size_t gru_scratch(const Sizes *size) {
    return (size_t)(size->width * (3 * (size->depth + 1) + 3 * size->units + BLOCK));
}

/* Either ------------------------------------------------------------------------------------------------- */

/* What the inputs of a walk back are owed, by_x (batch, timesteps, features): by_z, of whose slots the kernel,
 * (features, gates * units), takes the first ones. `scratch` holds inputs_scratch(…) floats. */
typedef void inputs_walk(const Sizes *, int gates, const float *kernel, const float *by_z, float *by_x,
                         float *scratch);

static inline size_t inputs_scratch(const Sizes *size, int gates) {
    return (size_t)(gates * size->units * padded(size->features));
}

/* The walks by the instructions that instructions.c chose. */
typedef struct {
    lstm_forward_walk *lstm_forward;
    lstm_backward_walk *lstm_backward;
    gru_forward_walk *gru_forward;
    gru_backward_walk *gru_backward;
    inputs_walk *inputs;
} Walks;

extern Walks walks;

#endif
