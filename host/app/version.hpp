#pragma once

namespace patchbay::app {

inline constexpr const char* kVersion = PATCHBAY_VERSION;  ///< from CMakeLists.txt

}  // namespace patchbay::app
