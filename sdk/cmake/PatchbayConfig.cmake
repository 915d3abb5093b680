# find_package(Patchbay 1.0 REQUIRED) in a connector's CMakeLists.txt. It gives
#
#   patchbay_add_connector()   how a connector is built: PatchbayConnector.cmake
#   Patchbay::sdk              the headers; patchbay_add_connector() links it
#   Patchbay::patchbay         the program, when it is installed with the SDK: `patchbay check` is one of the tests then
#
# The SDK may be moved as a whole: everything is found from where this file is, <prefix>/lib/cmake/Patchbay.

get_filename_component(patchbay_prefix ${CMAKE_CURRENT_LIST_DIR}/../../.. ABSOLUTE)

include(${CMAKE_CURRENT_LIST_DIR}/PatchbayJson.cmake)
patchbay_find_json(patchbay_json_folders patchbay_why)
if(patchbay_why)
  set(Patchbay_FOUND FALSE)
  set(Patchbay_NOT_FOUND_MESSAGE "${patchbay_why}")
  return()
endif()

if(NOT TARGET Patchbay::sdk)
  add_library(Patchbay::sdk INTERFACE IMPORTED)
  set_target_properties(Patchbay::sdk PROPERTIES
    INTERFACE_INCLUDE_DIRECTORIES "${patchbay_prefix}/include;${patchbay_json_folders}")
endif()
if(NOT TARGET Patchbay::patchbay AND EXISTS ${patchbay_prefix}/bin/patchbay)
  add_executable(Patchbay::patchbay IMPORTED)
  set_target_properties(Patchbay::patchbay PROPERTIES IMPORTED_LOCATION ${patchbay_prefix}/bin/patchbay)
endif()

include(${CMAKE_CURRENT_LIST_DIR}/PatchbayConnector.cmake)

# Without it add_test() does nothing, silently. Here and not in the function: it only counts in the caller's own scope.
enable_testing()
