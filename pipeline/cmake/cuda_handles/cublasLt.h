// Stand-in for the names LibTorch's headers need; see cublas_v2.h.
#pragma once
typedef struct cublasLtContext* cublasLtHandle_t;
