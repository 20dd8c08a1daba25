// LibTorch's CUDA headers name the handle and the status of this library and nothing else of it. This
// stand-in is searched last: building then needs neither a CUDA toolkit nor 700 MB of wheels, and a real
// header, where there is one, is found first.
#pragma once
typedef struct cublasContext* cublasHandle_t;
typedef enum { CUBLAS_STATUS_SUCCESS = 0 } cublasStatus_t;
