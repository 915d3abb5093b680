#include "simulators/common/control.hpp"

#include "simulators/common/bad_input.hpp"

namespace patchbay::simulators {

HttpReply plain(int status, const Json& body) {
  return {status, {{"Content-Type", "application/json"}}, dumpJson(body) + "\n"};
}

std::chrono::milliseconds waitOf(const HttpRequest& request) {
  const std::string text = request.parameter("timeout_ms");
  return std::chrono::milliseconds(text.empty() ? 0 : parseNumber("'timeout_ms'", text, 0, 120'000));
}

std::size_t atLeast(const HttpRequest& request) {
  const std::string text = request.parameter("at_least");
  return text.empty() ? 0 : static_cast<std::size_t>(parseNumber("'at_least'", text, 0, 1'000'000));
}

Json readable(const std::string& body) {
  try {
    return parseJson(body);
  } catch (const JsonError&) {
    return body;
  }
}

HttpReply wrongInput() try { throw; } catch (const BadInput& problem) {
  return plain(400, {{"error", problem.what()}});
} catch (const JsonError& problem) {
  return plain(400, {{"error", std::string("the body is not JSON: ") + problem.what()}});
} catch (const Json::exception& problem) {
  return plain(400, {{"error", problem.what()}});
}

}  // namespace patchbay::simulators
