#include "mail/own.hpp"

#include "base/text.hpp"
#include "connectors/manifest.hpp"

namespace patchbay::mail {

std::vector<std::string> ownAddresses(const connectors::Channel& channel) {
  std::vector<std::string> own;
  const auto& rule = channel.manifest().mail;
  if (!rule) return own;
  const auto& config = channel.settings().config;
  for (const auto& key : {rule->from, rule->reply_to}) {
    const auto found = key.empty() ? config.end() : config.find(key);
    if (found != config.end() && found->is_string() && !found->get_ref<const std::string&>().empty())
      own.push_back(bareAddress(found->get<std::string>()));
  }
  return own;
}

std::string bareAddress(std::string_view address) {
  const auto at = address.rfind('@');
  if (at == std::string_view::npos) return lowerAscii(address);
  const auto local = address.substr(0, at);
  return lowerAscii(std::string(local.substr(0, local.find('+'))) + std::string(address.substr(at)));
}

}  // namespace patchbay::mail
