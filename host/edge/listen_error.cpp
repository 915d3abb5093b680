#include "edge/listen_error.hpp"

#include <cerrno>
#include <system_error>

namespace patchbay::edge {

std::string listenErrorText(const std::string& host, std::uint16_t port, int error, std::string_view remedy) {
  const bool v6 = host.find(':') != std::string::npos;
  const std::string where = (v6 ? "[" + host + "]" : host) + ":" + std::to_string(port);
  std::string text = "cannot listen on " + where + ": " + std::generic_category().message(error);
  switch (error) {
    case EADDRINUSE:
      text += "; another program is listening on " + where + "; stop it or ";
      text += remedy;
      break;
    case EACCES:
      text += "; ports below 1024 need the capability CAP_NET_BIND_SERVICE; ";
      text += remedy;
      break;
    case EADDRNOTAVAIL:
      text += "; this machine has no such address; use 0.0.0.0 for all addresses or 127.0.0.1 for this machine only";
      break;
    default:
      break;
  }
  return text;
}

}  // namespace patchbay::edge
