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
// The same, packed by gzip.
std::string_view swagger_ui_bundle_gz();
std::string_view swagger_ui_style_gz();
std::string_view redoc_bundle_gz();

}  // namespace patchbay::api::embedded
