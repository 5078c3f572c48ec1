# What `cmake --install` puts where: programs and their manual pages, the library with its one public header, what
# find_package(pcnn) and pkg-config read, completions and configs. All paths inside are relative to the prefix, which may be moved.
include(CMakePackageConfigHelpers)

set(pcnn_exported pcnn)
if(PCNN_LIBRARY_TYPE STREQUAL "SHARED")
  # The engine inside, and of all of it only what engine/api/pcnn.h declares outside.
  file(GLOB pcnn_api CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/engine/api/*.cpp)
  add_library(pcnn_shared SHARED ${pcnn_api})
  target_include_directories(pcnn_shared PRIVATE ${PROJECT_SOURCE_DIR})
  target_link_libraries(pcnn_shared PRIVATE pcnn pcnn_options fmt::fmt)
  target_link_options(pcnn_shared PRIVATE -Wl,--exclude-libs,ALL
    -Wl,--version-script=${PROJECT_SOURCE_DIR}/cmake/exported.map)
  set_property(TARGET pcnn_shared PROPERTY LINK_DEPENDS ${PROJECT_SOURCE_DIR}/cmake/exported.map)
  set_target_properties(pcnn_shared PROPERTIES OUTPUT_NAME pcnn EXPORT_NAME pcnn CXX_VISIBILITY_PRESET hidden
    VERSION ${PROJECT_VERSION} SOVERSION ${PROJECT_VERSION_MAJOR}.${PROJECT_VERSION_MINOR})
  set(pcnn_exported pcnn_shared)
endif()
add_dependencies(programs ${pcnn_exported})  # all that is installed
if(pcnn_onednn_installed)
  set_target_properties(${pcnn_exported} PROPERTIES INSTALL_RPATH $ORIGIN/pcnn/onednn/lib)
  get_filename_component(pcnn_onednn_root ${dnnl_DIR}/../../.. ABSOLUTE)
  install(DIRECTORY ${pcnn_onednn_root}/lib ${pcnn_onednn_root}/share DESTINATION ${pcnn_onednn_installed})
  install(DIRECTORY DESTINATION ${pcnn_onednn_installed}/include)  # empty, but its CMake package names it
endif()
target_include_directories(${pcnn_exported} INTERFACE $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
target_compile_features(${pcnn_exported} INTERFACE cxx_std_20)

install(TARGETS ${pcnn_exported} EXPORT pcnn LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR}
  ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(FILES engine/api/pcnn.h DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/pcnn)
install(EXPORT pcnn NAMESPACE pcnn:: DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/pcnn FILE pcnn-targets.cmake)
configure_package_config_file(cmake/pcnn-config.cmake.in ${PROJECT_BINARY_DIR}/pcnn-config.cmake
  INSTALL_DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/pcnn)
write_basic_package_version_file(${PROJECT_BINARY_DIR}/pcnn-config-version.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/pcnn-config.cmake ${PROJECT_BINARY_DIR}/pcnn-config-version.cmake
  DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/pcnn)

# Relative to the file itself, so that it holds wherever the prefix is moved to.
file(RELATIVE_PATH pcnn_prefix_from_pc "/${CMAKE_INSTALL_LIBDIR}/pkgconfig" "/")
string(REGEX REPLACE "/$" "" pcnn_prefix_from_pc "${pcnn_prefix_from_pc}")
# What a static library needs to be linked; a shared one has it all.
set(pcnn_pc_requires "fmt spdlog yaml-cpp libpng zlib tbb")
set(pcnn_pc_libraries "-ldnnl -lpthread -ldl -lstdc++")
if(pcnn_onednn_installed)
  string(PREPEND pcnn_pc_libraries "-L\${libdir}/pcnn/onednn/lib -Wl,-rpath,\${libdir}/pcnn/onednn/lib ")
endif()
if(PCNN_LIBRARY_TYPE STREQUAL "SHARED")
  set(pcnn_pc_requires "")
  set(pcnn_pc_libraries "")
endif()
configure_file(cmake/pcnn.pc.in ${PROJECT_BINARY_DIR}/pcnn.pc @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/pcnn.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)

file(MAKE_DIRECTORY ${PROJECT_BINARY_DIR}/man)
foreach(program ${pcnn_programs})
  install(TARGETS pcnn-${program} RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
  add_custom_command(TARGET pcnn-${program} POST_BUILD VERBATIM
    COMMAND sh -c "\"$1\" --man > \"$2\" && gzip -9nf \"$2\"" sh $<TARGET_FILE:pcnn-${program}>
            ${PROJECT_BINARY_DIR}/man/pcnn-${program}.1)
  install(FILES ${PROJECT_BINARY_DIR}/man/pcnn-${program}.1.gz DESTINATION ${CMAKE_INSTALL_MANDIR}/man1)
  # bash looks for a completion under the name of each program.
  install(FILES scripts/completion/pcnn.bash RENAME pcnn-${program}
    DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions)
endforeach()
install(FILES scripts/completion/_pcnn DESTINATION ${CMAKE_INSTALL_DATADIR}/zsh/site-functions)
install(DIRECTORY configs/ DESTINATION ${CMAKE_INSTALL_DATADIR}/pcnn/configs)
install(FILES README.md LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR})
install(DIRECTORY docs/ DESTINATION ${CMAKE_INSTALL_DOCDIR}/docs FILES_MATCHING PATTERN "*.md")
