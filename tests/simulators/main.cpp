/// `patchbay-simulate PROVIDER [options]`: plays a provider's API and its customers.
#include <algorithm>
#include <csignal>
#include <cstdio>
#include <exception>
#include <string>
#include <string_view>
#include <vector>

#include "simulators/common/bad_input.hpp"
#include "simulators/openhook/command.hpp"
#include "simulators/pages/command.hpp"
#include "simulators/sendgrid/command.hpp"
#include "simulators/ses/command.hpp"
#include "simulators/telegram/command.hpp"
#include "simulators/twilio/command.hpp"
#include "simulators/whatsapp/command.hpp"

namespace {

struct Provider {
  std::string_view name;
  std::string_view help;
  int (*run)(const std::vector<std::string>& arguments, const sigset_t& stop);
};

constexpr Provider kProviders[] = {
    {"graph", "all three of Meta's on one port", &patchbay::simulators::pages::runGraph},
    {"instagram", "Meta's Instagram messaging", &patchbay::simulators::pages::runInstagram},
    {"messenger", "Meta's Messenger", &patchbay::simulators::pages::runMessenger},
    {"openhook", "a system of your own that signs JSON", &patchbay::simulators::openhook::run},
    {"sendgrid", "SendGrid: Mail Send, Event Webhook, Inbound Parse", &patchbay::simulators::sendgrid::run},
    {"ses", "Amazon SES, SNS and S3", &patchbay::simulators::ses::run},
    {"telegram", "the Telegram Bot API", &patchbay::simulators::telegram::run},
    {"twilio", "Twilio's Messages API: SMS, MMS, WhatsApp", &patchbay::simulators::twilio::run},
    {"whatsapp", "Meta's WhatsApp Cloud API", &patchbay::simulators::whatsapp::run},
};

void printHelp(std::FILE* out) {
  std::fprintf(out, "usage: patchbay-simulate PROVIDER [options]\n\nproviders:\n");
  for (const Provider& provider : kProviders)
    std::fprintf(out, "  %-12s %s\n", std::string(provider.name).c_str(), std::string(provider.help).c_str());
  std::fprintf(out, "\npatchbay-simulate PROVIDER --help lists its options.\n");
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> arguments(argv + std::min(argc, 2), argv + argc);
  const std::string_view name = argc > 1 ? argv[1] : "";
  if (name == "--help" || name == "-h" || name == "help") {
    printHelp(stdout);
    return 0;
  }
  // Blocked before any thread exists, so that only sigwait() ever sees them.
  sigset_t stop;
  sigemptyset(&stop);
  sigaddset(&stop, SIGINT);
  sigaddset(&stop, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &stop, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
  for (const Provider& provider : kProviders) {
    if (provider.name != name) continue;
    try {
      return provider.run(arguments, stop);
    } catch (const patchbay::simulators::BadInput& problem) {
      std::fprintf(stderr, "patchbay-simulate %s: %s\n", argv[1], problem.what());
      return 2;
    } catch (const std::exception& problem) {
      std::fprintf(stderr, "patchbay-simulate %s: %s\n", argv[1], problem.what());
      return 1;
    }
  }
  if (!name.empty()) std::fprintf(stderr, "patchbay-simulate: unknown provider '%s'\n", argv[1]);
  printHelp(stderr);
  return 2;
}
