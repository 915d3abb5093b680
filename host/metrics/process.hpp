/// Memory, descriptors and time of this process, by the names that every Prometheus client uses.
#pragma once

#include "metrics/page.hpp"

namespace patchbay::metrics {

/// Any thread. Reads /proc; what cannot be read is left out.
void collectProcess(Page& page);

}  // namespace patchbay::metrics
