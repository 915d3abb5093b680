#include "simulators/common/webhook.hpp"

#include "base/text.hpp"

namespace patchbay::simulators {

void checkCallback(const std::string& what, const std::string& url) {
  if (!url.starts_with("http://") && !url.starts_with("https://"))
    throw BadInput(what + ": the callback must be an http or https URL, got '" + url + "'");
}

std::string labelOf(const std::string& callback_url) {
  const auto path = callback_url.substr(0, callback_url.find('?'));
  const auto last = path.rfind('/');
  const auto before = last == std::string::npos || last == 0 ? std::string::npos : path.rfind('/', last - 1);
  return before == std::string::npos ? path : path.substr(before + 1);
}

std::string shortened(const std::string& text) {
  const auto start = firstCodePoints(text, 60);
  return std::string(start) + (start.size() < text.size() ? "..." : "");
}

}  // namespace patchbay::simulators
