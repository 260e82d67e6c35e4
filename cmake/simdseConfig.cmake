# Package of simdse: what a shared library of hardware blocks is built with.
#
#   find_package(simdse REQUIRED)
#   simdse_add_plugin(my_pe my_pe.cpp)
#
# builds libmy_pe.so, which a design names under `plugins:`.
get_filename_component(SIMDSE_PREFIX "${CMAKE_CURRENT_LIST_DIR}/../../.." ABSOLUTE)
if(NOT CMAKE_BUILD_TYPE AND NOT CMAKE_CONFIGURATION_TYPES)
  set(CMAKE_BUILD_TYPE Release)  # a search asks a block millions of times
endif()
set(SIMDSE_PLUGIN_STAMP "${CMAKE_CURRENT_LIST_DIR}/plugin_stamp.cpp")

# The program that the plug-ins are for: simdse::simdse.
if(NOT TARGET simdse::simdse)
  add_executable(simdse::simdse IMPORTED)
  set_target_properties(simdse::simdse PROPERTIES IMPORTED_LOCATION "${SIMDSE_PREFIX}/bin/simdse")
endif()

function(simdse_add_plugin name)
  if(NOT ARGN)
    message(FATAL_ERROR "simdse_add_plugin(${name}): at least one source file is needed")
  endif()
  add_library(${name} MODULE ${ARGN} "${SIMDSE_PLUGIN_STAMP}")
  target_include_directories(${name} SYSTEM PRIVATE "${SIMDSE_PREFIX}/include/simdse")
  target_compile_features(${name} PRIVATE cxx_std_17)
  foreach(layer sim models workloads base)
    target_link_libraries(${name} PRIVATE "${SIMDSE_PREFIX}/lib/libsimdse_${layer}.so")
  endforeach()
endfunction()
