# What `cpack` makes in the build folder: a Debian package of what `cmake --install` puts under /usr, which names the packages
# that its programs need; built and installed on the same Debian.
set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME pcnn)
set(CPACK_PACKAGE_CONTACT "pcnn maintainers <maintainers@pcnn.invalid>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "engine for PixelCNNs on CPUs: training, sampling, likelihoods")
set(CPACK_DEBIAN_PACKAGE_DESCRIPTION "pcnn trains autoregressive image models (PixelCNN, gated PixelCNN, PixelRNN,
PixelSNAIL) from a YAML config, draws images from them and gives the exact
likelihoods of images, on x86-64 processors. This package holds its programs,
configs with small trained models, and the C++ library with its header.")
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION science)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
# Of who builds programs with the library.
set(CPACK_DEBIAN_PACKAGE_SUGGESTS "libdnnl-dev, libtbb-dev, libyaml-cpp-dev, libfmt-dev, libspdlog-dev, libpng-dev, zlib1g-dev")

# The two files that Debian wants of every package, and that nobody else does.
configure_file(cmake/debian/changelog.in ${PROJECT_BINARY_DIR}/debian/changelog @ONLY)
execute_process(COMMAND gzip -9nf ${PROJECT_BINARY_DIR}/debian/changelog)
install(FILES cmake/debian/copyright ${PROJECT_BINARY_DIR}/debian/changelog.gz DESTINATION ${CMAKE_INSTALL_DOCDIR}
  COMPONENT debian EXCLUDE_FROM_ALL)
set(CPACK_INSTALL_CMAKE_PROJECTS "${PROJECT_BINARY_DIR};pcnn;ALL;/;${PROJECT_BINARY_DIR};pcnn;debian;/")
include(CPack)
