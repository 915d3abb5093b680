# patchbay_add_connector(): how a connector is built, the same for the connectors of the tree and for yours.
#
#   patchbay_add_connector(acme
#     SOURCES     acme_connector.cpp acme_receive.cpp
#     TESTS       acme_receive_test.cpp     # GoogleTest; linked with the same objects
#     TRANSCRIPTS transcripts               # a folder: `patchbay check` with it becomes a test
#     LINK        some_static_library       # parsing libraries; linked in, none of their symbols leave the connector
#     MANIFEST    manifest.json)            # the default
#
# makes
#   connector_acme           MODULE   acme.so in ${PATCHBAY_CONNECTOR_OUTPUT} (build/connectors), which exports
#                                     patchbay_connector_v1 alone
#   connector_acme_objects   OBJECT   what acme.so and the tests are linked from
#   connector_acme_test      the tests, registered with ctest under this name
#   check_acme               registered with ctest, where the program `patchbay` is installed with the SDK
#
# and `cmake --install` puts acme.so into lib/patchbay/connectors, where a host looks, unless PATCHBAY_CONNECTOR_OUTPUT is
# set. -DPATCHBAY_TESTS=OFF leaves the tests out.
#
# Sources may be C++20 or C11. The manifest is checked while building and compiled into the ELF section
# .patchbay.manifest, where the host reads it without loading the library; C connectors include "patchbay_manifest.h".

include_guard(GLOBAL)

function(patchbay_add_connector id)
  set(me "patchbay_add_connector(${id})")
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "MANIFEST;TRANSCRIPTS" "SOURCES;TESTS;LINK")
  if(arg_UNPARSED_ARGUMENTS)
    list(GET arg_UNPARSED_ARGUMENTS 0 first)
    message(FATAL_ERROR "${me}: unknown argument '${first}'; it takes SOURCES, TESTS, TRANSCRIPTS, LINK and MANIFEST, each "
                        "followed by its values")
  endif()
  if(NOT id MATCHES "^[a-z][a-z0-9_-]*$")
    message(FATAL_ERROR "${me}: an id is lower-case letters, digits, '-' and '_', and begins with a letter")
  endif()
  if(NOT arg_SOURCES)
    message(FATAL_ERROR "${me}: SOURCES is missing: list your .cpp or .c files after it")
  endif()
  if(NOT arg_MANIFEST)
    set(arg_MANIFEST manifest.json)
  endif()
  get_filename_component(manifest ${arg_MANIFEST} ABSOLUTE)
  if(NOT EXISTS ${manifest})
    message(FATAL_ERROR "${me}: there is no ${manifest}; a connector has a manifest (share/patchbay/README.md, \"The "
                        "manifest\"). `patchbay new` writes one to begin with")
  endif()
  get_property(languages GLOBAL PROPERTY ENABLED_LANGUAGES)
  if("${arg_SOURCES};${arg_TESTS}" MATCHES "\\.(cpp|cc|cxx)(;|$)" AND NOT CXX IN_LIST languages)
    message(FATAL_ERROR "${me}: it has C++ files, but the project does not speak C++: project(${id} LANGUAGES C CXX)")
  endif()
  if("${arg_SOURCES}" MATCHES "\\.c(;|$)" AND NOT C IN_LIST languages)
    message(FATAL_ERROR "${me}: it has C files, but the project does not speak C: project(${id} LANGUAGES C)")
  endif()
  set(here ${CMAKE_CURRENT_FUNCTION_LIST_DIR})
  set(target connector_${id})
  set(installed FALSE)
  if(NOT PATCHBAY_CONNECTOR_OUTPUT)
    set(PATCHBAY_CONNECTOR_OUTPUT ${CMAKE_BINARY_DIR}/connectors)
    set(installed TRUE)
  endif()

  set(generated ${CMAKE_CURRENT_BINARY_DIR}/${target})
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
  # Asserts stay on: a look-up of the JSON library that cannot be must stop and not go on with garbage. (Without them g++ 12
  # also warns of array bounds inside of that library, falsely.)
  target_compile_options(${target}_objects PUBLIC -UNDEBUG)
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
  if(installed)
    install(TARGETS ${target} LIBRARY DESTINATION lib/patchbay/connectors COMPONENT connectors)
  endif()

  if(DEFINED PATCHBAY_TESTS AND NOT PATCHBAY_TESTS)
    return()
  endif()
  if(arg_TESTS)
    find_package(GTest QUIET)
    if(NOT GTest_FOUND)
      message(FATAL_ERROR "${me}: its TESTS need GoogleTest: install libgtest-dev (Debian, Ubuntu), or leave the tests out "
                          "with -DPATCHBAY_TESTS=OFF")
    endif()
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
    set_tests_properties(${target}_test PROPERTIES TIMEOUT 300)
  endif()
  if(arg_TRANSCRIPTS)
    get_filename_component(transcripts ${arg_TRANSCRIPTS} ABSOLUTE)
    if(NOT IS_DIRECTORY ${transcripts})
      message(FATAL_ERROR "${me}: TRANSCRIPTS: there is no folder ${transcripts}")
    endif()
    if(TARGET Patchbay::patchbay)
      add_test(NAME check_${id} COMMAND Patchbay::patchbay check $<TARGET_FILE:${target}> --transcripts ${transcripts})
      set_tests_properties(check_${id} PROPERTIES TIMEOUT 300)
    else()
      message(STATUS "${me}: the program patchbay is not installed with this SDK, so its transcripts are no test here")
    endif()
  endif()
endfunction()
