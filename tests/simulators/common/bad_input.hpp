/// What a person or a test asked of a simulator and cannot have. Thrown by whatever reads such input, caught where the
/// control API (400 with the text) or the command line (exit status 2) takes it in.
#pragma once

#include <stdexcept>
#include <string>
#include <string_view>

#include <patchbay/json.hpp>

namespace patchbay::simulators {

class BadInput : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// Refuses members of `object` that are not in `known`: a misspelt switch that is ignored makes a test that cannot
/// fail.
void allowOnly(const Json& object, std::string_view what, std::initializer_list<std::string_view> known);

/// Member `name` as text, a whole number or a truth value; `otherwise` when it is absent. @throws BadInput  another
/// type.
std::string textOr(const Json& object, const char* name, const std::string& otherwise);
long long numberOr(const Json& object, const char* name, long long otherwise);
bool truthOr(const Json& object, const char* name, bool otherwise);

/// Whole decimal number within [low, high]. @throws BadInput  naming `what` and the rule.
long long parseNumber(std::string_view what, std::string_view text, long long low, long long high);

}  // namespace patchbay::simulators
