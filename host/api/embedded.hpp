/// Files that are part of the program (see embedded.cpp.in).
#pragma once

#include <string_view>

namespace patchbay::api::embedded {

std::string_view openapi_yaml();

// host/api/docs
std::string_view swagger_html();
std::string_view swagger_init();
std::string_view redoc_html();
std::string_view redoc_init();

// Of the npm packages swagger-ui-dist and redoc (host/api/docs/package.json).
std::string_view swagger_ui_bundle();
std::string_view swagger_ui_style();
std::string_view swagger_ui_icon();
std::string_view redoc_bundle();

}  // namespace patchbay::api::embedded
