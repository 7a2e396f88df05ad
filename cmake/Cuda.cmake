# Whether there is a CUDA toolkit that can compile for every generation of devices: the default of
# FATHOM_CUDA. Included before the compiler of CUDA is enabled (cuda/CMakeLists.txt).

set(oldest_cuda 12.8)  # knows sm_120
find_program(FATHOM_NVCC nvcc HINTS /usr/local/cuda/bin)
set(has_cuda OFF)
if(FATHOM_NVCC AND NOT FATHOM_SANITIZE)
  execute_process(COMMAND ${FATHOM_NVCC} --version OUTPUT_VARIABLE version ERROR_QUIET)
  string(REGEX MATCH "release ([0-9.]+)" version "${version}")
  if(CMAKE_MATCH_1 VERSION_GREATER_EQUAL oldest_cuda)
    set(has_cuda ON)
  endif()
endif()
option(FATHOM_CUDA "Build the CUDA backend (needs a toolkit of ${oldest_cuda} or newer)" ${has_cuda})
if(FATHOM_CUDA AND FATHOM_NVCC)
  set(CMAKE_CUDA_COMPILER ${FATHOM_NVCC})
endif()
