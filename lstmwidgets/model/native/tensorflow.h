/* What is used of TensorFlow's C interface, and one call of an operation through it. */

#ifndef LSTMWIDGETS_TENSORFLOW_H
#define LSTMWIDGETS_TENSORFLOW_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

/* From tensorflow/c/{ops,kernels,tf_tensor,tf_status}.h, which stay the same from version to version. Declared
 * here, so that nothing but a C compiler is needed to build. */
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
void TF_OpKernelConstruction_GetAttrInt64(TF_OpKernelConstruction *, const char *, int64_t *, TF_Status *);
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

/* One call of an operation -------------------------------------------------------------------------------- */

typedef struct {
    TF_OpKernelContext *context;
    TF_Status *status;
    const char *cell; /* for words about what is wrong */
    TF_Tensor *held[16];
    int count;
} Call;

#define SHAPE(...) (int)(sizeof((int64_t[]){__VA_ARGS__}) / sizeof(int64_t)), (int64_t[]){__VA_ARGS__}

static inline Call begin(TF_OpKernelContext *context, const char *cell) {
    return (Call){.context = context, .status = TF_NewStatus(), .cell = cell};
}

static inline bool is_well(const Call *call) { return TF_GetCode(call->status) == TF_OK; }

/* The first failure of a call is the one told; `message` names the cell by %s. */
static inline void fail(Call *call, TF_Code code, const char *message) {
    char said[128];
    if (!is_well(call)) return;
    snprintf(said, sizeof(said), message, call->cell);
    TF_SetStatus(call->status, code, said);
}

static inline float *hold(Call *call, TF_Tensor *tensor) {
    return tensor ? TF_TensorData(call->held[call->count++] = tensor) : NULL;
}

static inline void finish(Call *call) {
    if (!is_well(call)) TF_OpKernelContext_Failure(call->context, call->status);
    while (call->count) TF_DeleteTensor(call->held[--call->count]);
    TF_DeleteStatus(call->status);
}

/* The dimensions of an input, without holding on to it: the memory of what is held cannot be given away. */
static inline bool dimensions(Call *call, int number, int dims, int64_t *shape) {
    TF_Tensor *tensor = NULL;
    if (is_well(call)) TF_GetInput(call->context, number, &tensor, call->status);
    bool fits = tensor && TF_NumDims(tensor) == dims;
    for (int dim = 0; fits && dim < dims; dim++) shape[dim] = TF_Dim(tensor, dim);
    if (tensor) TF_DeleteTensor(tensor);
    if (!fits) fail(call, TF_INVALID_ARGUMENT, "an input of the %s has too few or too many dimensions");
    return fits;
}

/* An input's numbers, once its shape is the one expected. */
static inline const float *input(Call *call, int number, int dims, const int64_t *shape) {
    int64_t found[4];
    TF_Tensor *tensor = NULL;
    if (!dimensions(call, number, dims, found)) return NULL;
    for (int dim = 0; dim < dims; dim++)
        if (found[dim] != shape[dim]) fail(call, TF_INVALID_ARGUMENT, "the inputs of the %s do not fit each other");
    if (is_well(call)) TF_GetInput(call->context, number, &tensor, call->status);
    return hold(call, tensor);
}

static inline float *output(Call *call, int number, int dims, const int64_t *shape) {
    size_t bytes = sizeof(float);
    for (int dim = 0; dim < dims; dim++) bytes *= (size_t)shape[dim];
    if (!is_well(call)) return NULL;
    return hold(call, TF_AllocateOutput(call->context, number, TF_FLOAT, shape, dims, bytes, call->status));
}

/* Output 0, in the memory of an input of its shape where nobody else will ask for that; the input's numbers,
 * wherever they are, in `found`. */
static inline float *output_in_place(Call *call, int number, int dims, const int64_t *shape, const float **found) {
    int forwarded = -1;
    if (!is_well(call)) return NULL;
    float *written = hold(call, TF_ForwardInputOrAllocateOutput(call->context, &number, 1, 0, shape, dims, &forwarded,
                                                                call->status));
    *found = forwarded == number ? written : input(call, number, dims, shape);
    return written;
}

static inline float *scratch(Call *call, size_t count) {
    float *memory = is_well(call) ? malloc(sizeof(float) * count) : NULL;
    if (!memory) fail(call, TF_RESOURCE_EXHAUSTED, "there is no memory for the weights of the %s");
    return memory;
}

/* Registration, when the library is loaded ---------------------------------------------------------------- */

typedef const char *const Names[];
#define NAMES(...) (Names){__VA_ARGS__, NULL}

static inline TF_OpDefinitionBuilder *described(const char *name, Names attributes, Names inputs, Names outputs) {
    TF_OpDefinitionBuilder *builder = TF_NewOpDefinitionBuilder(name);
    while (*attributes) TF_OpDefinitionBuilderAddAttr(builder, *attributes++);
    while (*inputs) TF_OpDefinitionBuilderAddInput(builder, *inputs++);
    while (*outputs) TF_OpDefinitionBuilderAddOutput(builder, *outputs++);
    TF_OpDefinitionBuilderSetShapeInferenceFunction(builder, TF_ShapeInferenceContextSetUnknownShape);
    return builder;
}

static inline void registered(TF_OpDefinitionBuilder *definition, const char *name, TF_KernelBuilder *kernel) {
    TF_Status *status = TF_NewStatus();
    TF_RegisterOpDefinition(definition, status);
    TF_RegisterKernelBuilder(name, kernel, status);
    TF_DeleteStatus(status);
}

#endif
