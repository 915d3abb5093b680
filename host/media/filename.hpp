/// File names and media types that came from outside, made safe to store, to send on and to offer for download.
#pragma once

#include <string>
#include <string_view>

namespace patchbay::media {

/// A name without path, control characters, quotes or leading dots; at most 120 bytes of valid UTF-8, the extension
/// kept. Empty when nothing of the name remains.
std::string safeFilename(std::string_view name);

/// A name to be shown: without the folders before it, without control characters, and without the marks that turn the
/// direction of writing round ("exe.fdp" would be shown as "pdf.exe").
std::string shownFilename(std::string_view name);

/// "image/jpeg" or "audio/ogg; codecs=opus" when it has that form (lower-case type), else "application/octet-stream".
std::string safeMimeType(std::string_view type);

}  // namespace patchbay::media
