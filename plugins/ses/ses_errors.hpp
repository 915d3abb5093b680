// What SES and S3 say when they say no, as the host's classes.
#pragma once

#include <patchbay/connector.hpp>
#include <string>

namespace patchbay::ses {

/// An answer of the API that is no success. Source: the model of API version 2, and "API error codes".
Failure failureOf(const Response& answer);

/// An answer to the fetch of a received mail. Its notification can be quicker than the object: a miss is tried again.
Failure failureOfObject(const Response& answer, const std::string& object);

}  // namespace patchbay::ses
