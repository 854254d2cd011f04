/* Vectors, activations, and products in tiles: what the walks are made of, compiled for each instruction set.
 *
 * A tile is a few rows by a few vectors of columns, so that its sums stay in registers until all is added up
 * and what is made of them is made right there.
 */

#ifndef LSTMWIDGETS_TILES_H
#define LSTMWIDGETS_TILES_H

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
    SPAN = 4,   /* vectors side by side in a tile: those of a unit's gates, or up to four vectors of units */
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

INLINE ptrdiff_t tile_span(ptrdiff_t width, ptrdiff_t column) { return even_share((width - column) / LANES, SPAN); }
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

/* Weights ------------------------------------------------------------------------------------------------- */

/* Weights become a product's right side, (width / LANES, depth, columns, LANES): for each vector of units one row
 * after another, its columns side by side. These are `count` of its rows, from (count, columns, units). */
static inline void pack_rows(const Sizes *size, int columns, ptrdiff_t depth, const float *weights, ptrdiff_t count,
                             float *packed) {
    for (ptrdiff_t unit = 0; unit < size->width; unit += LANES, packed += depth * columns * LANES)
        for (ptrdiff_t place = 0; place < count * columns; place++)
            store(packed + place * LANES, load_part(weights + place * size->units + unit, size->units - unit));
}

/* The way back, for what has been summed up in that layout. */
static inline void unpack_rows(const Sizes *size, int columns, ptrdiff_t depth, const float *packed, ptrdiff_t count,
                               float *weights) {
    for (ptrdiff_t unit = 0; unit < size->width; unit += LANES, packed += depth * columns * LANES)
        for (ptrdiff_t place = 0; place < count * columns; place++)
            store_part(weights + place * size->units + unit, load(packed + place * LANES), size->units - unit);
}

/* Weights, (count, depth), as the right side of a product that goes back: (depth, span, LANES) for each tile. */
static inline void pack_transposed(ptrdiff_t count, ptrdiff_t depth, const float *weights, float *packed) {
    for (ptrdiff_t first = 0, span; first < padded(count); first += span * LANES) {
        span = tile_span(padded(count), first);
        for (ptrdiff_t across = 0; across < span * LANES; across++) {
            const float *row = weights + (first + across) * depth;
            const bool real = first + across < count;
            for (ptrdiff_t k = 0; k < depth; k++) packed[k * span * LANES + across] = real ? row[k] : 0.0f;
        }
        packed += depth * span * LANES;
    }
}

/* Of what a step's slots are owed, a product takes some columns: the first ones, but for its last, in slot `last`. */
#define SLOT(column, columns, last) ((column) + 1 < (columns) ? (column) : (last))

/* Adds to `owed` what a step's inputs or states are owed through its product: by_z times the transposed weights. */
INLINE void multiply_back(int rows, int span, const Sizes *size, int columns, int last, const float *by_z,
                          const float *transposed, vec owed[ROWS][SPAN]) {
    for (int column = 0; column < columns; column++)
        multiply(rows, span, size->units, by_z + SLOT(column, columns, last) * size->width, SLOTS * size->width,
                 transposed + column * size->units * span * LANES, owed);
}

/* A few rows of the weights' gradient for one vector of units: `many` windows' reads, transposed, times by_z. */
INLINE void gradient_tile(int rows, int columns, int last, const Sizes *size, ptrdiff_t many, const float *reads,
                          const float *by_z, float *sums) {
    vec sum[ROWS][SPAN];
    UNROLL for (int row = 0; row < rows; row++)
        UNROLL for (int column = 0; column < columns; column++)
            sum[row][column] = load(sums + (row * columns + column) * LANES);
    for (ptrdiff_t m = 0; m < many; m++) {
        vec by[SPAN];
        UNROLL for (int column = 0; column < columns; column++)
            by[column] = load(by_z + (m * SLOTS + SLOT(column, columns, last)) * size->width);
        UNROLL for (int row = 0; row < rows; row++)
            UNROLL for (int column = 0; column < columns; column++)
                sum[row][column] += reads[m * size->read + row] * by[column];
    }
    UNROLL for (int row = 0; row < rows; row++)
        UNROLL for (int column = 0; column < columns; column++)
            store(sums + (row * columns + column) * LANES, sum[row][column]);
}

/* Adds to `sums`, (width / LANES, depth, columns, LANES), what `many` rows that lie side by side give. */
INLINE void add_gradient(const Sizes *size, ptrdiff_t depth, int columns, int last, ptrdiff_t many,
                         const float *reads, const float *by_z, float *sums) {
    for (ptrdiff_t unit = 0; unit < size->width; unit += LANES)
        for (ptrdiff_t row = 0, rows; row < depth; row += rows) {
            rows = even_share(depth - row, ROWS);
            WITH_ROWS(rows, gradient_tile, columns, last, size, many, reads + row, by_z + unit,
                      sums + (unit / LANES * depth + row) * columns * LANES)
        }
}

/* How many steps go into the weights' gradient together: those of a whole batch lie side by side. */
INLINE ptrdiff_t steps_together(ptrdiff_t rows, ptrdiff_t batch) {
    return rows < batch ? 1 : (CHUNK + batch - 1) / batch;
}

/* Calls a tile with constant numbers of rows and of vectors. */
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

/* What a step reads ---------------------------------------------------------------------------------------- */

/* Windows from `first` to `end`, at work together. */
INLINE void begin_reads(const Sizes *size, ptrdiff_t first, ptrdiff_t end, const float *h0, float *reads) {
    clear(reads + first * size->read, (end - first) * size->read);
    for (ptrdiff_t row = first; row < end; row++)
        copy(reads + row * size->read + size->features + 1, h0 + row * size->units, size->units);
}

INLINE void read_inputs(const Sizes *size, ptrdiff_t first, ptrdiff_t end, ptrdiff_t t, const float *x, float *reads) {
    for (ptrdiff_t row = first; row < end; row++) {
        float *to = reads + row * size->read;
        copy(to, x + (row * size->timesteps + t) * size->features, size->features);
        to[size->features] = 1.0f;
    }
}

#endif
