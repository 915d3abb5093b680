#include "meta/window.hpp"

namespace patchbay::meta {

bool needsHumanAgent(const Account& account, const Operation& operation) {
  return account.human_agent && !operation.json().value("window", Json::object()).value("open", true);
}

}  // namespace patchbay::meta
