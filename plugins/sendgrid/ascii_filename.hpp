/// File names that survive: names with other letters reach some recipients of SendGrid's mail garbled.
#pragma once

#include <string>
#include <string_view>

namespace patchbay::sendgrid {

/// `name` in ASCII: letters of the Latin alphabets lose their marks ("résumé.pdf" -> "resume.pdf"), everything else
/// that has no place in a header or a path becomes '_', runs of it one. A name of which nothing is left but its ending
/// is called "attachment". Any bytes; the result is never empty.
std::string asciiFilename(std::string_view name);

}  // namespace patchbay::sendgrid
