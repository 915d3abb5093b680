#include "connectors/check/probes.hpp"

#include <malloc.h>

#include <filesystem>
#include <functional>
#include <map>

#include "base/json_schema.hpp"
#include "connectors/check/compare.hpp"
#include "connectors/check/form_body.hpp"
#include "connectors/check/symbols.hpp"
#include "connectors/check/workbench.hpp"
#include "connectors/connector_set.hpp"
#include "connectors/elf_manifest.hpp"
#include "connectors/library.hpp"

namespace patchbay::connectors::check {
namespace {

constexpr const char* kEntry = "patchbay_connector_v1";
constexpr int kLives = 1000;
constexpr long kMaxGrowth = 64 << 10;  // bytes over all lives; the allocator's own bookkeeping stays far below

// An instrumented parser, not optimised, is twenty times slower.
constexpr std::size_t kMegabytes = PATCHBAY_SANITIZED ? 1 : 16;
constexpr int kDeep = PATCHBAY_SANITIZED ? 20'000 : 200'000;  // what recurses overflows its stack at either

/// Bodies that no provider sends and anybody can. All are JSON-like enough to get past a first look.
std::vector<std::pair<std::string, std::string>> garbage() {
  return {{"an empty body", ""},
          {"null", "null"},
          {"an empty object", "{}"},
          {"an empty list", "[]"},
          {"a number", "1e999"},
          {"invalid UTF-8", "{\"object\":\"\xff\xfe\xc0\x80\"}"},
          {"a NUL byte", std::string("{\"object\":\"a\0b\"}", 16)},
          {"an escaped NUL", "{\"object\":\"a\\u0000b\"}"},
          {"half a surrogate pair", "{\"object\":\"\\ud83d\"}"},
          {"brackets without end", std::string(kDeep, '[')},
          {"nested objects without end",
           [] {
             std::string text;
             for (int i = 0; i < kDeep; ++i) text += "{\"a\":";
             return text;
           }()},
          {"a string of 30,000 characters", "{\"object\":\"" + std::string(30'000, 'a') + "\"}"},
          {"16 MiB in one string", "{\"object\":\"" + std::string(kMegabytes << 20U, 'a') + "\"}"},
          {"16 MiB of nothing", std::string(kMegabytes << 20U, ' ')},
          {"a form", "a=1&b=%zz&=&&c"},
          {"HTML", "<html><body>502 Bad Gateway</body></html>"}};
}

/// Forms that can be read and that no provider sends. Broken ones never reach a connector.
std::vector<std::pair<std::string, UnsignedWebhook>> oddForms(const std::string& suffix) {
  const http::Headers urlencoded = {{"Content-Type", "application/x-www-form-urlencoded"}};
  const auto form = [&](std::string body) { return UnsignedWebhook{"POST", suffix, "", urlencoded, std::move(body)}; };
  std::string many;
  for (int i = 0; i < 1500; ++i) many += "a" + std::to_string(i) + "=" + std::to_string(i) + "&";
  return {{"an empty form", form("")},
          {"a form without names", form("=&=1&&=")},
          {"a form of 1,500 fields", form(many)},
          {"a form with one name 1,000 times", form([] {
             std::string text;
             for (int i = 0; i < 1000; ++i) text += "From=1&";
             return text;
           }())},
          {"a form with invalid UTF-8 and NUL", form("From=%ff%fe&To=%00&Body=%c0%80")},
          {"a form with a long value", form("Body=" + std::string(1U << 20U, 'a'))},
          {"a form of many files",
           {"POST", suffix, "", {{"Content-Type", "multipart/form-data; boundary=b"}}, [] {
              std::string text;
              for (int i = 0; i < 100; ++i)
                text += "--b\r\nContent-Disposition: form-data; name=\"attachment\"; filename=\"../\xff\"\r\n\r\n\r\n";
              return text + "--b--";
            }()}}};
}

/// One garbage webhook or answer each; every failure is named.
class Garbage {
 public:
  Garbage(Workbench& bench, const Progress& progress) : bench_(bench), progress_(progress) {}

  void receive(const std::string& what, UnsignedWebhook webhook) {
    progress_("webhook: " + what);
    judge("webhook: " + what, bench_.receive(webhook));
  }

  /// Feeds `answers` into every step until the operation ends.
  void perform(const std::string& what, const Json& operation, const Answer& answer) {
    progress_(what);
    auto turn = bench_.perform(operation);
    for (int step = 0; step < kMaxSteps; ++step) {
      judge(what, turn);
      if (turn.requests.empty()) return;
      turn = bench_.resume(operation, turn.carry.value_or(""), std::vector<Answer>(turn.requests.size(), answer));
    }
    problems_.push_back(what + ": no result after " + std::to_string(kMaxSteps) + " steps");
  }

  void judge(const std::string& what, const Turn& turn) {
    if (turn.status == PB_BUG) problems_.push_back(what + ": " + turn.error);
    for (auto& complaint : bench_.takeComplaints()) broken_[complaint.rule].push_back(what + ": " + complaint.text);
  }

  Outcome outcome(const std::string& name) { return told(name, std::exchange(problems_, {})); }

  /// One for each rule that turns keep to, over all turns so far.
  void rules(std::vector<Outcome>& outcomes) {
    for (const auto rule : kRules) outcomes.push_back(told(nameOf(rule), std::exchange(broken_[rule], {})));
  }

 private:
  static constexpr int kMaxSteps = 16;

  static Outcome told(const std::string& name, const std::vector<std::string>& problems) {
    std::string why;
    for (std::size_t i = 0; i < std::min(problems.size(), kMaxLines); ++i) why += (i == 0 ? "" : "\n") + problems[i];
    if (problems.size() > kMaxLines) why += "\nand " + std::to_string(problems.size() - kMaxLines) + " more";
    return {name, why.empty(), why};
  }
  static constexpr std::size_t kMaxLines = 10;

  Workbench& bench_;
  const Progress& progress_;
  std::vector<std::string> problems_;
  std::map<Rule, std::vector<std::string>> broken_;
};

/// What this process has.
struct Holdings {
  long heap = 0;  ///< bytes
  long descriptors = 0;
  long threads = 0;
};

Holdings holdings() {
  const auto count = [](const char* folder) {
    return static_cast<long>(std::distance(std::filesystem::directory_iterator(folder), {}));
  };
  const auto heap = mallinfo2();
  return {static_cast<long>(heap.uordblks + heap.hblkhd), count("/proc/self/fd"), count("/proc/self/task")};
}

Json messageTo(const Manifest& manifest, const std::string& text) {
  const auto kind = manifest.capabilities.empty() ? std::string{"phone"} : manifest.capabilities.begin().key();
  return {{"kind", "message"},
          {"id", "1"},
          {"ref", "00000000-0000-4000-8000-000000000001"},
          {"to", {{"kind", kind}, {"address", kind == "phone" ? "+15550100" : "check"}}},
          {"type", "text"},
          {"text", text}};
}

using Damage = std::function<void(const std::string& what, const std::function<void(UnsignedWebhook&)>& change)>;

/// The scheme `sns` covers values within a JSON body, not the body's bytes.
void damageTopicMessage(const UnsignedWebhook& good, const Damage& with) {
  const Json message = parseJson(good.body);
  const auto change = [&](const std::string& what, const std::string& member, const Json& value) {
    auto changed = message;
    changed[member] = value;
    with(what, [text = dumpJson(changed)](UnsignedWebhook& w) { w.body = text; });
  };
  for (const auto& [member, value] : message.items()) {
    // Of base64 not every bit counts: the signature is damaged as bytes.
    const bool encoded = member == "Signature";
    const auto text = encoded ? crypto::base64Decode(value.get<std::string>()).value() : value.get<std::string>();
    const auto written = [&](const std::string& bytes) { return encoded ? crypto::base64Encode(bytes) : bytes; };
    for (std::size_t i = 0; i < text.size(); ++i) {
      auto damaged = text;
      damaged[i] ^= 1;
      change("bit of byte " + std::to_string(i) + " of " + member, member, written(damaged));
    }
    change(member + " cut short", member, written(text.substr(0, text.size() - 1)));
    change(member + " made longer", member, written(text + '0'));
    change(member + " empty", member, "");
    change(member + " not a text", member, 1);
    auto without = message;
    without.erase(member);
    with(member + " missing", [body = dumpJson(without)](UnsignedWebhook& w) { w.body = body; });
  }
  change("the other signature version", "SignatureVersion", message["SignatureVersion"] == "1" ? "2" : "1");
  change("a subject added", "Subject", "added");
  with("raw delivery", [](UnsignedWebhook& w) { w.headers.push_back({"x-amz-sns-rawdelivery", "true"}); });
  with("another topic in the header", [](UnsignedWebhook& w) {
    w.headers.push_back({"x-amz-sns-topic-arn", "other"});
  });
}

/// Every way to change one thing in a signed webhook.
std::vector<std::pair<std::string, UnsignedWebhook>> tampered(const UnsignedWebhook& good,
                                                              const SignatureScheme& scheme) {
  std::vector<std::pair<std::string, UnsignedWebhook>> all;
  const auto with = [&](const std::string& what, const std::function<void(UnsignedWebhook&)>& change) {
    auto copy = good;
    change(copy);
    all.emplace_back(what, std::move(copy));
  };
  const auto header = [](UnsignedWebhook& webhook, const std::string& name) -> std::string& {
    for (auto& h : webhook.headers)
      if (h.name == name) return h.value;
    throw std::logic_error("the signed request has no header " + name);
  };
  const auto damageText = [&](const std::string& what, const std::function<std::string&(UnsignedWebhook&)>& text) {
    auto copy = good;
    const auto size = text(copy).size();
    for (std::size_t i = 0; i < size; ++i)
      with("bit of byte " + std::to_string(i) + " of " + what, [&](auto& w) { text(w)[i] ^= 1; });
    with(what + " cut short", [&](auto& w) { text(w).pop_back(); });
    with(what + " made longer", [&](auto& w) { text(w) += '0'; });
    with(what + " empty", [&](auto& w) { text(w).clear(); });
  };
  const auto damageHeader = [&](const std::string& name) {
    damageText("header " + name, [&, name](UnsignedWebhook& w) -> std::string& { return header(w, name); });
    with("header " + name + " missing",
         [&](auto& w) { std::erase_if(w.headers, [&](const auto& h) { return h.name == name; }); });
    with("header " + name + " twice", [&](auto& w) { w.headers.push_back({name, "0"}); });
  };
  switch (scheme.kind) {
    case SignatureScheme::Kind::kHmac:
    case SignatureScheme::Kind::kEcdsa:
      damageHeader(scheme.header);
      if (!scheme.timestamp_header.empty()) damageHeader(scheme.timestamp_header);
      for (const auto& h : good.headers)
        if (scheme.over.find("{header:" + h.name + "}") != std::string::npos) damageHeader(h.name);
      damageText("the body", [](UnsignedWebhook& w) -> std::string& { return w.body; });
      break;
    case SignatureScheme::Kind::kHmacUrlForm:
      damageHeader(scheme.header);
      damageText("the body", [](UnsignedWebhook& w) -> std::string& { return w.body; });
      damageText("the query", [](UnsignedWebhook& w) -> std::string& { return w.query; });
      break;
    case SignatureScheme::Kind::kToken:
      if (scheme.in == SignatureScheme::In::kHeader) damageHeader(scheme.parameter);
      if (scheme.in == SignatureScheme::In::kQuery)
        damageText("the query", [](UnsignedWebhook& w) -> std::string& { return w.query; });
      if (scheme.in == SignatureScheme::In::kPath)
        damageText("the path", [](UnsignedWebhook& w) -> std::string& { return w.suffix; });
      break;
    case SignatureScheme::Kind::kBasic:
      damageHeader("Authorization");
      break;
    case SignatureScheme::Kind::kSns:
      damageTopicMessage(good, with);
      break;
    case SignatureScheme::Kind::kNone:
      break;
  }
  return all;
}

}  // namespace

std::vector<Outcome> probeFile(const std::string& library) {
  std::vector<Outcome> outcomes;
  const auto section = readManifestSection(library);
  const auto manifest = section ? Manifest::parse(*section) : Result<Manifest>(section.error());
  std::string why;
  if (!manifest) {
    for (const auto& field : manifest.error().fields)  // all of them; the message has the first three
      why += (why.empty() ? "" : "\n") + (field.pointer.empty() ? "/" : field.pointer) + " " + field.message;
    if (why.empty()) why = manifest.error().message;
  }
  outcomes.push_back({"manifest: readable without loading, fits its schema", manifest.ok(), why});
  if (!section) return outcomes;
  why.clear();
  const auto symbols = definedSymbols(library);
  if (!symbols) {
    why = symbols.error().message;
  } else {
    for (const auto& symbol : *symbols) {
      if (symbol.name == kEntry) continue;
      why += (why.empty() ? "" : "\n") + symbol.name +
             (symbol.unique ? " is a GNU_UNIQUE symbol: build with -fno-gnu-unique"
                            : " is visible: export the entry alone");
      if (why.size() > 1000) break;
    }
  }
  outcomes.push_back({std::string{"symbols: only "} + kEntry + " is exported", why.empty(), why});
  return outcomes;
}

std::vector<Outcome> probeLifeCycle(const std::string& library, const Json& config, const Progress& progress) {
  progress("loading");
  ConnectorSet connectors({library}, {});
  ChannelFactory factory(connectors, {.environment = [](const std::string&) { return std::nullopt; }, .nonce = ""});
  ChannelSettings settings;
  settings.tenant = settings.name = "check";
  settings.connector = connectors.entries().at(0).manifest->id;
  settings.webhook_url = "https://patchbay.example/api/v1/webhooks/check/check";
  settings.config = config;
  settings.isolation = Isolation::kProcess;                 // here its heap can be looked at
  const auto loaded = connectors.load(settings.connector);  // stays loaded while instances come and go
  if (!loaded) return {{"library: loads, and its descriptor is right", false, loaded.error().message}};
  std::vector<Outcome> outcomes = {{"library: loads, and its descriptor is right", true, {}}};
  std::string why;
  Holdings before;
  for (int i = 0; i < kLives && why.empty(); ++i) {
    if (i % 100 == 0) progress("create and destroy, round " + std::to_string(i));
    // The first rounds fill caches: of the connector's own, and of the allocator.
    if (i == 100) before = holdings();
    if (const auto channel = factory.create(settings); !channel) why = channel.error().message;
  }
  const auto after = holdings();
  if (why.empty() && after.heap - before.heap > kMaxGrowth)
    why = "the heap grew by " + std::to_string(after.heap - before.heap) + " bytes: destroy leaves something behind";
  if (why.empty() && after.descriptors > before.descriptors)
    why =
        std::to_string(after.descriptors - before.descriptors) + " descriptors stayed open: destroy leaves them behind";
  if (why.empty() && after.threads > before.threads)
    why = std::to_string(after.threads - before.threads) + " threads stayed: a connector starts none";
  outcomes.push_back({"life cycle: 1,000 times create and destroy without growth", why.empty(), why});
  return outcomes;
}

std::vector<Outcome> probeGarbage(const std::string& library, const Json& config,
                                  const std::vector<Transcript>& transcripts, const Progress& progress) {
  Workbench bench(library, config);
  auto& channel = bench.channel();
  const auto& functions = channel.manifest();
  Garbage probe(bench, progress);
  std::vector<Outcome> outcomes;
  const auto bodies = garbage();
  if (!functions.webhooks.empty()) {
    for (const auto& path : functions.webhooks) {
      for (const auto& [what, body] : bodies)
        probe.receive(what, {"POST", path.suffix, "", {{"Content-Type", "application/json"}}, body});
      if (path.decode_form)
        for (const auto& [what, webhook] : oddForms(path.suffix)) probe.receive(what, webhook);
      probe.receive("GET without anything", {"GET", path.suffix, "", {}, ""});
      probe.receive("an odd query and odd headers",
                    {"POST", path.suffix, "%zz&&=&a=%00", {{"", ""}, {"X", std::string(8000, 'x')}}, "{}"});
    }
    for (const auto& transcript : transcripts)
      for (const auto& step : transcript.document["steps"]) {
        if (!step.contains("receive")) continue;
        const auto& receive = step["receive"];
        const auto form = formBody(receive, [](const std::string&) { return std::string{"a file"}; });
        if (!form && !receive.contains("body")) continue;
        const auto& source = form ? Json(form->body) : receive["body"];
        const auto body = source.is_string() ? source.get<std::string>() : dumpJson(source);
        const auto suffix = receive.value("suffix", "");
        http::Headers headers;
        if (form) headers.push_back({"Content-Type", form->content_type});
        for (int part = 1; part < 8; ++part)
          probe.receive(
              "the body of '" + transcript.name + "', cut",
              {"POST", suffix, "", headers, body.substr(0, body.size() * static_cast<std::size_t>(part) / 8)});
        for (std::size_t at = 0; at < body.size(); at += body.size() / 16 + 1) {
          auto damaged = body;
          damaged[at] ^= 0x15;
          probe.receive("the body of '" + transcript.name + "', byte " + std::to_string(at) + " damaged",
                        {"POST", suffix, "", headers, damaged});
        }
      }
    outcomes.push_back(probe.outcome("garbage: webhooks"));
  }

  for (const auto& operation : {Json::object(), Json{{"kind", "no-such-kind"}}, Json{{"kind", 7}},
                                Json{{"kind", "message"}}, Json::array(), Json()}) {
    const auto what = "operation " + brief(operation);
    progress(what);
    const auto turn = bench.perform(operation);
    probe.judge(what, turn);
    if (turn.status != PB_UNSUPPORTED && operation == Json{{"kind", "no-such-kind"}})
      outcomes.push_back({"operations: an unknown kind is unsupported", false,
                          "perform returned " + std::string{statusName(turn.status)}});
  }
  for (const auto& text : {std::string{}, std::string(1U << 20U, 'a'), std::string("a\0b", 3),
                           std::string{"\xF0\x9F\x98\x80"}, std::string{"{{secret:x}}"}})
    probe.perform("a message of " + std::to_string(text.size()) + " bytes", messageTo(channel.manifest(), text),
                  {.status = 500, .headers = {}, .body = "oops", .error = {}});
  outcomes.push_back(probe.outcome("garbage: operations"));

  for (const auto& [what, body] : bodies)
    for (const int status : {200, 404, 500})
      // Large bodies take seconds; what is read of them does not depend on the status.
      if (status == 200 || body.size() < 1'000'000)
        probe.perform("the provider answers " + std::to_string(status) + " with " + what,
                      messageTo(channel.manifest(), "Hello"),
                      {.status = status, .headers = {}, .body = body, .error = {}});
  for (const int failure : {PB_NOT_SENT, PB_NO_ANSWER, PB_TOO_LARGE})
    probe.perform("no answer (" + std::to_string(failure) + ")", messageTo(channel.manifest(), "Hello"),
                  {.failure = failure, .status = 0, .headers = {}, .body = {}, .error = "made up"});
  outcomes.push_back(probe.outcome("garbage: answers of the provider"));
  probe.rules(outcomes);
  return outcomes;
}

std::vector<Outcome> probeSignatures(const std::string& library, const Json& config, const Progress& progress,
                                     const Verify& verify) {
  Workbench bench(library, config);
  std::vector<Outcome> outcomes;
  for (const auto& path : bench.channel().manifest().webhooks) {
    const auto* scheme = bench.channel().signatureScheme(path.suffix);
    const auto name = "signature: " + scheme->name + (path.suffix.empty() ? "" : " at " + path.suffix);
    progress(name);
    if (scheme->kind == SignatureScheme::Kind::kNone) {
      outcomes.push_back({name, true, "nothing is verified: anyone who knows the URL can post messages"});
      continue;
    }
    std::vector<UnsignedWebhook> goods = {
        {"POST", path.suffix, "", {{"Content-Type", "application/json"}}, R"({"check":"\u00e4 \/ patchbay","n":1})"}};
    if (scheme->kind == SignatureScheme::Kind::kHmacUrlForm)
      goods.push_back({"POST",
                       path.suffix,
                       "ref=1",
                       {{"Content-Type", "application/x-www-form-urlencoded"}},
                       "To=%2B15550100&Body=a+b%20&From=&To=%2B15550101"});
    const auto passes = [&](const UnsignedWebhook& webhook) {
      const Webhook view{webhook.method, webhook.suffix, webhook.query, &webhook.headers, webhook.body};
      return (verify ? verify(bench.channel(), view, bench.now()) : bench.channel().verify(view, bench.now())).kind ==
             Verdict::Kind::kPass;
    };
    std::string why;
    int changes = 0;
    for (auto& good : goods) {
      bench.channel().sign(good, bench.now());
      if (!passes(good)) why = "a valid signature was refused";
      for (const auto& [what, webhook] : tampered(good, *scheme)) {
        ++changes;
        if (passes(webhook)) why += (why.empty() ? "" : "\n") + what + ": still accepted";
      }
    }
    outcomes.push_back({name + ", " + std::to_string(changes) + " changes, each refused", why.empty(), why});
  }
  return outcomes;
}

}  // namespace patchbay::connectors::check
