/// What an instance may call outside of its turns; shared by channel.cpp and channel_factory.cpp.
#pragma once

#include "connectors/channel.hpp"

namespace patchbay::connectors {

struct Channel::HostServices {
  explicit HostServices(std::string channel);
  HostServices(const HostServices&) = delete;  // `table` points back here
  HostServices& operator=(const HostServices&) = delete;

  std::string who;  ///< "tenant/channel"
  pb_host table{};
};

}  // namespace patchbay::connectors
