/// An event that the database refuses, as it is kept in quarantine where no request can be kept instead.
#pragma once

#include "connectors/event.hpp"

namespace patchbay::inbox {

/// In the words of event.schema.json; what is empty is left out.
Json documentOf(const connectors::Event& event);

}  // namespace patchbay::inbox
