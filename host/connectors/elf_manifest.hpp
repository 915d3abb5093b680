/// Reads a connector's manifest out of its file, without loading (and so without trusting) the library.
#pragma once

#include <cstddef>
#include <span>
#include <string>

#include "base/result.hpp"

namespace patchbay::connectors {

/// The section that patchbay_add_connector() puts the manifest into.
inline constexpr std::string_view kManifestSection = ".patchbay.manifest";

/// Largest manifest, in bytes.
inline constexpr std::size_t kMaxManifest = 1U << 20U;

/// The bytes of the section `.patchbay.manifest`. Any input is safe; every offset is checked before it is used.
///
/// @param file  the whole file.
/// @return kInvalid with one line that says what is wrong: not ELF, 32-bit, made for another machine, cut off, no such
///         section, too large. The file's name is not in it.
Result<std::string> manifestSection(std::span<const std::byte> file);

/// The same for a file, of which only the parts that matter are read.
/// @return also when it cannot be opened or read; the message then holds the system's reason.
Result<std::string> readManifestSection(const std::string& path);

}  // namespace patchbay::connectors
