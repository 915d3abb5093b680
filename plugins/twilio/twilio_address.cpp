#include "twilio_address.hpp"

#include <algorithm>
#include <array>

namespace patchbay::twilio {
namespace {

constexpr std::string_view kPrefix = "whatsapp:";
constexpr std::size_t kMaxAddress = 320;  // event.schema.json

std::string_view trimmed(std::string_view text) {
  const auto begin = text.find_first_not_of(" \t");
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t") - begin + 1);
}

}  // namespace

bool isE164(std::string_view text) {
  return text.size() >= 8 && text.size() <= 16 && text[0] == '+' && text[1] != '0' &&
         std::all_of(text.begin() + 1, text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

std::optional<Address> addressOf(std::string_view text) {
  text = trimmed(text);
  if (text.empty() || text.size() > kMaxAddress) return std::nullopt;
  if (text.starts_with(kPrefix)) {
    text = trimmed(text.substr(kPrefix.size()));
    if (text.empty()) return std::nullopt;
    return Address{kWhatsApp, std::string(text)};
  }
  return Address{isE164(text) ? kPhone : kSender, std::string(text)};
}

std::string wireOf(const Address& address) {
  return (address.kind == kWhatsApp ? std::string(kPrefix) : std::string()) + address.address;
}

bool isLoopback(std::string_view url) {
  const auto scheme = url.find("://");
  std::string_view host = scheme == std::string_view::npos ? url : url.substr(scheme + 3);
  host = host.substr(0, host.find_first_of("/?#"));
  if (host.starts_with('[')) return host.starts_with("[::1]");
  host = host.substr(0, host.find(':'));
  return host == "localhost" || host.ends_with(".localhost") || host.starts_with("127.");
}

bool isTollFree(std::string_view number) {
  static constexpr std::array<std::string_view, 7> kCodes = {"800", "833", "844", "855", "866", "877", "888"};
  return number.size() == 12 && number.starts_with("+1") &&
         std::find(kCodes.begin(), kCodes.end(), number.substr(2, 3)) != kCodes.end();
}

}  // namespace patchbay::twilio
