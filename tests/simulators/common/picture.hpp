/// What the customers of the demos send.
#pragma once

namespace patchbay::simulators {

/// A chequered picture, 48 x 32, in base64.
inline constexpr const char* kPicturePng =
    "iVBORw0KGgoAAAANSUhEUgAAADAAAAAgCAIAAADbtmxLAAAAR0lEQVR42mP49eEOVvQoQgkrorV6hlEHjTpo1EEjzkEDZTEu9aMOGnXQqINGnoNG"
    "S+pRB406aNRBo+2h0apj1EGjDhrhDgIAogtmtYJLuusAAAAASUVORK5CYII=";

}  // namespace patchbay::simulators
