#include "simulators/openhook/command.hpp"

#include <array>
#include <csignal>

#include "simulators/common/command_line.hpp"
#include "simulators/common/console.hpp"
#include "simulators/openhook/openhook_simulator.hpp"

namespace patchbay::simulators::openhook {
namespace {

constexpr std::array<OptionRule, 10> kOptions{{
    {"callback", "URL", "the webhook of the channel"},
    {"host", "ADDRESS", "listen address (127.0.0.1)"},
    {"port", "PORT", "0 lets the system choose (0)"},
    {"secret", "whsec_...", "signs both directions"},
    {"fail", "what=...,...", "a failure to play; repeat for more: a status, timeout, close_after_request"},
    {"seed", "N", "repeatable ids; without it they differ at each start"},
    {"quiet", "", "print the listening line only"},
    {"with-parent", "", "end when the process that started this one ends"},
    {"help", "", "this text"},
    {"version", "", "the version"},
}};

}  // namespace

int run(const std::vector<std::string>& arguments, const sigset_t& stop) {
  const CommandLine line(kOptions, arguments);
  if (printed(line, kOptions,
              "patchbay-simulate openhook: a system of somebody's own behind an open webhook.\n\n"
              "  patchbay-simulate openhook --callback http://127.0.0.1:8003/api/v1/webhooks/acme/shop\n\n"
              "The first line it prints is \"listening on URL\": URL/hook is the connector's `url`, and under "
              "URL/_simulator/\n"
              "is a control API to deliver events, order failures and see what was sent."))
    return 0;
  Options options;
  readCommonOptions(line, options);
  options.secret = line.get("secret", options.secret);
  options.callback_url = line.get("callback", "");
  (void)signatureOf(options.secret, "", "", "");  // a wrong secret is said at once
  followParent(line);
  OpenHookSimulator peer(std::move(options));
  for (Failure& failure : failuresOf(line)) peer.failNext(std::move(failure));
  announce(peer.url());
  waitForStop(stop);
  return 0;
}

}  // namespace patchbay::simulators::openhook
