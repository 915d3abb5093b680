/// The parts of config.cpp that read the file's sections.
#pragma once

#include "app/config.hpp"
#include "app/section.hpp"

namespace patchbay::app {

/// Everything but the tenants. Paths in the file are relative to its folder, `base`.
void readHostSections(Section& root, const std::filesystem::path& base, Config& config);

/// `tenants`: after readHostSections(), whose values are the channels' defaults.
void readTenants(SectionContext& context, Section& root, const yaml::Document& document, Config& config);

/// Reads a base URL and takes the slash at its end away.
void readBaseUrl(Section& section, std::string_view key, std::string& out);

/// "", or why PostgreSQL's client would not take it.
std::string databaseUrlProblem(std::string_view url);

/// hold, resend, fail.
void readUnknown(Section& section, UnknownSend& out);

}  // namespace patchbay::app
