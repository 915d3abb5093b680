# patchbay_find_json(FOLDERS WHY): the include folders of nlohmann/json, which the C++ layer reads JSON with; connector.h
# and json.h need nothing. Empty in a project without C++. WHY says what is missing, and is empty when all is well.
#
# Folders and not the imported target: whoever links the SDK would need to find the package too.
function(patchbay_find_json folders_out why_out)
  set(${folders_out} "" PARENT_SCOPE)
  set(${why_out} "" PARENT_SCOPE)
  get_property(languages GLOBAL PROPERTY ENABLED_LANGUAGES)
  if(NOT CXX IN_LIST languages)
    return()
  endif()
  find_package(nlohmann_json 3.10 QUIET)
  if(NOT nlohmann_json_FOUND)
    string(CONCAT why "The Patchbay SDK needs nlohmann/json 3.10 or later: install nlohmann-json3-dev (Debian, Ubuntu), or set "
                      "nlohmann_json_DIR to the folder of its CMake files. A connector in plain C does not need it: "
                      "project(... LANGUAGES C)")
    set(${why_out} "${why}" PARENT_SCOPE)
    return()
  endif()
  get_target_property(folders nlohmann_json::nlohmann_json INTERFACE_INCLUDE_DIRECTORIES)
  set(${folders_out} "${folders}" PARENT_SCOPE)
endfunction()
