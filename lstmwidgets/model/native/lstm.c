/* The LSTM's walk through time, written once and compiled for each instruction set.
 *
 * A step is one product: what the step reads, times the weights of all four gates. It is computed in tiles of
 * a few windows and one vector of units, whose four gates then lie in registers, and the activations and
 * states are taken right there. So it goes back: one product with the recurrent kernel transposed, and the
 * local derivatives on its tiles. What the weights are owed is one more product, of a few steps at a time.
 * The formulas are those of Hochreiter & Schmidhuber (1997) with the forget gate of Gers et al. (2000).
 */

#include "tiles.h"

enum { COLUMNS = 4 }; /* of the weights, and slots that are owed: i, f, g and o, packed as Keras packs them */

/* Forward ------------------------------------------------------------------------------------------------- */

/* Arrays of one step, from the row of the first window that is at work. */
typedef struct {
    const float *reads, *cells;
    float *next_reads, *next_cells, *gates;
} Step;

INLINE void forward_tile(int rows, const Sizes *size, const float *weights, ptrdiff_t unit, Step at) {
    vec z[ROWS][SPAN] = {{{0}}};
    multiply(rows, SPAN, size->depth, at.reads, size->read, weights, z);
    /* In two rounds: what waits for c would otherwise hold up the rows after it. */
    UNROLL for (int row = 0; row < rows; row++) {
        vec i = sigmoid(z[row][0]), f = sigmoid(z[row][1]);
        vec g = hyperbolic_tangent(z[row][2]), o = sigmoid(z[row][3]);
        vec c = f * load(at.cells + row * size->width + unit) + i * g;
        store(at.next_cells + row * size->width + unit, c);
        if (at.gates) {
            float *gates = at.gates + row * SLOTS * size->width + unit;
            store(gates, i);
            store(gates + size->width, f);
            store(gates + 2 * size->width, g);
            store(gates + 3 * size->width, o);
        }
        z[row][0] = c;
        z[row][1] = o;
    }
    UNROLL for (int row = 0; row < rows; row++)
        store(at.next_reads + row * size->read + size->features + 1 + unit,
              z[row][1] * hyperbolic_tangent(z[row][0]));
}

void NAME(lstm_forward)(const Sizes *size, const LstmWeights *weights, const LstmForward *to, float *scratch) {
    const ptrdiff_t state = size->features + 1, depth = size->depth, batch = size->batch, units = size->units;
    pack_rows(size, COLUMNS, depth, weights->kernel, size->features, scratch);
    pack_rows(size, COLUMNS, depth, weights->bias, 1, scratch + size->features * COLUMNS * LANES);
    pack_rows(size, COLUMNS, depth, weights->recurrent_kernel, units, scratch + state * COLUMNS * LANES);
    for (ptrdiff_t first = 0; first < batch; first += BLOCK) {
        const ptrdiff_t end = least(first + BLOCK, batch);
        begin_reads(size, first, end, to->h0, to->reads);
        clear(to->cells + first * size->width, (end - first) * size->width);
        for (ptrdiff_t row = first; row < end; row++)
            copy(to->cells + row * size->width, to->c0 + row * units, units);
        ptrdiff_t now = 0, next = 1;
        for (ptrdiff_t t = 0; t < size->timesteps; t++) {
            read_inputs(size, first, end, t, to->x, to->reads + now * batch * size->read);
            for (ptrdiff_t unit = 0; unit < size->width; unit += LANES)
                for (ptrdiff_t row = first, rows; row < end; row += rows) {
                    rows = even_share(end - row, ROWS);
                    const ptrdiff_t here = now * batch + row, there = next * batch + row;
                    const Step at = {to->reads + here * size->read, to->cells + here * size->width,
                                     to->reads + there * size->read, to->cells + there * size->width,
                                     to->gates ? to->gates + here * SLOTS * size->width : NULL};
                    WITH_ROWS(rows, forward_tile, size, scratch + unit * depth * COLUMNS, unit, at)
                }
            for (ptrdiff_t row = first; to->every_h && row < end; row++)
                copy(to->every_h + (row * size->timesteps + t) * units,
                     to->reads + (next * batch + row) * size->read + state, units);
            now = next;
            next = to->gates ? now + 1 : 1 - now;
        }
        for (ptrdiff_t row = first; row < end; row++) {
            float *reads = to->reads + (now * batch + row) * size->read;
            copy(to->h + row * units, reads + state, units);
            copy(to->c + row * units, to->cells + (now * batch + row) * size->width, units);
            clear(reads, state); /* no step reads after the last one */
        }
    }
}

/* Backward ------------------------------------------------------------------------------------------------ */

/* Arrays of one step, from the row of the first window that is at work. What the step after it owes through
 * h is in next_by_z, or, after the last step, where there is none, in owed_h. */
typedef struct {
    const float *next_by_z, *gates, *cells, *next_cells, *by_every_h;
    float *owed_h, *owed_c, *by_z;
} StepBack;

INLINE void sum_owed(int rows, int span, const Sizes *size, const float *transposed, ptrdiff_t unit, StepBack at,
                     vec owed[ROWS][SPAN]) {
    if (at.next_by_z)
        multiply_back(rows, span, size, COLUMNS, COLUMNS - 1, at.next_by_z, transposed, owed);
    else
        UNROLL for (int row = 0; row < rows; row++)
            UNROLL for (int s = 0; s < span; s++)
                owed[row][s] = load(at.owed_h + row * size->width + unit + s * LANES);
}

INLINE void backward_tile(int rows, int span, const Sizes *size, const float *transposed, ptrdiff_t unit,
                          StepBack at) {
    const ptrdiff_t width = size->width;
    vec owed[ROWS][SPAN] = {{{0}}};
    sum_owed(rows, span, size, transposed, unit, at, owed);
    UNROLL for (int row = 0; row < rows; row++) {
        UNROLL for (int s = 0; s < span; s++) {
            const ptrdiff_t column = unit + s * LANES, place = row * width + column;
            vec by_h = owed[row][s];
            if (at.by_every_h)
                by_h += load_part(at.by_every_h + row * size->timesteps * size->units + column,
                                  size->units - column);
            const float *gates = at.gates + row * SLOTS * width + column;
            vec i = load(gates), f = load(gates + width), g = load(gates + 2 * width), o = load(gates + 3 * width);
            vec tanh_c = hyperbolic_tangent(load(at.next_cells + place));
            vec by_c = load(at.owed_c + place) + by_h * o * (1.0f - tanh_c * tanh_c);
            store(at.owed_c + place, by_c * f);
            float *by_z = at.by_z + row * SLOTS * width + column;
            store(by_z, by_c * g * (i * (1.0f - i)));
            store(by_z + width, by_c * load(at.cells + place) * (f * (1.0f - f)));
            store(by_z + 2 * width, by_c * i * (1.0f - g * g));
            store(by_z + 3 * width, by_h * tanh_c * (o * (1.0f - o)));
        }
    }
}

/* Before the first step there is nothing but the state that it read. */
INLINE void start_tile(int rows, int span, const Sizes *size, const float *transposed, ptrdiff_t unit, StepBack at) {
    vec owed[ROWS][SPAN] = {{{0}}};
    sum_owed(rows, span, size, transposed, unit, at, owed);
    UNROLL for (int row = 0; row < rows; row++)
        UNROLL for (int s = 0; s < span; s++) store(at.owed_h + row * size->width + unit + s * LANES, owed[row][s]);
}

void NAME(lstm_backward)(const Sizes *size, const float *recurrent_kernel, const LstmBackward *to, float *scratch) {
    const ptrdiff_t width = size->width, batch = size->batch, units = size->units, timesteps = size->timesteps;
    float *transposed = scratch, *sums = transposed + COLUMNS * units * width;
    float *owed_h = sums + COLUMNS * size->depth * width, *owed_c = owed_h + BLOCK * width;
    pack_transposed(units, COLUMNS * units, recurrent_kernel, transposed);
    clear(sums, COLUMNS * size->depth * width);
    for (ptrdiff_t first = 0; first < batch; first += BLOCK) {
        const ptrdiff_t end = least(first + BLOCK, batch), together = steps_together(end - first, batch);
        clear(owed_h, 2 * BLOCK * width);
        for (ptrdiff_t row = first; row < end; row++) {
            copy(owed_h + (row - first) * width, to->by_h + row * units, units);
            copy(owed_c + (row - first) * width, to->by_c + row * units, units);
        }
        for (ptrdiff_t t = timesteps - 1; t >= -1; t--) {
            const float *right = transposed;
            for (ptrdiff_t unit = 0, span; unit < width;
                 right += COLUMNS * units * span * LANES, unit += span * LANES) {
                span = tile_span(width, unit);
                for (ptrdiff_t row = first, rows; row < end; row += rows) {
                    rows = even_share(end - row, ROWS);
                    const ptrdiff_t here = t * batch + row, there = here + batch;
                    StepBack at = {.owed_h = owed_h + (row - first) * width, .owed_c = owed_c + (row - first) * width};
                    if (t + 1 < timesteps) at.next_by_z = to->by_z + there * SLOTS * width;
                    if (t < 0) {
                        WITH_ROWS_AND_SPAN(rows, span, start_tile, size, right, unit, at)
                        continue;
                    }
                    at.gates = to->gates + here * SLOTS * width;
                    at.by_z = to->by_z + here * SLOTS * width;
                    at.cells = to->cells + here * width;
                    at.next_cells = to->cells + there * width;
                    if (to->by_every_h) at.by_every_h = to->by_every_h + (row * timesteps + t) * units;
                    WITH_ROWS_AND_SPAN(rows, span, backward_tile, size, right, unit, at)
                }
            }
            if (t >= 0 && t % together == 0) {
                const ptrdiff_t from = t * batch + first, steps = least(together, timesteps - t);
                add_gradient(size, size->depth, COLUMNS, COLUMNS - 1, steps * (end - first),
                             to->reads + from * size->read, to->by_z + from * SLOTS * width, sums);
            }
        }
        for (ptrdiff_t row = first; row < end; row++) {
            copy(to->by_h0 + row * units, owed_h + (row - first) * width, units);
            copy(to->by_c0 + row * units, owed_c + (row - first) * width, units);
        }
    }
    unpack_rows(size, COLUMNS, size->depth, sums, size->features, to->by_kernel);
    unpack_rows(size, COLUMNS, size->depth, sums + size->features * COLUMNS * LANES, 1, to->by_bias);
    unpack_rows(size, COLUMNS, size->depth, sums + (size->features + 1) * COLUMNS * LANES, units,
                to->by_recurrent_kernel);
}
