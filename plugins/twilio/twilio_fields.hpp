/// The parameters of a webhook, from its form or, of a GET, from its query.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <patchbay/turn.hpp>
#include <string>
#include <string_view>

namespace patchbay::twilio {

/// A broken escape stays as it stands: the signature has been verified, so it is Twilio's own.
std::string decoded(std::string_view text);

class Fields {
 public:
  explicit Fields(const Request& request);

  bool empty() const { return values_.empty(); }
  bool has(const std::string& name) const { return values_.count(name) > 0; }
  /// The first value of that name; empty when there is none.
  std::string text(const std::string& name) const;
  /// A number written in digits; 0 for anything else and for what is over `most`.
  unsigned number(const std::string& name, unsigned most) const;
  std::optional<double> decimal(const std::string& name) const;
  /// The parameters as they are kept with what could not be understood; cut at 60,000 bytes.
  std::string raw() const;

 private:
  std::map<std::string, std::string> values_;
};

/// A parameter of a query, decoded; empty when it is not there.
std::string queryValue(std::string_view query, std::string_view name);

}  // namespace patchbay::twilio
