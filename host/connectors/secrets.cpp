#include "connectors/secrets.hpp"

namespace patchbay::connectors {
namespace {

constexpr std::string_view kOpen = "{{secret:";
constexpr std::string_view kClose = "}}";

/// The next marker at or after `from`: where it starts and ends, and whose it is.
struct Marker {
  std::size_t begin = std::string_view::npos;
  std::size_t end = 0;
  std::string_view name;
};

Marker nextMarker(std::string_view text, std::size_t from, std::string_view nonce) {
  for (auto open = text.find(kOpen, from); open != std::string_view::npos; open = text.find(kOpen, open + 1)) {
    const auto close = text.find(kClose, open);
    if (close == std::string_view::npos) break;
    // Before the same end there may be several starts; the last is the one.
    open = text.rfind(kOpen, close);
    auto inner = text.substr(open + kOpen.size(), close - open - kOpen.size());
    if (!nonce.empty()) {
      if (inner.size() <= nonce.size() || !inner.ends_with(nonce) || inner[inner.size() - nonce.size() - 1] != ':')
        continue;
      inner.remove_suffix(nonce.size() + 1);
    }
    return {open, close + kClose.size(), inner};
  }
  return {};
}

}  // namespace

Secrets::Secrets(std::map<std::string, std::vector<std::string>> values, std::string nonce)
    : values_(values.begin(), values.end()), nonce_(std::move(nonce)) {}

std::string Secrets::marker(std::string_view name) const {
  return std::string{kOpen} + std::string{name} + (nonce_.empty() ? "" : ":" + nonce_) + std::string{kClose};
}

const std::vector<std::string>& Secrets::values(std::string_view name) const {
  static const std::vector<std::string> none;
  const auto found = values_.find(name);
  return found == values_.end() ? none : found->second;
}

bool Secrets::hasMarker(std::string_view text) const {
  return nextMarker(text, 0, nonce_).begin != std::string_view::npos;
}

Result<std::string> Secrets::expand(std::string_view text) const {
  std::string result;
  std::size_t done = 0;
  for (auto marker = nextMarker(text, 0, nonce_); marker.begin != std::string_view::npos;
       marker = nextMarker(text, marker.end, nonce_)) {
    const auto& live = values(marker.name);
    if (live.empty())
      return Error{ErrorKind::kInvalid, "unknown_secret",
                   "a marker names the secret '" + std::string{marker.name} + "', which this channel does not have"};
    result.append(text.substr(done, marker.begin - done)).append(live.front());
    done = marker.end;
  }
  return result.append(text.substr(done));
}

}  // namespace patchbay::connectors
