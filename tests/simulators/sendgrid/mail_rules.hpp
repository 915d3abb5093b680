/// What `POST /v3/mail/send` takes: the documented rules of its body.
#pragma once

#include <string>
#include <vector>

#include <patchbay/json.hpp>

namespace patchbay::simulators::sendgrid {

struct RuleBroken {
  std::string message;
  std::string field;  ///< "personalizations.0.to.0.email"; empty where no field is to blame
};

/// Every rule that the body breaks; empty when it is accepted.
std::vector<RuleBroken> checkMail(const Json& body);

}  // namespace patchbay::simulators::sendgrid
