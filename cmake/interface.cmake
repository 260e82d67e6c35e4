# The public headers, which a plug-in is compiled against, and a hash of them for the stamp that
# tells whether a plug-in fits.
file(GLOB_RECURSE SIMDSE_PUBLIC_HEADERS RELATIVE ${PROJECT_SOURCE_DIR} CONFIGURE_DEPENDS
     models/*.h workloads/*.h sim/kernel/*.h)
list(FILTER SIMDSE_PUBLIC_HEADERS EXCLUDE REGEX "^workloads/(chakra|onnx)/")
list(SORT SIMDSE_PUBLIC_HEADERS)
set(hashes "")
foreach(header ${SIMDSE_PUBLIC_HEADERS})
  file(SHA256 ${PROJECT_SOURCE_DIR}/${header} hash)
  string(APPEND hashes "${header} ${hash}\n")
endforeach()
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${SIMDSE_PUBLIC_HEADERS})
string(SHA256 SIMDSE_INTERFACE_HASH "${hashes}")
string(SUBSTRING ${SIMDSE_INTERFACE_HASH} 0 16 SIMDSE_INTERFACE_HASH)
set(SIMDSE_INTERFACE_HEADER ${CMAKE_BINARY_DIR}/include/interface/simdse_interface.h)
configure_file(cmake/simdse_interface.h.in ${SIMDSE_INTERFACE_HEADER} @ONLY)
