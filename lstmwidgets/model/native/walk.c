/* The walk through time, written once and compiled for each instruction set.
 *
 * A step is one product: what the step reads, times the weights of all four gates. It is computed in tiles of
 * a few windows and one vector of units, whose four gates then lie in registers, and the activations and
 * states are taken right there. So it goes back: one product with the recurrent kernel transposed, and the
 * local derivatives on its tiles. What the weights are owed is one more product, of a few steps at a time.
 * The formulas are those of Hochreiter & Schmidhuber (1997) with the forget gate of Gers et al. (2000).
 */

#include "walk.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#if defined(__AVX512VL__) /* 32 registers */
#define LANES 8
#define ROWS 6
#elif defined(__AVX2__) /* 16 registers */
#define LANES 8
#define ROWS 3
#elif defined(__aarch64__) /* 32 registers */
#define LANES 4
#define ROWS 6
#else
#define LANES 4
#define ROWS 3
#endif

enum {
    SPAN = 4,   /* vectors side by side in a tile: the four gates, or up to four vectors of units */
    CHUNK = 64, /* rows added to the weights' gradient at a time, while they are in the cache */
};

#define JOIN_(name, instructions) name##_##instructions
#define JOIN(name, instructions) JOIN_(name, instructions)
#define NAME(name) JOIN(name, INSTRUCTIONS)
#define INLINE static inline __attribute__((always_inline))
#ifdef __clang__
#define UNROLL _Pragma("clang loop unroll(full)")
#else
#define UNROLL _Pragma("GCC unroll 8")
#endif

/* Vectors ------------------------------------------------------------------------------------------------- */

typedef float vec __attribute__((vector_size(4 * LANES)));
typedef int32_t ints __attribute__((vector_size(4 * LANES)));
typedef float loose __attribute__((vector_size(4 * LANES), aligned(4), may_alias));

INLINE vec load(const float *from) { return *(const loose *)from; }
INLINE void store(float *to, vec value) { *(loose *)to = value; }
INLINE vec select(ints where, vec yes, vec no) { return (vec)((where & (ints)yes) | (~where & (ints)no)); }
INLINE ptrdiff_t least(ptrdiff_t a, ptrdiff_t b) { return a < b ? a : b; }
INLINE void copy(float *to, const float *from, ptrdiff_t count) { memcpy(to, from, sizeof(float) * (size_t)count); }
INLINE void clear(float *to, ptrdiff_t count) { memset(to, 0, sizeof(float) * (size_t)count); }

/* The numbers of a vector of which `left` are real, and zeros; and the way back. More than a vector's may be
 * left, or none. */
INLINE vec load_part(const float *from, ptrdiff_t left) {
    if (left >= LANES) return load(from);
    vec value = {0};
    if (left > 0) memcpy(&value, from, sizeof(float) * (size_t)left);
    return value;
}

INLINE void store_part(float *to, vec value, ptrdiff_t left) {
    if (left >= LANES) store(to, value);
    else if (left > 0) memcpy(to, &value, sizeof(float) * (size_t)left);
}

/* exp(x) - 1 to a few units in the last place, near 0 too: x = n ln 2 + r, and a polynomial in r fitted to the
 * least relative error on |r| <= ln 2 / 2, which is 2.4e-10. Beyond ±87 it stays where it is there. */
INLINE vec exp_less_1(vec x) {
    const vec low = (vec){0} - 87.0f, high = (vec){0} + 87.0f;
    const float no_fraction = 12582912.0f; /* 1.5 * 2^23: what is added to it loses its digits after the point */
    x = select(x < low, low, x);
    x = select(x > high, high, x);
    vec n = (x * 1.44269504f + no_fraction) - no_fraction;
    vec r = x - n * 0.693145752f; /* ln 2 in two parts, the first with zeros at its end */
    r = r - n * 1.42860677e-6f;
    vec p = r * 1.98458780e-4f + 1.39406277e-3f;
    p = p * r + 8.33338965e-3f;
    p = p * r + 4.16663624e-2f;
    p = p * r + 1.66666657e-1f;
    p = p * r + 0.5f;
    p = p * (r * r) + r;
    vec power = (vec)((__builtin_convertvector(n, ints) + 127) << 23); /* 2^n */
    return power * p + (power - 1.0f);
}

INLINE vec sigmoid(vec x) { return 1.0f / (exp_less_1(-x) + 2.0f); }

INLINE vec hyperbolic_tangent(vec x) {
    vec e = exp_less_1(2.0f * x);
    return e / (e + 2.0f);
}

/* Tiles --------------------------------------------------------------------------------------------------- */

/* How many of the rows left the next tile takes, so that all are about as tall; and so for the vectors. */
INLINE ptrdiff_t even_share(ptrdiff_t left, ptrdiff_t most) {
    ptrdiff_t tiles = (left + most - 1) / most;
    return (left + tiles - 1) / tiles;
}

INLINE ptrdiff_t tile_span(const Sizes *size, ptrdiff_t unit) { return even_share((size->width - unit) / LANES, SPAN); }

/* Calls a tile with a constant number of rows, so that the compiler can keep its sums in registers. */
#if ROWS == 6
#define WITH_ROWS(rows, tile, ...)          \
    switch (rows) {                         \
        case 1: tile(1, __VA_ARGS__); break; \
        case 2: tile(2, __VA_ARGS__); break; \
        case 3: tile(3, __VA_ARGS__); break; \
        case 4: tile(4, __VA_ARGS__); break; \
        case 5: tile(5, __VA_ARGS__); break; \
        case 6: tile(6, __VA_ARGS__); break; \
    }
#else
#define WITH_ROWS(rows, tile, ...)          \
    switch (rows) {                         \
        case 1: tile(1, __VA_ARGS__); break; \
        case 2: tile(2, __VA_ARGS__); break; \
        case 3: tile(3, __VA_ARGS__); break; \
    }
#endif

/* sums[row][s] += the product of a row on the left, (rows, depth), and a column on the right, (depth, span). */
INLINE void multiply(int rows, int span, ptrdiff_t depth, const float *left, ptrdiff_t stride, const float *right,
                     vec sums[ROWS][SPAN]) {
    for (ptrdiff_t k = 0; k < depth; k++) {
        vec across[SPAN];
        UNROLL for (int s = 0; s < span; s++) across[s] = load(right + (k * span + s) * LANES);
        UNROLL for (int row = 0; row < rows; row++)
            UNROLL for (int s = 0; s < span; s++) sums[row][s] += left[row * stride + k] * across[s];
    }
}

/* Forward ------------------------------------------------------------------------------------------------- */

/* Where one row of weights stands: by what a step reads, in the order of `reads`. */
#define WEIGHT_ROW(size, k, kernel, bias, recurrent_kernel)        \
    ((k) < (size)->features    ? (kernel) + (k) * 4 * (size)->units \
     : (k) == (size)->features ? (bias)                            \
                               : (recurrent_kernel) + ((k) - (size)->features - 1) * 4 * (size)->units)

/* (width / LANES, depth, 4, LANES): for each vector of units the product's right side, one gate after another. */
static void pack_weights(const Sizes *size, const Weights *weights, float *packed) {
    for (ptrdiff_t unit = 0; unit < size->width; unit += LANES)
        for (ptrdiff_t k = 0; k < size->depth; k++) {
            const float *row = WEIGHT_ROW(size, k, weights->kernel, weights->bias, weights->recurrent_kernel);
            for (int gate = 0; gate < 4; gate++, packed += LANES)
                store(packed, load_part(row + gate * size->units + unit, size->units - unit));
        }
}

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
            float *gates = at.gates + row * 4 * size->width + unit;
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

void NAME(forward)(const Sizes *size, const Weights *weights, const Forward *to, float *scratch) {
    const ptrdiff_t state = size->features + 1, batch = size->batch, units = size->units;
    pack_weights(size, weights, scratch);
    for (ptrdiff_t first = 0; first < batch; first += BLOCK) {
        const ptrdiff_t end = least(first + BLOCK, batch);
        for (ptrdiff_t row = first; row < end; row++) {
            clear(to->reads + row * size->read, size->read);
            clear(to->cells + row * size->width, size->width);
            copy(to->reads + row * size->read + state, to->h0 + row * units, units);
            copy(to->cells + row * size->width, to->c0 + row * units, units);
        }
        ptrdiff_t now = 0, next = 1;
        for (ptrdiff_t t = 0; t < size->timesteps; t++) {
            for (ptrdiff_t row = first; row < end; row++) {
                float *reads = to->reads + (now * batch + row) * size->read;
                copy(reads, to->x + (row * size->timesteps + t) * size->features, size->features);
                reads[size->features] = 1.0f;
            }
            for (ptrdiff_t unit = 0; unit < size->width; unit += LANES)
                for (ptrdiff_t row = first, rows; row < end; row += rows) {
                    rows = even_share(end - row, ROWS);
                    const ptrdiff_t here = now * batch + row, there = next * batch + row;
                    const Step at = {to->reads + here * size->read, to->cells + here * size->width,
                                     to->reads + there * size->read, to->cells + there * size->width,
                                     to->gates ? to->gates + here * 4 * size->width : NULL};
                    WITH_ROWS(rows, forward_tile, size, scratch + unit * size->depth * 4, unit, at)
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

/* (4 units, span, LANES) for each tile's columns: the right side of the product with what z was owed. */
static void pack_transposed(const Sizes *size, const float *recurrent_kernel, float *packed) {
    for (ptrdiff_t unit = 0, span; unit < size->width; unit += span * LANES) {
        span = tile_span(size, unit);
        const ptrdiff_t columns = span * LANES;
        for (ptrdiff_t column = 0; column < columns; column++) {
            const float *row = recurrent_kernel + (unit + column) * 4 * size->units;
            const bool real = unit + column < size->units;
            for (ptrdiff_t k = 0; k < 4 * size->units; k++) packed[k * columns + column] = real ? row[k] : 0.0f;
        }
        packed += 4 * size->units * columns;
    }
}

/* Arrays of one step, from the row of the first window that is at work. What the step after it owes through
 * h is in next_by_z, or, after the last step, where there is none, in owed_h. */
typedef struct {
    const float *next_by_z, *gates, *cells, *next_cells, *by_every_h;
    float *owed_h, *owed_c, *by_z;
} StepBack;

INLINE void sum_owed(int rows, int span, const Sizes *size, const float *transposed, ptrdiff_t unit, StepBack at,
                     vec owed[ROWS][SPAN]) {
    if (at.next_by_z)
        for (int gate = 0; gate < 4; gate++)
            multiply(rows, span, size->units, at.next_by_z + gate * size->width, 4 * size->width,
                     transposed + gate * size->units * span * LANES, owed);
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
            const float *gates = at.gates + row * 4 * width + column;
            vec i = load(gates), f = load(gates + width), g = load(gates + 2 * width), o = load(gates + 3 * width);
            vec tanh_c = hyperbolic_tangent(load(at.next_cells + place));
            vec by_c = load(at.owed_c + place) + by_h * o * (1.0f - tanh_c * tanh_c);
            store(at.owed_c + place, by_c * f);
            float *by_z = at.by_z + row * 4 * width + column;
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

#define TILE_1(rows, tile, ...) tile(rows, 1, __VA_ARGS__)
#define TILE_2(rows, tile, ...) tile(rows, 2, __VA_ARGS__)
#define TILE_3(rows, tile, ...) tile(rows, 3, __VA_ARGS__)
#define TILE_4(rows, tile, ...) tile(rows, 4, __VA_ARGS__)
#define WITH_ROWS_AND_SPAN(rows, span, ...)          \
    switch (span) {                                  \
        case 1: WITH_ROWS(rows, TILE_1, __VA_ARGS__) break; \
        case 2: WITH_ROWS(rows, TILE_2, __VA_ARGS__) break; \
        case 3: WITH_ROWS(rows, TILE_3, __VA_ARGS__) break; \
        case 4: WITH_ROWS(rows, TILE_4, __VA_ARGS__) break; \
    }

/* A few rows of the weights' gradient for one vector of units: `many` windows' reads, transposed, times by_z. */
INLINE void gradient_tile(int rows, const Sizes *size, ptrdiff_t many, const float *reads, const float *by_z,
                          float *sums) {
    vec sum[ROWS][SPAN];
    UNROLL for (int row = 0; row < rows; row++)
        UNROLL for (int gate = 0; gate < 4; gate++) sum[row][gate] = load(sums + (row * 4 + gate) * LANES);
    for (ptrdiff_t m = 0; m < many; m++) {
        vec by[SPAN];
        UNROLL for (int gate = 0; gate < 4; gate++) by[gate] = load(by_z + (m * 4 + gate) * size->width);
        UNROLL for (int row = 0; row < rows; row++)
            UNROLL for (int gate = 0; gate < 4; gate++) sum[row][gate] += reads[m * size->read + row] * by[gate];
    }
    UNROLL for (int row = 0; row < rows; row++)
        UNROLL for (int gate = 0; gate < 4; gate++) store(sums + (row * 4 + gate) * LANES, sum[row][gate]);
}

/* Adds to `sums`, laid out as the packed weights, what `many` rows that lie side by side give. */
static void add_gradient(const Sizes *size, ptrdiff_t many, const float *reads, const float *by_z, float *sums) {
    for (ptrdiff_t unit = 0; unit < size->width; unit += LANES)
        for (ptrdiff_t row = 0, rows; row < size->depth; row += rows) {
            rows = even_share(size->depth - row, ROWS);
            WITH_ROWS(rows, gradient_tile, size, many, reads + row, by_z + unit,
                      sums + (unit * size->depth + row * LANES) * 4)
        }
}

static void unpack_gradient(const Sizes *size, const float *sums, const Backward *to) {
    for (ptrdiff_t unit = 0; unit < size->width; unit += LANES)
        for (ptrdiff_t k = 0; k < size->depth; k++) {
            float *row = WEIGHT_ROW(size, k, to->by_kernel, to->by_bias, to->by_recurrent_kernel);
            for (int gate = 0; gate < 4; gate++, sums += LANES)
                store_part(row + gate * size->units + unit, load(sums), size->units - unit);
        }
}

void NAME(backward)(const Sizes *size, const float *recurrent_kernel, const Backward *to, float *scratch) {
    const ptrdiff_t width = size->width, batch = size->batch, units = size->units, timesteps = size->timesteps;
    float *transposed = scratch, *sums = transposed + 4 * units * width;
    float *owed_h = sums + 4 * size->depth * width, *owed_c = owed_h + BLOCK * width;
    pack_transposed(size, recurrent_kernel, transposed);
    clear(sums, 4 * size->depth * width);
    for (ptrdiff_t first = 0; first < batch; first += BLOCK) {
        const ptrdiff_t end = least(first + BLOCK, batch);
        clear(owed_h, 2 * BLOCK * width);
        for (ptrdiff_t row = first; row < end; row++) {
            copy(owed_h + (row - first) * width, to->by_h + row * units, units);
            copy(owed_c + (row - first) * width, to->by_c + row * units, units);
        }
        /* The steps of a whole batch lie side by side, so a few go into the weights' gradient together. */
        const ptrdiff_t together = end - first < batch ? 1 : (CHUNK + batch - 1) / batch;
        for (ptrdiff_t t = timesteps - 1; t >= -1; t--) {
            const float *right = transposed;
            for (ptrdiff_t unit = 0, span; unit < width; right += 4 * units * span * LANES, unit += span * LANES) {
                span = tile_span(size, unit);
                for (ptrdiff_t row = first, rows; row < end; row += rows) {
                    rows = even_share(end - row, ROWS);
                    const ptrdiff_t here = t * batch + row, there = here + batch;
                    StepBack at = {.owed_h = owed_h + (row - first) * width, .owed_c = owed_c + (row - first) * width};
                    if (t + 1 < timesteps) at.next_by_z = to->by_z + there * 4 * width;
                    if (t < 0) {
                        WITH_ROWS_AND_SPAN(rows, span, start_tile, size, right, unit, at)
                        continue;
                    }
                    at.gates = to->gates + here * 4 * width;
                    at.by_z = to->by_z + here * 4 * width;
                    at.cells = to->cells + here * width;
                    at.next_cells = to->cells + there * width;
                    if (to->by_every_h) at.by_every_h = to->by_every_h + (row * timesteps + t) * units;
                    WITH_ROWS_AND_SPAN(rows, span, backward_tile, size, right, unit, at)
                }
            }
            if (t >= 0 && t % together == 0) {
                const ptrdiff_t from = t * batch + first, steps = least(together, timesteps - t);
                add_gradient(size, steps * (end - first), to->reads + from * size->read,
                             to->by_z + from * 4 * width, sums);
            }
        }
        for (ptrdiff_t row = first; row < end; row++) {
            copy(to->by_h0 + row * units, owed_h + (row - first) * width, units);
            copy(to->by_c0 + row * units, owed_c + (row - first) * width, units);
        }
    }
    unpack_gradient(size, sums, to);
}
