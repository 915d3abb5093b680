# cmake -DPREFIX=build folder -DWORK=folder -P cmake_test.cmake
# What authors do wrong in CMakeLists.txt and manifest.json is told by the rule that is broken, and the remedy.
cmake_minimum_required(VERSION 3.25)
file(REMOVE_RECURSE ${WORK})

# refused(NAME "what the message must say, line breaks as blanks" PACKAGE CALL): configures a project without any language.
function(refused name message package call)
  file(WRITE ${WORK}/${name}/acme.c "")
  if(NOT name STREQUAL no_manifest)
    file(WRITE ${WORK}/${name}/manifest.json "{}")
  endif()
  file(WRITE ${WORK}/${name}/CMakeLists.txt
    "cmake_minimum_required(VERSION 3.25)\nproject(acme LANGUAGES NONE)\nfind_package(${package} REQUIRED)\n${call}\n")
  execute_process(COMMAND ${CMAKE_COMMAND} -S ${WORK}/${name} -B ${WORK}/${name}/build -DCMAKE_PREFIX_PATH=${PREFIX}
    RESULT_VARIABLE status OUTPUT_VARIABLE out ERROR_VARIABLE text)
  string(REGEX REPLACE "[ \n]+" " " text "${text}")
  string(FIND "${text}" "${message}" at)
  if(status EQUAL 0 OR at EQUAL -1)
    message(FATAL_ERROR "${name} ended with ${status} and did not say '${message}':\n${text}")
  endif()
endfunction()

refused(version "requested version \"2.0\"" "Patchbay 2.0" "")
refused(argument "unknown argument 'SOURCE'; it takes SOURCES, TESTS, TRANSCRIPTS, LINK and MANIFEST" "Patchbay 1.0"
  "patchbay_add_connector(acme SOURCE acme.c)")
refused(id "patchbay_add_connector(Acme): an id is lower-case letters, digits, '-' and '_', and begins with a letter" "Patchbay 1.0"
  "patchbay_add_connector(Acme SOURCES acme.c)")
refused(sources "SOURCES is missing: list your .cpp or .c files after it" "Patchbay 1.0" "patchbay_add_connector(acme)")
refused(no_manifest "manifest.json; a connector has a manifest" "Patchbay 1.0" "patchbay_add_connector(acme SOURCES acme.c)")
refused(c_plus_plus "it has C++ files, but the project does not speak C++: project(acme LANGUAGES C CXX)" "Patchbay 1.0"
  "patchbay_add_connector(acme SOURCES acme.cpp)")
refused(c "it has C files, but the project does not speak C: project(acme LANGUAGES C)" "Patchbay 1.0"
  "patchbay_add_connector(acme SOURCES acme.c)")

# The manifest, as it is compiled in.
function(refused_manifest text message)
  file(WRITE ${WORK}/manifest.json "${text}")
  execute_process(COMMAND ${CMAKE_COMMAND} -DID=acme -DMANIFEST=${WORK}/manifest.json -DSOURCE=${WORK}/m.c -DHEADER=${WORK}/m.h
    -P ${PREFIX}/lib/cmake/Patchbay/embed_manifest.cmake RESULT_VARIABLE status ERROR_VARIABLE said)
  string(REGEX REPLACE "[ \n]+" " " said "${said}")
  string(FIND "${said}" "${message}" at)
  if(status EQUAL 0 OR at EQUAL -1)
    message(FATAL_ERROR "the manifest ${text} ended with ${status} and did not say '${message}':\n${said}")
  endif()
endfunction()
refused_manifest("{" "manifest.json: not JSON")
refused_manifest("[]" "must be a JSON object, is ARRAY")
refused_manifest("{\"id\": 7}" "'id' is missing or not of type string")
refused_manifest([[{"id": "other", "name": "", "version": "", "platform": "", "config": {}, "egress": [], "capabilities": {}}]]
  "'id' is 'other', but the connector is built as 'acme'")
