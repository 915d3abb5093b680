#include "base/problem.hpp"

#include <patchbay/json.hpp>
#include <string>

namespace patchbay::http {

Response problemDocument(const ProblemText& text) {
  Json body = {{"type", "urn:patchbay:problem:" + std::string(text.code)},
               {"title", reason(text.status)},
               {"status", text.status},
               {"detail", std::string(text.detail)},
               {"instance", "urn:patchbay:request:" + std::string(text.request_id)},
               {"code", std::string(text.code)},
               {"errors", Json::array()},
               {"request_id", std::string(text.request_id)}};
  if (text.fields != nullptr)
    for (const FieldError& field : *text.fields)
      body["errors"].push_back({{"pointer", field.pointer}, {"message", field.message}});
  if (text.status == 404) {
    body["error"] = "Not Found";
    body["message"] = std::string(text.detail);
    body["path"] = std::string(text.path);
  }
  return {text.status, {{"Content-Type", "application/problem+json"}, {"Cache-Control", "no-store"}}, dumpJson(body)};
}

}  // namespace patchbay::http
