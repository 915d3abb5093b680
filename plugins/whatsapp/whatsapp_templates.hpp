/// The operation `templates`: what the business account has had approved, page by page.
#pragma once

#include <patchbay/connector.hpp>

#include "whatsapp_graph.hpp"

namespace patchbay::whatsapp {

/// The page that the carry names; the first without one.
/// @throws Refused  the business account is not known
Step templatesStep(const Account& account, const Carry& carry);

/// Takes a page (an answer with 2xx) and asks for the next, or ends with the list.
Step proceedTemplates(const Account& account, const Carry& carry, const Response& response, const Call& call);

}  // namespace patchbay::whatsapp
