/// Which number we are, besides where the API is.
#pragma once

#include <string>

#include "meta/graph.hpp"

namespace patchbay::whatsapp {

using meta::authorised;
using meta::textAt;
using meta::urlOf;

/// From the channel's config.
struct Account : meta::Api {
  std::string phone_number_id;
  std::string waba_id;  ///< may be empty
};

}  // namespace patchbay::whatsapp
