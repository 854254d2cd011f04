/* What a walk's inputs are owed, of either cell: one product over all its steps, compiled for each instruction
 * set. It is apart from the walk back, because the inputs of a network's first layer are owed nothing. */

#include "tiles.h"

INLINE void inputs_tile(int rows, int span, const Sizes *size, int gates, const float *transposed, const float *by_z,
                        float *by_x, ptrdiff_t left) {
    vec owed[ROWS][SPAN] = {{{0}}};
    multiply_back(rows, span, size, gates, gates - 1, by_z, transposed, owed);
    UNROLL for (int row = 0; row < rows; row++)
        UNROLL for (int s = 0; s < span; s++)
            store_part(by_x + row * size->timesteps * size->features + s * LANES, owed[row][s], left - s * LANES);
}

void NAME(inputs)(const Sizes *size, int gates, const float *kernel, const float *by_z, float *by_x,
                  float *scratch) {
    const ptrdiff_t features = size->features, depth = gates * size->units, width = padded(features);
    pack_transposed(features, depth, kernel, scratch);
    for (ptrdiff_t t = 0; t < size->timesteps; t++) {
        const float *right = scratch;
        for (ptrdiff_t first = 0, span; first < width; right += depth * span * LANES, first += span * LANES) {
            span = tile_span(width, first);
            for (ptrdiff_t row = 0, rows; row < size->batch; row += rows) {
                rows = even_share(size->batch - row, ROWS);
                const float *by = by_z + (t * size->batch + row) * SLOTS * size->width;
                float *to = by_x + (row * size->timesteps + t) * features + first;
                WITH_ROWS_AND_SPAN(rows, span, inputs_tile, size, gates, right, by, to, features - first)
            }
        }
    }
}
