# SPDX-License-Identifier: MIT
# Language, warnings, hardening (Debian's flags) and sanitizers: one interface target, muster_flags.
set(CMAKE_C_STANDARD 11)
set(CMAKE_C_STANDARD_REQUIRED ON)
set(CMAKE_C_EXTENSIONS OFF)
set(CMAKE_C_VISIBILITY_PRESET hidden)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
if(NOT CMAKE_BUILD_TYPE)
    set(CMAKE_BUILD_TYPE RelWithDebInfo CACHE STRING "Build type" FORCE)
endif()

add_library(muster_flags INTERFACE)
# One source serves libssh2 1.10 to 1.11, whose newer calls the older ones lack.
target_compile_definitions(muster_flags INTERFACE _GNU_SOURCE _FILE_OFFSET_BITS=64
    LIBSSH2_DISABLE_DEPRECATION)
target_compile_options(muster_flags INTERFACE -Wall -Wextra -Wpedantic -Wconversion -Wshadow
    -Wstrict-prototypes -Wmissing-prototypes -Wformat=2 -Werror=format-security
    -fstack-protector-strong)
target_link_options(muster_flags INTERFACE -Wl,-z,relro -Wl,-z,now)
if(CMAKE_C_COMPILER_ID STREQUAL "GNU")
    target_compile_options(muster_flags INTERFACE -fstack-clash-protection)
endif()
if(MUSTER_WERROR)
    target_compile_options(muster_flags INTERFACE -Werror)
endif()
if(MUSTER_SANITIZE)
    target_compile_options(muster_flags INTERFACE -fsanitize=${MUSTER_SANITIZE}
        -fno-omit-frame-pointer -fno-sanitize-recover=all)
    target_link_options(muster_flags INTERFACE -fsanitize=${MUSTER_SANITIZE})
elseif(NOT CMAKE_BUILD_TYPE STREQUAL "Debug")
    target_compile_definitions(muster_flags INTERFACE _FORTIFY_SOURCE=2)
endif()
if(MUSTER_FUZZ)
    # libFuzzer is led by what it covers: the code under test is instrumented, not the target alone.
    target_compile_options(muster_flags INTERFACE -fsanitize=fuzzer-no-link)
endif()
