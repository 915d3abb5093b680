# cmake -DSDK=sdk -DWORK=folder -DCHECK=check_connector [-DLAUNCHER=ccache] -P readme_test.cmake
# What the README shows works: its connectors are built outside of the tree as it says, tested, and checked.
cmake_minimum_required(VERSION 3.25)
file(READ ${SDK}/README.md readme)
file(REMOVE_RECURSE ${WORK})

# Writes the block of that language which begins behind `after` to a file.
function(extract after language file)
  string(FIND "${readme}" "${after}" at)
  if(at EQUAL -1)
    message(FATAL_ERROR "the README does not say: ${after}")
  endif()
  string(SUBSTRING "${readme}" ${at} -1 rest)
  string(FIND "${rest}" "```${language}\n" at)
  if(at EQUAL -1)
    message(FATAL_ERROR "the README has no ${language} behind: ${after}")
  endif()
  string(SUBSTRING "${rest}" ${at} -1 rest)
  string(FIND "${rest}" "\n" begin)
  string(FIND "${rest}" "\n```" end)
  math(EXPR begin "${begin} + 1")
  math(EXPR size "${end} - ${begin} + 1")
  string(SUBSTRING "${rest}" ${begin} ${size} block)
  file(WRITE ${WORK}/${file} "${block}")
endfunction()

function(run)
  execute_process(COMMAND ${ARGN} RESULT_VARIABLE status OUTPUT_VARIABLE text ERROR_VARIABLE text)
  if(NOT status EQUAL 0)
    message(FATAL_ERROR "${ARGN} ended with ${status}:\n${text}")
  endif()
endfunction()

extract("`acme.cpp`:" cpp acme/acme.cpp)
extract("`manifest.json` says" json acme/manifest.json)
extract("`CMakeLists.txt`, in a folder" cmake acme/CMakeLists.txt)
extract("In a unit test" cpp acme/acme_test.cpp)
extract("`transcripts/text.yaml`:" yaml acme/transcripts/text.yaml)
extract("`tiny.c`:" c tiny/tiny.c)
file(WRITE ${WORK}/tiny/manifest.json [[{
  "id": "tiny", "name": "Tiny", "version": "1.0.0", "platform": "tiny", "egress": [], "capabilities": {},
  "config": {"type": "object", "properties": {}}, "webhooks": [{"signatures": [{"scheme": "none"}]}]
}]])
file(WRITE ${WORK}/tiny/CMakeLists.txt [[
cmake_minimum_required(VERSION 3.25)
project(tiny LANGUAGES C)
add_subdirectory(${PATCHBAY_SDK} patchbay-sdk)
patchbay_add_connector(tiny SOURCES tiny.c)
]])

foreach(name acme tiny)
  run(${CMAKE_COMMAND} -S ${WORK}/${name} -B ${WORK}/${name}/build -DPATCHBAY_SDK=${SDK} -DCMAKE_BUILD_TYPE=Debug
      -DCMAKE_CXX_COMPILER_LAUNCHER=${LAUNCHER} -DCMAKE_C_COMPILER_LAUNCHER=${LAUNCHER})
  run(${CMAKE_COMMAND} --build ${WORK}/${name}/build)
endforeach()
run(${CMAKE_CTEST_COMMAND} --test-dir ${WORK}/acme/build --no-tests=error)
run(${CHECK} ${WORK}/acme/build/connectors/acme.so ${WORK}/acme/transcripts)
run(${CHECK} ${WORK}/tiny/build/connectors/tiny.so)
