# patchbay_add_connector(): how a connector is built, the same for the connectors of the tree and for yours.
#
#   patchbay_add_connector(acme
#     SOURCES  acme_connector.cpp acme_receive.cpp
#     TESTS    acme_receive_test.cpp        # GoogleTest; linked with the same objects. Built when PATCHBAY_TESTS is on
#     LINK     some_static_library          # parsing libraries; linked in, none of their symbols leave the connector
#     MANIFEST manifest.json)               # the default
#
# makes
#   connector_acme           MODULE   acme.so in ${PATCHBAY_CONNECTOR_OUTPUT} (build/connectors), which exports patchbay_connector_v1 alone
#   connector_acme_objects   OBJECT   what acme.so and the tests are linked from
#   connector_acme_test      the tests, registered with ctest under this name
#
# Sources may be C++20 or C11. The manifest is checked while building and compiled into the ELF section
# .patchbay.manifest, where the host reads it without loading the library; C connectors include "patchbay_manifest.h".

include_guard(GLOBAL)

function(patchbay_add_connector id)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "MANIFEST" "SOURCES;TESTS;LINK")
  if(arg_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "patchbay_add_connector(${id}): unknown argument '${arg_UNPARSED_ARGUMENTS}'")
  endif()
  if(NOT arg_SOURCES)
    message(FATAL_ERROR "patchbay_add_connector(${id}): SOURCES is missing")
  endif()
  if(NOT id MATCHES "^[a-z][a-z0-9_-]*$")
    message(FATAL_ERROR "patchbay_add_connector(${id}): an id is lower-case letters, digits, '-' and '_'")
  endif()
  if(NOT arg_MANIFEST)
    set(arg_MANIFEST manifest.json)
  endif()
  get_filename_component(manifest ${arg_MANIFEST} ABSOLUTE)
  set(here ${CMAKE_CURRENT_FUNCTION_LIST_DIR})
  if(NOT PATCHBAY_CONNECTOR_OUTPUT)
    set(PATCHBAY_CONNECTOR_OUTPUT ${CMAKE_BINARY_DIR}/connectors)
  endif()

  set(target connector_${id})
  set(generated ${CMAKE_CURRENT_BINARY_DIR}/${target})
  get_property(languages GLOBAL PROPERTY ENABLED_LANGUAGES)
  set(manifest_source ${generated}/patchbay_manifest.c)
  if(NOT C IN_LIST languages)
    set(manifest_source ${generated}/patchbay_manifest.cpp)
  endif()
  add_custom_command(
    OUTPUT ${manifest_source} ${generated}/patchbay_manifest.h
    COMMAND ${CMAKE_COMMAND} -DID=${id} -DMANIFEST=${manifest} -DSOURCE=${manifest_source}
            -DHEADER=${generated}/patchbay_manifest.h -P ${here}/embed_manifest.cmake
    DEPENDS ${manifest} ${here}/embed_manifest.cmake
    COMMENT "Manifest of ${id}"
    VERBATIM)

  add_library(${target}_objects OBJECT ${arg_SOURCES} ${manifest_source} ${generated}/patchbay_manifest.h)
  target_include_directories(${target}_objects PUBLIC ${CMAKE_CURRENT_SOURCE_DIR} PRIVATE ${generated})
  target_link_libraries(${target}_objects PUBLIC Patchbay::sdk ${arg_LINK})
  target_compile_features(${target}_objects PUBLIC c_std_11 "$<$<IN_LIST:CXX,${languages}>:cxx_std_20>")
  set_target_properties(${target}_objects PROPERTIES
    POSITION_INDEPENDENT_CODE ON
    C_VISIBILITY_PRESET hidden
    CXX_VISIBILITY_PRESET hidden
    VISIBILITY_INLINES_HIDDEN ON)
  # STB_GNU_UNIQUE symbols would keep the library mapped for the life of the process. clang never makes them.
  target_compile_options(${target}_objects PRIVATE $<$<COMPILE_LANG_AND_ID:CXX,GNU>:-fno-gnu-unique>)
  if(TARGET patchbay_options)  # our own warnings; a stranger brings his own
    target_link_libraries(${target}_objects PRIVATE patchbay_options)
  endif()

  add_library(${target} MODULE)
  target_link_libraries(${target} PRIVATE ${target}_objects)
  set_target_properties(${target} PROPERTIES
    PREFIX "" OUTPUT_NAME ${id} SUFFIX .so
    LIBRARY_OUTPUT_DIRECTORY ${PATCHBAY_CONNECTOR_OUTPUT}
    LINK_DEPENDS ${here}/connector.map)
  if(CXX IN_LIST languages)
    set_target_properties(${target} PROPERTIES LINKER_LANGUAGE CXX)
  endif()
  target_link_options(${target} PRIVATE
    -Wl,--version-script=${here}/connector.map
    -Wl,--exclude-libs,ALL   # nothing of a static library leaves
    -Wl,--gc-sections)
  # A symbol that nobody defines fails here and not in the host. A sanitizer's symbols are defined by the host, though.
  if(NOT PATCHBAY_SANITIZE AND NOT "${CMAKE_C_FLAGS} ${CMAKE_CXX_FLAGS}" MATCHES "-fsanitize=")
    target_link_options(${target} PRIVATE -Wl,-z,defs)
  endif()

  if(PATCHBAY_TESTS AND arg_TESTS)
    find_package(GTest REQUIRED)
    add_executable(${target}_test ${arg_TESTS})
    target_link_libraries(${target}_test PRIVATE ${target}_objects GTest::gtest_main)
    if(TARGET patchbay_options)
      target_link_libraries(${target}_test PRIVATE patchbay_options)
    endif()
    target_compile_definitions(${target}_test PRIVATE
      PATCHBAY_CONNECTOR_SOURCE_DIR="${CMAKE_CURRENT_SOURCE_DIR}"
      PATCHBAY_CONNECTOR_LIBRARY="${PATCHBAY_CONNECTOR_OUTPUT}/${id}.so")
    add_dependencies(${target}_test ${target})
    add_test(NAME ${target}_test COMMAND ${target}_test)
    set_tests_properties(${target}_test PROPERTIES TIMEOUT 120)
  endif()
endfunction()
