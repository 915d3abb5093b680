/// Serves one certificate by plain HTTP on loopback, for hosts that check what this process signs.
#pragma once

#include <cstdint>
#include <string>

namespace patchbay::bench {

/// Answers every request to 127.0.0.1:`port` with `pem`, from a thread of its own until the process ends.
/// @throws std::runtime_error when the port is taken
void serveCertificate(std::uint16_t port, std::string pem);

}  // namespace patchbay::bench
