# What `cmake --install` makes of the SDK (components `sdk` and `programs`):
#
#   include/patchbay/          headers
#   lib/cmake/Patchbay/        find_package(Patchbay)
#   share/patchbay/            README.md, TRANSCRIPTS.md, schema/, template/ (`patchbay new` copies it), examples/
#   bin/                       patchbay and patchbay-worker (installed where they are built)
#
# The build folder is laid out the same way, with links to the source: connectors can be built against it as it is, and the
# program finds its template from where it stands in both.
include(CMakePackageConfigHelpers)
set(sdk ${CMAKE_CURRENT_SOURCE_DIR})
set(package_files ${sdk}/cmake/PatchbayConfig.cmake ${sdk}/cmake/PatchbayConnector.cmake ${sdk}/cmake/PatchbayJson.cmake
                  ${sdk}/cmake/embed_manifest.cmake ${sdk}/cmake/connector.map)
write_basic_package_version_file(${PROJECT_BINARY_DIR}/lib/cmake/Patchbay/PatchbayConfigVersion.cmake
  VERSION ${PROJECT_VERSION} COMPATIBILITY SameMajorVersion ARCH_INDEPENDENT)

install(DIRECTORY ${sdk}/include/patchbay DESTINATION include COMPONENT sdk)
install(FILES ${package_files} ${PROJECT_BINARY_DIR}/lib/cmake/Patchbay/PatchbayConfigVersion.cmake
  DESTINATION lib/cmake/Patchbay COMPONENT sdk)
install(FILES ${sdk}/README.md ${sdk}/TRANSCRIPTS.md DESTINATION share/patchbay COMPONENT sdk)
install(DIRECTORY ${sdk}/schema ${sdk}/template ${sdk}/examples DESTINATION share/patchbay COMPONENT sdk)

file(MAKE_DIRECTORY ${PROJECT_BINARY_DIR}/share)
file(CREATE_LINK ${sdk}/include ${PROJECT_BINARY_DIR}/include SYMBOLIC)
file(CREATE_LINK ${sdk} ${PROJECT_BINARY_DIR}/share/patchbay SYMBOLIC)
foreach(file ${package_files})
  get_filename_component(name ${file} NAME)
  file(CREATE_LINK ${file} ${PROJECT_BINARY_DIR}/lib/cmake/Patchbay/${name} SYMBOLIC)
endforeach()
