/* The walk as two TensorFlow operations, through TensorFlow's C interface.
 *
 *   LstmwidgetsForward   x, h0, c0, kernel, recurrent_kernel, bias
 *                        -> every_h, h, c, reads, cells, gates
 *   LstmwidgetsBackward  recurrent_kernel, reads, cells, gates, by_every_h, by_h, by_c
 *                        -> by_z, by_h0, by_c0, by_kernel, by_recurrent_kernel, by_bias
 *
 * walk.h gives the shapes. Of the forward operation's outputs, every_h holds no steps unless `every`, and the
 * last three none unless `keep`; a by_every_h of no steps says that only the last states count.
 */

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

#include "walk.h"

/* What is used of tensorflow/c/{ops,kernels,tf_tensor,tf_status}.h, which stays the same from version to
 * version. Declared here, so that nothing but a C compiler is needed to build. */
typedef struct TF_OpDefinitionBuilder TF_OpDefinitionBuilder;
typedef struct TF_ShapeInferenceContext TF_ShapeInferenceContext;
typedef struct TF_KernelBuilder TF_KernelBuilder;
typedef struct TF_OpKernelConstruction TF_OpKernelConstruction;
typedef struct TF_OpKernelContext TF_OpKernelContext;
typedef struct TF_Tensor TF_Tensor;
typedef struct TF_Status TF_Status;
typedef enum { TF_FLOAT = 1 } TF_DataType;
typedef enum { TF_OK = 0, TF_INVALID_ARGUMENT = 3, TF_RESOURCE_EXHAUSTED = 8 } TF_Code;

TF_OpDefinitionBuilder *TF_NewOpDefinitionBuilder(const char *name);
void TF_OpDefinitionBuilderAddAttr(TF_OpDefinitionBuilder *, const char *spec);
void TF_OpDefinitionBuilderAddInput(TF_OpDefinitionBuilder *, const char *spec);
void TF_OpDefinitionBuilderAddOutput(TF_OpDefinitionBuilder *, const char *spec);
void TF_OpDefinitionBuilderSetShapeInferenceFunction(TF_OpDefinitionBuilder *,
                                                     void (*)(TF_ShapeInferenceContext *, TF_Status *));
void TF_RegisterOpDefinition(TF_OpDefinitionBuilder *, TF_Status *);
void TF_ShapeInferenceContextSetUnknownShape(TF_ShapeInferenceContext *, TF_Status *);
TF_KernelBuilder *TF_NewKernelBuilder(const char *op, const char *device, void *(*)(TF_OpKernelConstruction *),
                                      void (*)(void *, TF_OpKernelContext *), void (*)(void *));
void TF_RegisterKernelBuilder(const char *name, TF_KernelBuilder *, TF_Status *);
void TF_OpKernelConstruction_GetAttrBool(TF_OpKernelConstruction *, const char *, unsigned char *, TF_Status *);
void TF_OpKernelContext_Failure(TF_OpKernelContext *, TF_Status *);
void TF_GetInput(TF_OpKernelContext *, int, TF_Tensor **, TF_Status *);
TF_Tensor *TF_AllocateOutput(TF_OpKernelContext *, int, TF_DataType, const int64_t *, int, size_t, TF_Status *);
TF_Tensor *TF_ForwardInputOrAllocateOutput(TF_OpKernelContext *, const int *inputs, int, int output,
                                           const int64_t *, int, int *forwarded, TF_Status *);
void *TF_TensorData(const TF_Tensor *);
int TF_NumDims(const TF_Tensor *);
int64_t TF_Dim(const TF_Tensor *, int);
void TF_DeleteTensor(TF_Tensor *);
TF_Status *TF_NewStatus(void);
void TF_DeleteStatus(TF_Status *);
void TF_SetStatus(TF_Status *, TF_Code, const char *);
TF_Code TF_GetCode(const TF_Status *);

/* The instruction sets ------------------------------------------------------------------------------------ */

forward_walk forward_baseline;
backward_walk backward_baseline;
static forward_walk *forward;
static backward_walk *backward;

#define USE(instructions) (forward = forward_##instructions, backward = backward_##instructions)

/* Takes the quickest instructions that this processor has, of which 0 is every processor's, 1 AVX2 and 2
 * AVX-512, and none above `most`; returns which. Tests call it; nothing else does but the loading below. */
#if defined(__x86_64__)
forward_walk forward_avx2, forward_avx512;
backward_walk backward_avx2, backward_avx512;

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

/* One call of an operation -------------------------------------------------------------------------------- */

typedef struct {
    TF_OpKernelContext *context;
    TF_Status *status;
    TF_Tensor *held[16];
    int count;
} Call;

#define SHAPE(...) (int)(sizeof((int64_t[]){__VA_ARGS__}) / sizeof(int64_t)), (int64_t[]){__VA_ARGS__}

static bool is_well(const Call *call) { return TF_GetCode(call->status) == TF_OK; }

static void fail(Call *call, TF_Code code, const char *message) {
    if (is_well(call)) TF_SetStatus(call->status, code, message);
}

static float *hold(Call *call, TF_Tensor *tensor) {
    return tensor ? TF_TensorData(call->held[call->count++] = tensor) : NULL;
}

static void finish(Call *call) {
    if (!is_well(call)) TF_OpKernelContext_Failure(call->context, call->status);
    while (call->count) TF_DeleteTensor(call->held[--call->count]);
    TF_DeleteStatus(call->status);
}

/* The dimensions of an input, without holding on to it: the memory of what is held cannot be given away. */
static bool dimensions(Call *call, int number, int dims, int64_t *shape) {
    TF_Tensor *tensor = NULL;
    if (is_well(call)) TF_GetInput(call->context, number, &tensor, call->status);
    bool fits = tensor && TF_NumDims(tensor) == dims;
    for (int dim = 0; fits && dim < dims; dim++) shape[dim] = TF_Dim(tensor, dim);
    if (tensor) TF_DeleteTensor(tensor);
    if (!fits) fail(call, TF_INVALID_ARGUMENT, "an input of the LSTM has too few or too many dimensions");
    return fits;
}

/* An input's numbers, once its shape is the one expected. */
static const float *input(Call *call, int number, int dims, const int64_t *shape) {
    int64_t found[4];
    TF_Tensor *tensor = NULL;
    if (!dimensions(call, number, dims, found)) return NULL;
    for (int dim = 0; dim < dims; dim++)
        if (found[dim] != shape[dim]) fail(call, TF_INVALID_ARGUMENT, "the inputs of the LSTM do not fit each other");
    if (is_well(call)) TF_GetInput(call->context, number, &tensor, call->status);
    return hold(call, tensor);
}

static float *output(Call *call, int number, int dims, const int64_t *shape) {
    size_t bytes = sizeof(float);
    for (int dim = 0; dim < dims; dim++) bytes *= (size_t)shape[dim];
    if (!is_well(call)) return NULL;
    return hold(call, TF_AllocateOutput(call->context, number, TF_FLOAT, shape, dims, bytes, call->status));
}

static float *scratch(Call *call, size_t count) {
    float *memory = is_well(call) ? malloc(sizeof(float) * count) : NULL;
    if (!memory) fail(call, TF_RESOURCE_EXHAUSTED, "there is no memory for the weights of the LSTM");
    return memory;
}

/* Forward ------------------------------------------------------------------------------------------------- */

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

static void delete_forward(void *wanted) { free(wanted); }

static void compute_forward(void *state, TF_OpKernelContext *context) {
    const Wanted *wanted = state;
    Call call = {.context = context, .status = TF_NewStatus()};
    int64_t x[3] = {0}, h0[2] = {0};
    bool known = dimensions(&call, 0, 3, x) && dimensions(&call, 1, 2, h0);
    const int64_t batch = x[0], units = h0[1], kept = known && wanted->keep ? x[1] : 0;
    const Sizes size = walk_sizes(x[1], batch, x[2], units);
    const Weights weights = {
        .kernel = input(&call, 3, SHAPE(size.features, 4 * units)),
        .recurrent_kernel = input(&call, 4, SHAPE(units, 4 * units)),
        .bias = input(&call, 5, SHAPE(4 * units)),
    };
    Forward to = {
        .x = input(&call, 0, SHAPE(batch, size.timesteps, size.features)),
        .h0 = input(&call, 1, SHAPE(batch, units)),
        .c0 = input(&call, 2, SHAPE(batch, units)),
        .every_h = output(&call, 0, SHAPE(batch, wanted->every ? size.timesteps : 0, units)),
        .h = output(&call, 1, SHAPE(batch, units)),
        .c = output(&call, 2, SHAPE(batch, units)),
        .reads = output(&call, 3, SHAPE(wanted->keep ? kept + 1 : 0, batch, size.read)),
        .cells = output(&call, 4, SHAPE(wanted->keep ? kept + 1 : 0, batch, size.width)),
        .gates = output(&call, 5, SHAPE(kept, batch, 4, size.width)),
    };
    const size_t two_steps = wanted->keep ? 0 : (size_t)(2 * batch * (size.read + size.width));
    float *memory = scratch(&call, walk_scratch(&size) + two_steps);
    if (is_well(&call)) {
        if (!wanted->every) to.every_h = NULL;
        if (!wanted->keep) {
            to.reads = memory + walk_scratch(&size);
            to.cells = to.reads + 2 * batch * size.read;
            to.gates = NULL;
        }
        forward(&size, &weights, &to, memory);
    }
    free(memory);
    finish(&call);
}

/* Backward ------------------------------------------------------------------------------------------------ */

enum { GATES = 3 };

/* by_z, in the memory of the gates where nobody else will ask for them. */
static float *in_place_of_gates(Call *call, const Sizes *size, const float **gates) {
    const int candidate = GATES;
    const int64_t shape[] = {size->timesteps, size->batch, 4, size->width};
    int forwarded = -1;
    if (!is_well(call)) return NULL;
    float *by_z = hold(call, TF_ForwardInputOrAllocateOutput(call->context, &candidate, 1, 0, shape, 4, &forwarded,
                                                             call->status));
    *gates = forwarded == candidate ? by_z : input(call, GATES, 4, shape);
    return by_z;
}

static void compute_backward(void *state, TF_OpKernelContext *context) {
    (void)state;
    Call call = {.context = context, .status = TF_NewStatus()};
    int64_t kernel[2] = {0}, reads[3] = {0}, gates[4] = {0}, every[3] = {0};
    const bool known = dimensions(&call, 0, 2, kernel) && dimensions(&call, 1, 3, reads) &&
                       dimensions(&call, GATES, 4, gates) && dimensions(&call, 4, 3, every);
    const int64_t units = kernel[0], batch = reads[1], features = known ? reads[2] - 1 - gates[3] : 0;
    const Sizes size = walk_sizes(gates[0], batch, features, units);
    if (known && (gates[1] != batch || gates[2] != 4 || gates[3] != size.width || features < 0))
        fail(&call, TF_INVALID_ARGUMENT, "the gates of the LSTM do not fit what it read");
    const float *recurrent_kernel = input(&call, 0, SHAPE(units, 4 * units));
    Backward to = {
        .reads = input(&call, 1, SHAPE(size.timesteps + 1, batch, size.read)),
        .cells = input(&call, 2, SHAPE(size.timesteps + 1, batch, size.width)),
        .by_every_h = every[1] ? input(&call, 4, SHAPE(batch, size.timesteps, units)) : NULL,
        .by_h = input(&call, 5, SHAPE(batch, units)),
        .by_c = input(&call, 6, SHAPE(batch, units)),
        .by_h0 = output(&call, 1, SHAPE(batch, units)),
        .by_c0 = output(&call, 2, SHAPE(batch, units)),
        .by_kernel = output(&call, 3, SHAPE(features, 4 * units)),
        .by_recurrent_kernel = output(&call, 4, SHAPE(units, 4 * units)),
        .by_bias = output(&call, 5, SHAPE(4 * units)),
    };
    to.by_z = in_place_of_gates(&call, &size, &to.gates);
    float *memory = scratch(&call, walk_scratch(&size));
    if (is_well(&call)) backward(&size, recurrent_kernel, &to, memory);
    free(memory);
    finish(&call);
}

/* Registration, when the library is loaded ---------------------------------------------------------------- */

typedef const char *const Names[];

static TF_OpDefinitionBuilder *described(const char *name, Names attributes, Names inputs, Names outputs) {
    TF_OpDefinitionBuilder *builder = TF_NewOpDefinitionBuilder(name);
    while (*attributes) TF_OpDefinitionBuilderAddAttr(builder, *attributes++);
    while (*inputs) TF_OpDefinitionBuilderAddInput(builder, *inputs++);
    while (*outputs) TF_OpDefinitionBuilderAddOutput(builder, *outputs++);
    TF_OpDefinitionBuilderSetShapeInferenceFunction(builder, TF_ShapeInferenceContextSetUnknownShape);
    return builder;
}

static void registered(TF_OpDefinitionBuilder *definition, const char *name, TF_KernelBuilder *kernel) {
    TF_Status *status = TF_NewStatus();
    TF_RegisterOpDefinition(definition, status);
    TF_RegisterKernelBuilder(name, kernel, status);
    TF_DeleteStatus(status);
}

#define NAMES(...) (Names){__VA_ARGS__}

__attribute__((constructor)) static void register_operations(void) {
    lstmwidgets_use_instructions(2);
    registered(described("LstmwidgetsForward", NAMES("keep: bool", "every: bool", NULL),
                         NAMES("x: float", "h0: float", "c0: float", "kernel: float", "recurrent_kernel: float",
                               "bias: float", NULL),
                         NAMES("every_h: float", "h: float", "c: float", "reads: float", "cells: float",
                               "gates: float", NULL)),
               "LstmwidgetsForward",
               TF_NewKernelBuilder("LstmwidgetsForward", "CPU", create_forward, compute_forward, delete_forward));
    registered(described("LstmwidgetsBackward", NAMES(NULL),
                         NAMES("recurrent_kernel: float", "reads: float", "cells: float", "gates: float",
                               "by_every_h: float", "by_h: float", "by_c: float", NULL),
                         NAMES("by_z: float", "by_h0: float", "by_c0: float", "by_kernel: float",
                               "by_recurrent_kernel: float", "by_bias: float", NULL)),
               "LstmwidgetsBackward",
               TF_NewKernelBuilder("LstmwidgetsBackward", "CPU", NULL, compute_backward, NULL));
}
