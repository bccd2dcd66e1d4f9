# Included by CMake at llama-cpp-python's project() (CMAKE_PROJECT_llama_cpp_INCLUDE).
# ClaimBench loads libllama and ggml only. llama-cpp-python forces llama.cpp's "common" library (chat parsers,
# argument parsing, HTTP) into its cache; a normal variable of the same name takes precedence (CMP0126), so the
# slowest third of the build, which nothing here links, is left out.
set(LLAMA_BUILD_COMMON OFF)
