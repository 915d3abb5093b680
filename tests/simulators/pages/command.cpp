#include "simulators/pages/command.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdio>
#include <optional>

#include "simulators/common/bad_input.hpp"
#include "simulators/meta/command.hpp"
#include "simulators/pages/pages_simulator.hpp"
#include "simulators/whatsapp/command.hpp"
#include "simulators/whatsapp/whatsapp_simulator.hpp"

namespace patchbay::simulators::pages {
namespace {

constexpr std::chrono::seconds kPatience{30};  // until a host that starts answers the handshake

constexpr std::array<OptionRule, 17> kOptions{{
    {"page", "ID=CALLBACK_URL",
     "a Facebook page and where its webhooks go; repeat for more. More after commas:\n"
     "                                    ID=URL,app-secret=S,token=T,verify-token=V,label=L"},
    {"account", "ID=CALLBACK_URL", "an Instagram account, likewise; page=ID when it is reached through a page"},
    {"number", "ID=CALLBACK_URL", "a WhatsApp number, as for `patchbay-simulate whatsapp`"},
    {"host", "ADDRESS", "listen address (127.0.0.1)"},
    {"port", "PORT", "0 lets the system choose (0)"},
    {"app-secret", "SECRET", "signs the webhooks (simulator-app-secret)"},
    {"token", "TOKEN", "that Graph calls must carry (simulator-access-token)"},
    {"verify-token", "TOKEN", "for the hub.challenge handshake (simulator-verify-token)"},
    {"fail", "what=...,...", "a failure to play, as for `patchbay-simulate whatsapp`; repeat for more"},
    {"statuses", "LIST", "what follows an accepted send (echo,delivered,read); empty for nothing"},
    {"status-delay", "MS", "before each of them (20)"},
    {"seed", "N", "repeatable ids; without it they differ at each start"},
    {"verify", "", "do the handshake with every account at start; failing it ends the program with 1"},
    {"demo", "", "customers write when the handshakes are done"},
    {"quiet", "", "print the listening line only"},
    {"with-parent", "", "end when the process that started this one ends"},
    {"help", "", "this text"},
}};

Account accountFromText(const std::string& option, const std::string& text, Product product) {
  Account account;
  account.product = product;
  // No setting has an empty name: a page is known to Instagram alone.
  readSettings(option, text, account.id, account.callback_url,
               {{"app-secret", &account.app_secret},
                {"token", &account.token},
                {"verify-token", &account.verify_token},
                {"label", &account.label},
                {product == Product::kInstagram ? "page" : "", &account.page_id}});
  return account;
}

Options optionsFrom(const CommandLine& line) {
  Options options;
  meta::readOptions(line, options, options.receipts);
  return options;
}

/// Everything on the port of WhatsApp's server, which asks us first.
class Graph {
 public:
  Graph(const CommandLine& line, Options options) {
    whatsapp::Options theirs;
    theirs.host = options.host;
    theirs.port = options.port;
    theirs.app_secret = options.app_secret;
    theirs.token = options.token;
    theirs.verify_token = options.verify_token;
    theirs.seed = options.seed;
    theirs.statuses.delay = options.receipts.delay;
    theirs.story = options.story;
    theirs.beside = [this](HttpRequest& request) { return beside(request); };
    theirs.close_beside = [this](const HttpRequest& request) {
      PagesSimulator* pages = ready_;
      return pages == nullptr ? std::nullopt : pages->closeBeforeBody(request);
    };
    whatsapp_.emplace(std::move(theirs));
    for (const std::string& text : line.all("number")) whatsapp_->registerNumber(whatsapp::numberFromText(text));
    options.served_by = whatsapp_->url();
    pages_.emplace(std::move(options));
    ready_ = &*pages_;
  }
  ~Graph() { whatsapp_.reset(); }  // its server calls the other
  Graph(const Graph&) = delete;
  Graph& operator=(const Graph&) = delete;

  PagesSimulator& pages() { return *pages_; }
  std::string url() const { return whatsapp_->url(); }

  /// The customers of all products.
  Json playCustomers() {
    Json all{{"ok", true}, {"messages", 0}, {"steps", Json::array()}};
    const auto add = [&all](const Json& told) {
      all["ok"] = all["ok"].get<bool>() && told["ok"].get<bool>();
      all["messages"] = all["messages"].get<long long>() + told["messages"].get<long long>();
      for (const Json& step : told["steps"]) all["steps"].push_back(step);
    };
    if (!whatsapp_->numbers().empty()) add(whatsapp_->playDemoCustomers());
    if (!pages_->accounts().empty()) add(pages_->playDemoCustomers());
    if (all["steps"].empty()) throw BadInput("the demo needs a number, a page or an account");
    return all;
  }

 private:
  std::optional<HttpReply> beside(HttpRequest& request) {
    PagesSimulator* pages = ready_;
    if (pages == nullptr) return std::nullopt;
    if (request.method == "POST" && request.path == "/_simulator/demo/customers") {
      try {
        const Json told = playCustomers();
        return HttpReply{told["ok"].get<bool>() ? 200 : 502, {{"Content-Type", "application/json"}}, dumpJson(told)};
      } catch (const BadInput& problem) {
        return HttpReply{400, {{"Content-Type", "application/json"}}, dumpJson(Json{{"error", problem.what()}})};
      }
    }
    return pages->serve(request);
  }

  std::optional<PagesSimulator> pages_;
  std::atomic<PagesSimulator*> ready_ = nullptr;
  std::optional<whatsapp::WhatsAppSimulator> whatsapp_;
};

bool verifyAll(PagesSimulator& meta, const sigset_t& stop) {
  const auto accounts = meta.accounts();
  return std::all_of(accounts.begin(), accounts.end(), [&](const Account& account) {
    return meta::verified([&] { return meta.verify(account.id); }, account.callback_url, stop, kPatience);
  });
}

bool printedHelp(const std::string& name, const CommandLine& line) {
  return printed(
      line, kOptions,
      "patchbay-simulate " + name +
          ": plays Meta for tests and demos.\n\n"
          "  patchbay-simulate graph --page 1001=http://127.0.0.1:8003/api/v1/webhooks/acme/page --demo\n\n"
          "The first line it prints is \"listening on URL\": the base URL for the connectors, and, under "
          "URL/_simulator/, a\n"
          "control API to deliver webhooks, order failures and see what was sent; `graph` has those of Messenger and\n"
          "Instagram under URL/_simulator/messenger/ and URL/_simulator/instagram/.");
}

int waitForEnd(PagesSimulator& meta, const CommandLine& line, const sigset_t& stop, const std::function<Json()>& play) {
  if ((line.has("verify") || line.has("demo")) && !verifyAll(meta, stop)) return 1;
  bool ok = true;
  if (line.has("demo")) {
    ok = play()["ok"].get<bool>();
    if (!ok) std::fprintf(stderr, "patchbay-simulate: a webhook of the demo was not answered with 200\n");
  }
  waitForStop(stop);
  return ok ? 0 : 1;
}

void registerAll(PagesSimulator& meta, const CommandLine& line) {
  for (const std::string& text : line.all("page"))
    meta.registerAccount(accountFromText("page", text, Product::kMessenger));
  for (const std::string& text : line.all("account"))
    meta.registerAccount(accountFromText("account", text, Product::kInstagram));
  for (Failure& failure : failuresOf(line)) meta.failNext(std::move(failure));
}

int runAlone(const char* name, const char* foreign, const std::vector<std::string>& arguments, const sigset_t& stop) {
  const CommandLine line(kOptions, arguments);
  if (printedHelp(name, line)) return 0;
  for (const char* option : {foreign, "number"})
    if (line.has(option)) throw BadInput(std::string("--") + option + " is not for " + name + "; see `graph`");
  followParent(line);
  PagesSimulator meta(optionsFrom(line));
  registerAll(meta, line);
  announce(meta.url());
  return waitForEnd(meta, line, stop, [&meta] { return meta.playDemoCustomers(); });
}

}  // namespace

int runMessenger(const std::vector<std::string>& arguments, const sigset_t& stop) {
  return runAlone("messenger", "account", arguments, stop);
}

int runInstagram(const std::vector<std::string>& arguments, const sigset_t& stop) {
  return runAlone("instagram", "page", arguments, stop);
}

int runGraph(const std::vector<std::string>& arguments, const sigset_t& stop) {
  const CommandLine line(kOptions, arguments);
  if (printedHelp("graph", line)) return 0;
  followParent(line);
  Graph graph(line, optionsFrom(line));
  registerAll(graph.pages(), line);
  announce(graph.url());
  return waitForEnd(graph.pages(), line, stop, [&graph] { return graph.playCustomers(); });
}

}  // namespace patchbay::simulators::pages
