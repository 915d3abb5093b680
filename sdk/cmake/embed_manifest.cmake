# Checks a manifest and writes it as an object for the linker: cmake -DID=.. -DMANIFEST=.. -DSOURCE=.. -DHEADER=.. -P this
#
# This check is for early and clear messages; the host applies the whole of schema/manifest.schema.json.
cmake_minimum_required(VERSION 3.25)

file(READ ${MANIFEST} text)
file(SIZE ${MANIFEST} size)
if(size GREATER 1048576)
  message(FATAL_ERROR "${MANIFEST}: ${size} bytes, and a manifest has at most 1048576")
endif()

string(JSON type ERROR_VARIABLE error TYPE "${text}")
if(error)
  message(FATAL_ERROR "${MANIFEST}: not JSON: ${error}")
endif()
if(NOT type STREQUAL "OBJECT")
  message(FATAL_ERROR "${MANIFEST}: must be a JSON object, is ${type}")
endif()
foreach(rule id:STRING name:STRING version:STRING platform:STRING config:OBJECT egress:ARRAY capabilities:OBJECT)
  string(REPLACE ":" ";" rule ${rule})
  list(GET rule 0 member)
  list(GET rule 1 wanted)
  string(JSON type ERROR_VARIABLE error TYPE "${text}" ${member})
  if(error OR NOT type STREQUAL wanted)
    string(TOLOWER ${wanted} wanted)
    message(FATAL_ERROR "${MANIFEST}: '${member}' is missing or not of type ${wanted} (sdk/schema/manifest.schema.json)")
  endif()
endforeach()
string(JSON id GET "${text}" id)
if(NOT id STREQUAL ID)
  message(FATAL_ERROR "${MANIFEST}: 'id' is '${id}', but the connector is built as '${ID}'")
endif()

file(READ ${MANIFEST} hex HEX)
string(REGEX REPLACE "(..)" "0x\\1," bytes "${hex}")
string(REGEX REPLACE "(................................................................................)" "\\1\n    " bytes "${bytes}")
file(CONFIGURE OUTPUT ${HEADER} @ONLY CONTENT [[
/* Made from @MANIFEST@ */
#ifndef PATCHBAY_MANIFEST_H
#define PATCHBAY_MANIFEST_H
#ifdef __cplusplus
extern "C" {
#endif
#define PATCHBAY_MANIFEST_SIZE @size@
/* The manifest of this connector, for pb_connector.manifest; not NUL-terminated. */
extern const unsigned char patchbay_manifest[PATCHBAY_MANIFEST_SIZE];
extern const unsigned long long patchbay_manifest_size;
#ifdef __cplusplus
}
#endif
#endif
]])
file(CONFIGURE OUTPUT ${SOURCE} @ONLY CONTENT [[
/* Made from @MANIFEST@. `used` and `retain` keep the section through --gc-sections; strip keeps allocated sections.
   clang's AddressSanitizer would add its red zone to the section's bytes; gcc's leaves variables with a section alone. */
#include "patchbay_manifest.h"
#ifdef __clang__
__attribute__((no_sanitize("address")))
#endif
__attribute__((section(".patchbay.manifest"), used, retain, visibility("hidden")))
const unsigned char patchbay_manifest[PATCHBAY_MANIFEST_SIZE] = {
    @bytes@
};
__attribute__((visibility("hidden"))) const unsigned long long patchbay_manifest_size = PATCHBAY_MANIFEST_SIZE;
]])
