// What a plug-in and the program that loads it must agree on: the stamp is text that the plug-in
// carries in a section of its own, where it can be read without running any of the plug-in's code.
#pragma once

#include <cstddef>  // defines the standard library's macros

#include "simdse_interface.h"

#define SIMDSE_STAMP_TEXT(x) #x
#define SIMDSE_STAMP_NUMBER(x) SIMDSE_STAMP_TEXT(x)

#ifdef __clang__
#define SIMDSE_STAMP_COMPILER "clang++ " SIMDSE_STAMP_NUMBER(__clang_major__)
#else
#define SIMDSE_STAMP_COMPILER "g++ " SIMDSE_STAMP_NUMBER(__GNUC__)
#endif

#ifdef __GLIBCXX__
#define SIMDSE_STAMP_LIBRARY                                                              \
  "libstdc++ " SIMDSE_STAMP_NUMBER(_GLIBCXX_RELEASE) " (string ABI " SIMDSE_STAMP_NUMBER( \
      _GLIBCXX_USE_CXX11_ABI) ")"
#else
#define SIMDSE_STAMP_LIBRARY "another standard library"
#endif

// Containers with debugging inside have other layouts, and sanitized code needs its runtime.
#ifdef _GLIBCXX_DEBUG
#define SIMDSE_STAMP_DEBUG ", debug containers"
#else
#define SIMDSE_STAMP_DEBUG ""
#endif
#ifdef __SANITIZE_ADDRESS__
#define SIMDSE_STAMP_SANITIZER ", address sanitizer"
#else
#define SIMDSE_STAMP_SANITIZER ""
#endif

/// Version, hash of the public headers, compiler and standard library.
#define SIMDSE_ABI_STAMP                                                  \
  "simdse " SIMDSE_INTERFACE_VERSION ", interface " SIMDSE_INTERFACE_HASH \
  ", " SIMDSE_STAMP_COMPILER ", " SIMDSE_STAMP_LIBRARY SIMDSE_STAMP_DEBUG SIMDSE_STAMP_SANITIZER

#define SIMDSE_ABI_STAMP_SECTION ".simdse_abi"
