/// One wording for both listeners when an address cannot be had.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace patchbay::edge {

/// "cannot listen on 0.0.0.0:8003: Address already in use. Another program is listening there; stop it or ..."
/// @param error   errno of bind or listen
/// @param remedy  how another port is chosen for this listener: "choose another port with PORT or --port"
std::string listenErrorText(const std::string& host, std::uint16_t port, int error, std::string_view remedy);

}  // namespace patchbay::edge
