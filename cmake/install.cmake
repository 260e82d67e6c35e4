# What `cmake --install` lays down: the program, its libraries and data, and what a plug-in is built
# with. The libraries find each other from wherever the prefix is moved to.
install(TARGETS simdse simdse_base simdse_workloads simdse_models simdse_plan simdse_search
                simdse_sim RUNTIME DESTINATION bin LIBRARY DESTINATION lib)
install(DIRECTORY configs DESTINATION share/simdse FILES_MATCHING PATTERN "*.yaml")
install(DIRECTORY workloads/zoo DESTINATION share/simdse/workloads FILES_MATCHING PATTERN "*.yaml")
foreach(header ${SIMDSE_PUBLIC_HEADERS})
  get_filename_component(folder ${header} DIRECTORY)
  install(FILES ${header} DESTINATION include/simdse/${folder})
endforeach()
install(FILES ${SIMDSE_INTERFACE_HEADER} DESTINATION include/simdse)
include(CMakePackageConfigHelpers)
write_basic_package_version_file(${CMAKE_BINARY_DIR}/simdseConfigVersion.cmake
                                 COMPATIBILITY SameMinorVersion)
install(FILES cmake/simdseConfig.cmake cmake/plugin_stamp.cpp
              ${CMAKE_BINARY_DIR}/simdseConfigVersion.cmake DESTINATION lib/cmake/simdse)
