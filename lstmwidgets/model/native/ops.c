/* The walks as TensorFlow operations.
 *
 *   LstmwidgetsForward      x, h0, c0, kernel, recurrent_kernel, bias
 *                           -> every_h, h, c, reads, cells, gates
 *   LstmwidgetsBackward     recurrent_kernel, reads, cells, gates, by_every_h, by_h, by_c
 *                           -> by_z, by_h0, by_c0, by_kernel, by_recurrent_kernel, by_bias
 *   LstmwidgetsGruForward   x, h0, kernel, recurrent_kernel, bias
 *                           -> every_h, h, reads, gates
 *   LstmwidgetsGruBackward  recurrent_kernel, reads, gates, by_every_h, by_h
 *                           -> by_z, by_h0, by_kernel, by_recurrent_kernel, by_bias
 *   LstmwidgetsByInputs     kernel, by_z -> by_x, for a cell of so many `units`
 *
 * walk.h gives the shapes. Of a forward operation's outputs, every_h holds no steps unless `every`, and those
 * that follow the last states none unless `keep`; a by_every_h of no steps says that only the last states count.
 */

#include "tensorflow.h"
#include "walk.h"

typedef struct {
    unsigned char keep, every;
} Wanted;

static void *create_forward(TF_OpKernelConstruction *construction) {
    TF_Status *status = TF_NewStatus();
    Wanted *wanted = calloc(1, sizeof(Wanted));
    if (wanted) {
        TF_OpKernelConstruction_GetAttrBool(construction, "keep", &wanted->keep, status);
        TF_OpKernelConstruction_GetAttrBool(construction, "every", &wanted->every, status);
    }
    TF_DeleteStatus(status);
    return wanted;
}

static void forget(void *wanted) { free(wanted); }

/* What the walk back goes over: the gates, and the reads they came of. */
static Sizes sizes_of_walk(Call *call, int recurrent_kernel, int reads, int gates) {
    int64_t weights[2] = {0}, read[3] = {0}, kept[4] = {0};
    const bool known = dimensions(call, recurrent_kernel, 2, weights) && dimensions(call, reads, 3, read) &&
                       dimensions(call, gates, 4, kept);
    const int64_t features = known ? read[2] - 1 - kept[3] : 0;
    const Sizes size = walk_sizes(kept[0], read[1], features, weights[0]);
    if (known && (kept[1] != size.batch || kept[2] != SLOTS || kept[3] != size.width || features < 0))
        fail(call, TF_INVALID_ARGUMENT, "the gates of the %s do not fit what it read");
    return size;
}

/* What every state is owed, or NULL where it has no steps. */
static const float *owed_every_step(Call *call, int number, const Sizes *size) {
    int64_t every[3] = {0};
    if (!dimensions(call, number, 3, every) || !every[1]) return NULL;
    return input(call, number, SHAPE(size->batch, size->timesteps, size->units));
}

/* LSTM ---------------------------------------------------------------------------------------------------- */

static void compute_lstm_forward(void *state, TF_OpKernelContext *context) {
    const Wanted *wanted = state;
    Call call = begin(context, "LSTM");
    int64_t x[3] = {0}, h0[2] = {0};
    bool known = dimensions(&call, 0, 3, x) && dimensions(&call, 1, 2, h0);
    const int64_t batch = x[0], units = h0[1], kept = known && wanted->keep ? x[1] : 0;
    const Sizes size = walk_sizes(x[1], batch, x[2], units);
    const LstmWeights weights = {
        .kernel = input(&call, 3, SHAPE(size.features, 4 * units)),
        .recurrent_kernel = input(&call, 4, SHAPE(units, 4 * units)),
        .bias = input(&call, 5, SHAPE(4 * units)),
    };
    LstmForward to = {
        .x = input(&call, 0, SHAPE(batch, size.timesteps, size.features)),
        .h0 = input(&call, 1, SHAPE(batch, units)),
        .c0 = input(&call, 2, SHAPE(batch, units)),
        .every_h = output(&call, 0, SHAPE(batch, wanted->every ? size.timesteps : 0, units)),
        .h = output(&call, 1, SHAPE(batch, units)),
        .c = output(&call, 2, SHAPE(batch, units)),
        .reads = output(&call, 3, SHAPE(wanted->keep ? kept + 1 : 0, batch, size.read)),
        .cells = output(&call, 4, SHAPE(wanted->keep ? kept + 1 : 0, batch, size.width)),
        .gates = output(&call, 5, SHAPE(kept, batch, SLOTS, size.width)),
    };
    const size_t two_steps = wanted->keep ? 0 : (size_t)(2 * batch * (size.read + size.width));
    float *memory = scratch(&call, lstm_scratch(&size) + two_steps);
    if (is_well(&call)) {
        if (!wanted->every) to.every_h = NULL;
        if (!wanted->keep) {
            to.reads = memory + lstm_scratch(&size);
            to.cells = to.reads + 2 * batch * size.read;
            to.gates = NULL;
        }
        walks.lstm_forward(&size, &weights, &to, memory);
    }
    free(memory);
    finish(&call);
}

static void compute_lstm_backward(void *state, TF_OpKernelContext *context) {
    (void)state;
    Call call = begin(context, "LSTM");
    const Sizes size = sizes_of_walk(&call, 0, 1, 3);
    const int64_t batch = size.batch, units = size.units;
    const float *recurrent_kernel = input(&call, 0, SHAPE(units, 4 * units));
    LstmBackward to = {
        .reads = input(&call, 1, SHAPE(size.timesteps + 1, batch, size.read)),
        .cells = input(&call, 2, SHAPE(size.timesteps + 1, batch, size.width)),
        .by_every_h = owed_every_step(&call, 4, &size),
        .by_h = input(&call, 5, SHAPE(batch, units)),
        .by_c = input(&call, 6, SHAPE(batch, units)),
        .by_h0 = output(&call, 1, SHAPE(batch, units)),
        .by_c0 = output(&call, 2, SHAPE(batch, units)),
        .by_kernel = output(&call, 3, SHAPE(size.features, 4 * units)),
        .by_recurrent_kernel = output(&call, 4, SHAPE(units, 4 * units)),
        .by_bias = output(&call, 5, SHAPE(4 * units)),
    };
    to.by_z = output_in_place(&call, 3, SHAPE(size.timesteps, batch, SLOTS, size.width), &to.gates);
    float *memory = scratch(&call, lstm_scratch(&size));
    if (is_well(&call)) walks.lstm_backward(&size, recurrent_kernel, &to, memory);
    free(memory);
    finish(&call);
}

/* GRU ----------------------------------------------------------------------------------------------------- */

static void compute_gru_forward(void *state, TF_OpKernelContext *context) {
    const Wanted *wanted = state;
    Call call = begin(context, "GRU");
    int64_t x[3] = {0}, h0[2] = {0};
    bool known = dimensions(&call, 0, 3, x) && dimensions(&call, 1, 2, h0);
    const int64_t batch = x[0], units = h0[1], kept = known && wanted->keep ? x[1] : 0;
    const Sizes size = walk_sizes(x[1], batch, x[2], units);
    const GruWeights weights = {
        .kernel = input(&call, 2, SHAPE(size.features, 3 * units)),
        .recurrent_kernel = input(&call, 3, SHAPE(units, 3 * units)),
        .bias = input(&call, 4, SHAPE(2, 3 * units)),
    };
    GruForward to = {
        .x = input(&call, 0, SHAPE(batch, size.timesteps, size.features)),
        .h0 = input(&call, 1, SHAPE(batch, units)),
        .every_h = output(&call, 0, SHAPE(batch, wanted->every ? size.timesteps : 0, units)),
        .h = output(&call, 1, SHAPE(batch, units)),
        .reads = output(&call, 2, SHAPE(wanted->keep ? kept + 1 : 0, batch, size.read)),
        .gates = output(&call, 3, SHAPE(kept, batch, SLOTS, size.width)),
    };
    const size_t two_steps = wanted->keep ? 0 : (size_t)(2 * batch * size.read);
    float *memory = scratch(&call, gru_scratch(&size) + two_steps);
    if (is_well(&call)) {
        if (!wanted->every) to.every_h = NULL;
        if (!wanted->keep) {
            to.reads = memory + gru_scratch(&size);
            to.gates = NULL;
        }
        walks.gru_forward(&size, &weights, &to, memory);
    }
    free(memory);
    finish(&call);
}

static void compute_gru_backward(void *state, TF_OpKernelContext *context) {
    (void)state;
    Call call = begin(context, "GRU");
    const Sizes size = sizes_of_walk(&call, 0, 1, 2);
    const int64_t batch = size.batch, units = size.units;
    const float *recurrent_kernel = input(&call, 0, SHAPE(units, 3 * units));
    GruBackward to = {
        .reads = input(&call, 1, SHAPE(size.timesteps + 1, batch, size.read)),
        .by_every_h = owed_every_step(&call, 3, &size),
        .by_h = input(&call, 4, SHAPE(batch, units)),
        .by_h0 = output(&call, 1, SHAPE(batch, units)),
        .by_kernel = output(&call, 2, SHAPE(size.features, 3 * units)),
        .by_recurrent_kernel = output(&call, 3, SHAPE(units, 3 * units)),
        .by_bias = output(&call, 4, SHAPE(2, 3 * units)),
    };
    to.by_z = output_in_place(&call, 2, SHAPE(size.timesteps, batch, SLOTS, size.width), &to.gates);
    float *memory = scratch(&call, gru_scratch(&size));
    if (is_well(&call)) walks.gru_backward(&size, recurrent_kernel, &to, memory);
    free(memory);
    finish(&call);
}

/* Either ------------------------------------------------------------------------------------------------- */

static void *create_by_inputs(TF_OpKernelConstruction *construction) {
    TF_Status *status = TF_NewStatus();
    int64_t *units = calloc(1, sizeof(int64_t));
    if (units) TF_OpKernelConstruction_GetAttrInt64(construction, "units", units, status);
    TF_DeleteStatus(status);
    return units;
}

static void compute_by_inputs(void *state, TF_OpKernelContext *context) {
    const int64_t units = *(int64_t *)state;
    Call call = begin(context, "LSTM or GRU");
    int64_t kernel[2] = {0}, by_z[4] = {0};
    const bool known = dimensions(&call, 0, 2, kernel) && dimensions(&call, 1, 4, by_z);
    const Sizes size = walk_sizes(by_z[0], by_z[1], kernel[0], units);
    const int gates = known && units > 0 && kernel[1] <= SLOTS * units ? (int)(kernel[1] / units) : 0;
    const float *weights = input(&call, 0, SHAPE(size.features, gates * units));
    const float *owed = input(&call, 1, SHAPE(size.timesteps, size.batch, SLOTS, size.width));
    float *by_x = output(&call, 0, SHAPE(size.batch, size.timesteps, size.features));
    float *memory = scratch(&call, inputs_scratch(&size, gates));
    if (is_well(&call)) walks.inputs(&size, gates, weights, owed, by_x, memory);
    free(memory);
    finish(&call);
}

/* Registration -------------------------------------------------------------------------------------------- */

static void register_forward(const char *name, Names inputs, Names outputs,
                             void (*compute)(void *, TF_OpKernelContext *)) {
    registered(described(name, NAMES("keep: bool", "every: bool"), inputs, outputs), name,
               TF_NewKernelBuilder(name, "CPU", create_forward, compute, forget));
}

static void register_backward(const char *name, Names inputs, Names outputs,
                              void (*compute)(void *, TF_OpKernelContext *)) {
    registered(described(name, (Names){NULL}, inputs, outputs), name,
               TF_NewKernelBuilder(name, "CPU", NULL, compute, NULL));
}

__attribute__((constructor)) static void register_operations(void) {
    register_forward("LstmwidgetsForward",
                     NAMES("x: float", "h0: float", "c0: float", "kernel: float", "recurrent_kernel: float",
                           "bias: float"),
                     NAMES("every_h: float", "h: float", "c: float", "reads: float", "cells: float", "gates: float"),
                     compute_lstm_forward);
    register_backward("LstmwidgetsBackward",
                      NAMES("recurrent_kernel: float", "reads: float", "cells: float", "gates: float",
                            "by_every_h: float", "by_h: float", "by_c: float"),
                      NAMES("by_z: float", "by_h0: float", "by_c0: float", "by_kernel: float",
                            "by_recurrent_kernel: float", "by_bias: float"),
                      compute_lstm_backward);
    register_forward("LstmwidgetsGruForward",
                     NAMES("x: float", "h0: float", "kernel: float", "recurrent_kernel: float", "bias: float"),
                     NAMES("every_h: float", "h: float", "reads: float", "gates: float"), compute_gru_forward);
    register_backward("LstmwidgetsGruBackward",
                      NAMES("recurrent_kernel: float", "reads: float", "gates: float", "by_every_h: float",
                            "by_h: float"),
                      NAMES("by_z: float", "by_h0: float", "by_kernel: float", "by_recurrent_kernel: float",
                            "by_bias: float"),
                      compute_gru_backward);
    registered(described("LstmwidgetsByInputs", NAMES("units: int"), NAMES("kernel: float", "by_z: float"),
                         NAMES("by_x: float")),
               "LstmwidgetsByInputs",
               TF_NewKernelBuilder("LstmwidgetsByInputs", "CPU", create_by_inputs, compute_by_inputs, forget));
}
