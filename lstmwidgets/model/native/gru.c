/* The GRU's walk through time, written once and compiled for each instruction set.
 *
 * The candidate takes what the state brings, once its reset gate has let it in; so a step is two products, one
 * with what is read of the input and one with the state, each with a bias of its own. Their sums share a tile's
 * registers, where the gates and the state are computed. Back goes one product with the recurrent kernel
 * transposed, and what the weights are owed are two more, of a few steps at a time. The formulas are those of
 * Cho et al. (2014), with the reset gate after the product, as in Keras and cuDNN.
 */

#include "tiles.h"

enum {
    COLUMNS = 3,   /* of the weights: z, r and g, packed as Keras packs them */
    CANDIDATE = 2, /* the slot of g, which the input's product ends with */
    RECALLED = 3,  /* the slot of what the state brings to g, which the state's product ends with */
};

/* Forward ------------------------------------------------------------------------------------------------- */

/* Arrays of one step, from the row of the first window that is at work. */
typedef struct {
    const float *reads;
    float *next_reads, *gates;
} Step;

INLINE void forward_tile(int rows, const Sizes *size, const float *inputs, const float *states, ptrdiff_t unit,
                         Step at) {
    vec sums[ROWS][SPAN] = {{{0}}}, candidates[ROWS];
    multiply(rows, COLUMNS, size->features + 1, at.reads, size->read, inputs, sums);
    UNROLL for (int row = 0; row < rows; row++) {
        candidates[row] = sums[row][CANDIDATE];
        sums[row][CANDIDATE] = (vec){0};
    }
    multiply(rows, COLUMNS, size->units + 1, at.reads + size->features, size->read, states, sums);
    /* In two rounds: what waits for r would otherwise hold up the rows after it. */
    UNROLL for (int row = 0; row < rows; row++) {
        vec z = sigmoid(sums[row][0]), r = sigmoid(sums[row][1]), recalled = sums[row][2];
        if (at.gates) {
            float *gates = at.gates + row * SLOTS * size->width + unit;
            store(gates, z);
            store(gates + size->width, r);
            store(gates + RECALLED * size->width, recalled);
        }
        sums[row][0] = z;
        candidates[row] += r * recalled;
    }
    UNROLL for (int row = 0; row < rows; row++) {
        vec z = sums[row][0], g = hyperbolic_tangent(candidates[row]);
        const ptrdiff_t state = row * size->read + size->features + 1 + unit;
        store(at.next_reads + state, z * load(at.reads + state) + (1.0f - z) * g);
        if (at.gates) store(at.gates + (row * SLOTS + CANDIDATE) * size->width + unit, g);
    }
}

void NAME(gru_forward)(const Sizes *size, const GruWeights *weights, const GruForward *to, float *scratch) {
    const ptrdiff_t features = size->features, units = size->units, batch = size->batch;
    float *inputs = scratch, *states = inputs + COLUMNS * (features + 1) * size->width;
    pack_rows(size, COLUMNS, features + 1, weights->kernel, features, inputs);
    pack_rows(size, COLUMNS, features + 1, weights->bias, 1, inputs + features * COLUMNS * LANES);
    pack_rows(size, COLUMNS, units + 1, weights->bias + COLUMNS * units, 1, states);
    pack_rows(size, COLUMNS, units + 1, weights->recurrent_kernel, units, states + COLUMNS * LANES);
    for (ptrdiff_t first = 0; first < batch; first += BLOCK) {
        const ptrdiff_t end = least(first + BLOCK, batch);
        begin_reads(size, first, end, to->h0, to->reads);
        ptrdiff_t now = 0, next = 1;
        for (ptrdiff_t t = 0; t < size->timesteps; t++) {
            read_inputs(size, first, end, t, to->x, to->reads + now * batch * size->read);
            for (ptrdiff_t unit = 0; unit < size->width; unit += LANES)
                for (ptrdiff_t row = first, rows; row < end; row += rows) {
                    rows = even_share(end - row, ROWS);
                    const ptrdiff_t here = now * batch + row, there = next * batch + row;
                    const Step at = {to->reads + here * size->read, to->reads + there * size->read,
                                     to->gates ? to->gates + here * SLOTS * size->width : NULL};
                    WITH_ROWS(rows, forward_tile, size, inputs + unit * COLUMNS * (features + 1),
                              states + unit * COLUMNS * (units + 1), unit, at)
                }
            const float *h = to->reads + next * batch * size->read + features + 1;
            for (ptrdiff_t row = first; to->every_h && row < end; row++)
                copy(to->every_h + (row * size->timesteps + t) * units, h + row * size->read, units);
            now = next;
            next = to->gates ? now + 1 : 1 - now;
        }
        for (ptrdiff_t row = first; row < end; row++) {
            float *reads = to->reads + (now * batch + row) * size->read;
            copy(to->h + row * units, reads + features + 1, units);
            clear(reads, features + 1); /* no step reads after the last one */
        }
    }
}

/* Backward ------------------------------------------------------------------------------------------------ */

/* Arrays of one step, from the row of the first window that is at work. `owed` is what its state is owed past
 * the products of the step after it, whose by_z is in next_by_z, or nowhere after the last step. */
typedef struct {
    const float *next_by_z, *gates, *reads, *by_every_h;
    float *owed, *by_z;
} StepBack;

INLINE void sum_owed(int rows, int span, const Sizes *size, const float *transposed, ptrdiff_t unit, StepBack at,
                     vec owed[ROWS][SPAN]) {
    if (at.next_by_z) multiply_back(rows, span, size, COLUMNS, RECALLED, at.next_by_z, transposed, owed);
    UNROLL for (int row = 0; row < rows; row++)
        UNROLL for (int s = 0; s < span; s++) owed[row][s] += load(at.owed + row * size->width + unit + s * LANES);
}

INLINE void backward_tile(int rows, int span, const Sizes *size, const float *transposed, ptrdiff_t unit,
                          StepBack at) {
    const ptrdiff_t width = size->width;
    vec owed[ROWS][SPAN] = {{{0}}};
    sum_owed(rows, span, size, transposed, unit, at, owed);
    UNROLL for (int row = 0; row < rows; row++) {
        UNROLL for (int s = 0; s < span; s++) {
            const ptrdiff_t column = unit + s * LANES;
            vec by_h = owed[row][s];
            if (at.by_every_h)
                by_h += load_part(at.by_every_h + row * size->timesteps * size->units + column,
                                  size->units - column);
            const float *gates = at.gates + row * SLOTS * width + column;
            vec z = load(gates), r = load(gates + width), g = load(gates + CANDIDATE * width);
            vec recalled = load(gates + RECALLED * width);
            vec h = load(at.reads + row * size->read + size->features + 1 + column);
            vec by_g = by_h * (1.0f - z) * (1.0f - g * g);
            store(at.owed + row * width + column, by_h * z);
            float *by_z = at.by_z + row * SLOTS * width + column;
            store(by_z, by_h * (h - g) * (z * (1.0f - z)));
            store(by_z + width, by_g * recalled * (r * (1.0f - r)));
            store(by_z + CANDIDATE * width, by_g);
            store(by_z + RECALLED * width, by_g * r);
        }
    }
}

/* Before the first step there is nothing but the state that it read. */
INLINE void start_tile(int rows, int span, const Sizes *size, const float *transposed, ptrdiff_t unit, StepBack at) {
    vec owed[ROWS][SPAN] = {{{0}}};
    sum_owed(rows, span, size, transposed, unit, at, owed);
    UNROLL for (int row = 0; row < rows; row++)
        UNROLL for (int s = 0; s < span; s++) store(at.owed + row * size->width + unit + s * LANES, owed[row][s]);
}

void NAME(gru_backward)(const Sizes *size, const float *recurrent_kernel, const GruBackward *to, float *scratch) {
    const ptrdiff_t width = size->width, batch = size->batch, units = size->units, timesteps = size->timesteps;
    const ptrdiff_t features = size->features;
    float *transposed = scratch, *by_inputs = transposed + COLUMNS * units * width;
    float *by_states = by_inputs + COLUMNS * (features + 1) * width;
    float *owed = by_states + COLUMNS * (units + 1) * width;
    pack_transposed(units, COLUMNS * units, recurrent_kernel, transposed);
    clear(by_inputs, COLUMNS * (size->depth + 1) * width);
    for (ptrdiff_t first = 0; first < batch; first += BLOCK) {
        const ptrdiff_t end = least(first + BLOCK, batch), together = steps_together(end - first, batch);
        clear(owed, BLOCK * width);
        for (ptrdiff_t row = first; row < end; row++)
            copy(owed + (row - first) * width, to->by_h + row * units, units);
        for (ptrdiff_t t = timesteps - 1; t >= -1; t--) {
            const float *right = transposed;
            for (ptrdiff_t unit = 0, span; unit < width;
                 right += COLUMNS * units * span * LANES, unit += span * LANES) {
                span = tile_span(width, unit);
                for (ptrdiff_t row = first, rows; row < end; row += rows) {
                    rows = even_share(end - row, ROWS);
                    const ptrdiff_t here = t * batch + row, there = here + batch;
                    StepBack at = {.owed = owed + (row - first) * width};
                    if (t + 1 < timesteps) at.next_by_z = to->by_z + there * SLOTS * width;
                    if (t < 0) {
                        WITH_ROWS_AND_SPAN(rows, span, start_tile, size, right, unit, at)
                        continue;
                    }
                    at.gates = to->gates + here * SLOTS * width;
                    at.by_z = to->by_z + here * SLOTS * width;
                    at.reads = to->reads + here * size->read;
                    if (to->by_every_h) at.by_every_h = to->by_every_h + (row * timesteps + t) * units;
                    WITH_ROWS_AND_SPAN(rows, span, backward_tile, size, right, unit, at)
                }
            }
            if (t >= 0 && t % together == 0) {
                const ptrdiff_t from = t * batch + first, many = least(together, timesteps - t) * (end - first);
                const float *reads = to->reads + from * size->read, *by_z = to->by_z + from * SLOTS * width;
                add_gradient(size, features + 1, COLUMNS, CANDIDATE, many, reads, by_z, by_inputs);
                add_gradient(size, units + 1, COLUMNS, RECALLED, many, reads + features, by_z, by_states);
            }
        }
        for (ptrdiff_t row = first; row < end; row++)
            copy(to->by_h0 + row * units, owed + (row - first) * width, units);
    }
    unpack_rows(size, COLUMNS, features + 1, by_inputs, features, to->by_kernel);
    unpack_rows(size, COLUMNS, features + 1, by_inputs + features * COLUMNS * LANES, 1, to->by_bias);
    unpack_rows(size, COLUMNS, units + 1, by_states, 1, to->by_bias + COLUMNS * units);
    unpack_rows(size, COLUMNS, units + 1, by_states + COLUMNS * LANES, units, to->by_recurrent_kernel);
}
