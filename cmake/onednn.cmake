# Which oneDNN find_package(dnnl) found, and whether pcnn can use it: its version, and what its threads are of, which
# engine/core/parallel.cpp has to hold to one. scripts/setup.sh --onednn chooses one; -DCMAKE_PREFIX_PATH=<place> any other.
set(pcnn_onednn_place "oneDNN ${dnnl_VERSION} of ${dnnl_DIR}")
set(pcnn_onednn_remedy "install another (Debian: apt-get install libdnnl-dev; scripts/setup.sh --onednn 3) and name its place in CMAKE_PREFIX_PATH")

set(PCNN_ONEDNN "" CACHE STRING "The version of oneDNN that is wanted, 2 or 3; empty: either")
if(PCNN_ONEDNN AND NOT dnnl_VERSION MATCHES "^${PCNN_ONEDNN}[.]")
  message(FATAL_ERROR "PCNN_ONEDNN is ${PCNN_ONEDNN}, and CMake found ${pcnn_onednn_place}: "
                      "scripts/setup.sh --onednn 3 fetches version 3, --onednn debian takes Debian's")
endif()
if(dnnl_VERSION VERSION_LESS 2.6 OR dnnl_VERSION VERSION_GREATER_EQUAL 4)
  message(FATAL_ERROR "pcnn needs oneDNN 2.6 or later, or 3, and found ${pcnn_onednn_place}: ${pcnn_onednn_remedy}")
endif()

# The package says it in two variables; SYCL builds, which find no CPU engine by themselves, have TBB threads too.
set(pcnn_onednn_runtime "${DNNL_CPU_RUNTIME}")
if(NOT pcnn_onednn_runtime)
  set(pcnn_onednn_runtime "${DNNL_CPU_THREADING_RUNTIME}")
endif()
if(NOT pcnn_onednn_runtime MATCHES "^(OMP|TBB|SEQ)$")
  message(FATAL_ERROR "pcnn supports oneDNN built with the CPU runtimes OMP, TBB and SEQ, and ${pcnn_onednn_place} has "
                      "'${pcnn_onednn_runtime}': ${pcnn_onednn_remedy}")
endif()
message(STATUS "${pcnn_onednn_place}, CPU runtime ${pcnn_onednn_runtime}")
