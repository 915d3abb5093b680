#include "connectors/check/check.hpp"

#include "connectors/check/compare.hpp"
#include "connectors/check/outcome.hpp"
#include "connectors/check/workbench.hpp"
#include "fixture.hpp"

namespace patchbay::connectors::test {
namespace {

constexpr const char* kConfig = "number: '1061'\nsecret: the-app-secret\nverify_token: let-me-in\ntoken: t0k3n-value\n";

class CheckTest : public testing::Test {
 protected:
  CheckTest() { folder_.write("config.yaml", kConfig); }

  int run(const std::string& library = SCRIPTED_LIBRARY, bool transcripts = true) {
    CheckOptions options;
    options.library = library;
    if (transcripts) options.transcripts = folder_.path().string();
    options.probes = !transcripts;  // they take seconds, and have tests of their own
    options.json = json_;
    std::ostringstream out, err;
    const int code = runCheck(options, out, err);
    out_ = out.str();
    err_ = err.str();
    return code;
  }
  /// Runs one transcript and returns the lines below its FAIL; "passed" when it passed.
  std::string outcome(const std::string& transcript) {
    folder_.write("case.yaml", "name: the case\n" + transcript);
    const int code = run();
    if (code == 2) return "error: " + err_;
    const auto at = out_.find("FAIL  the case\n");
    if (at == std::string::npos) return out_.find("ok    the case\n") != std::string::npos ? "passed" : out_;
    EXPECT_EQ(code, 1);
    const auto rest = out_.substr(at + 15);
    return rest.substr(0, rest.find("\n\n"));
  }
  bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

  Folder folder_;
  std::string json_, out_, err_;
};

constexpr const char* kSend = R"(
steps:
  - perform: { kind: message, to: { kind: phone, address: "+15550100" }, type: text, text: "Hello" }
    expect:
      requests:
        - method: POST
          url: https://api.scripted.example/send
          headers: { authorization: "Bearer {{secret:secret}}" }
          json: { text: Hello }
          respond: { status: 200, body: '{}' }
      result: { status: sent, ids: [step 1/1] }
)";

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  const auto at = text.find(from);
  if (at == std::string::npos) throw std::logic_error(from);
  return text.replace(at, from.size(), to);
}

TEST_F(CheckTest, PassesAGoodTranscript) {
  EXPECT_EQ(outcome(kSend), "passed");
}

TEST_F(CheckTest, ComparesMailAsTheHostTakesItApart) {
  const std::string good = R"(
name: the case
steps:
  - receive:
      headers: { X-Mail-From: ana@example.org, X-Rcpt-To: help@acme.example }
      body: "From: Ana <ana@example.org>\r\nSubject: Hi\r\nMessage-ID: <m@example.org>\r\nAuto-Submitted: auto-replied\r\n\r\nHello\r\n"
    expect:
      events:
        - kind: message
          envelope: { from: ana@example.org, to: [help@acme.example] }
          mime: { id: m@example.org, from: { address: ana@example.org }, subject: Hi, text: Hello, mail: { automatic: true } }
  - receive: { body: "Subject: x\r\n\r\ny" }
    expect: { events: [ { kind: message, mime: "Subject: x\r\n\r\ny" } ] }
)";
  folder_.write("config.yaml", "from_email: help@acme.example\nsecret: the-secret\n");
  folder_.write("case.yaml", good);
  EXPECT_EQ(run(POSTBOX_LIBRARY), 0) << out_ << err_;
  folder_.write("case.yaml", replaced(good, "subject: Hi", "subject: Ho"));
  EXPECT_EQ(run(POSTBOX_LIBRARY), 1);
  EXPECT_TRUE(has(out_, "events/0/mime/subject")) << out_;
}

TEST_F(CheckTest, WritesFormsInProcessAndInTheWorkerAlike) {
  folder_.write("file.bin", "bytes");
  EXPECT_EQ(outcome(R"(
steps:
  - receive:
      suffix: form
      form: { Body: "a & b", MediaUrl: [one, two], NumMedia: 2 }
    expect:
      events: [ { kind: unparsed, raw: "Body=a & b|||0;MediaUrl=one|||0;MediaUrl=two|||0;NumMedia=2|||0;" } ]
  - receive:
      suffix: form
      multipart:
        - { name: text, value: hello }
        - { name: upload, file: file.bin, filename: a.bin, content_type: application/x-a }
        - { name: other, base64: AAE=, filename: "" }
    expect:
      events: [ { kind: unparsed, raw: "text=hello|||0;upload=|a.bin|application/x-a|1;other=|||2;" } ]
  - receive:
      suffix: form
      headers: { Content-Type: application/x-www-form-urlencoded }
      body: "a=%zz"
    expect: { error: invalid_input }
)"),
            "passed");
}

TEST_F(CheckTest, ShowsTheDifferenceAndItsPlace) {
  EXPECT_TRUE(has(outcome(replaced(kSend, "text: Hello }", "text: Goodbye }")),
                  R"(requests/0/json/text: expected "Goodbye", got "Hello")"))
      << out_;
  EXPECT_TRUE(has(out_, "case.yaml:")) << out_;
  EXPECT_TRUE(has(outcome(replaced(kSend, "json: {", "json_exact: {")), "requests/0/json_exact/to: not expected"))
      << out_;
  EXPECT_TRUE(has(outcome(replaced(kSend, "ids: [step 1/1]", "ids: [a, b]")), "result/ids: expected 2 items, got 1"))
      << out_;
  EXPECT_TRUE(
      has(outcome(replaced(kSend, "secret}}\" }", "other}}\" }")), "requests/0/headers/authorization: expected"))
      << out_;
  EXPECT_TRUE(has(outcome(replaced(kSend, "/send", "/sent")), "requests/0/url: expected")) << out_;
  EXPECT_TRUE(
      has(outcome(replaced(kSend, "status: 200", "status: 500")), "result/status: expected \"sent\", got \"failed\""))
      << out_;
  EXPECT_TRUE(has(outcome(replaced(kSend, "      requests:", "      throttle: []\n      error: auth\n      requests:")),
                  "error: expected auth"))
      << out_;
}

TEST_F(CheckTest, CountsTheRequestsOfAStep) {
  EXPECT_TRUE(has(outcome("steps:\n  - perform: { kind: message, to: { kind: phone, address: '+1' }, type: text, text: "
                          "hi }\n    expect: { result: { status: sent } }\n"),
                  "requests/0: not expected: {"))
      << out_;
  const std::string parallel = R"(
steps:
  - perform: { kind: message, to: { kind: phone, address: '+1' }, type: text, text: '[{"emit": 3, "times": 2, "json": {"method": "GET", "url": "https://api.scripted.example/x", "repeat": "safe"}}]' }
    expect:
      requests:
        - - { method: GET, respond: { json: {} } }
          - { method: GET, fail: timeout }
      result: { status: sent, ids: [/2] }
)";
  EXPECT_EQ(outcome(parallel), "passed") << out_;
  EXPECT_TRUE(has(outcome(replaced(parallel, "          - { method: GET, fail: timeout }\n", "")),
                  "requests/0: expected 1 in this step, got 2"))
      << out_;
}

TEST_F(CheckTest, AnswersWithFailures) {
  EXPECT_EQ(outcome(replaced(replaced(kSend, "respond: { status: 200, body: '{}' }", "fail: connect"),
                             "status: sent, ids: [step 1/1]",
                             "status: failed, error: { class: transient, text: connection refused }")),
            "passed")
      << out_;
}

constexpr const char* kReceive = R"(
now: 2026-01-05T10:00:00Z
steps:
  - receive:
      body: '[{"emit": 1, "json": {"kind": "account", "text": "hello", "id": "e1", "timestamp": "2026-01-05T10:00:00.000Z"}}, {"emit": 1, "json": {"kind": "account"}}]'
      sign: true
    expect:
      status: 202
      body: thanks
      events:
        - { kind: account, text: hello, timestamp: 2026-01-05T11:00:00+01:00 }
        - { kind: account, text: null }
)";

TEST_F(CheckTest, ComparesEventsInOrderByTheGivenKeys) {
  EXPECT_EQ(outcome(kReceive), "passed") << out_;
  EXPECT_TRUE(has(outcome(replaced(kReceive, "        - { kind: account, text: null }\n", "")),
                  "events: expected 1 items, got 2"))
      << out_;
  EXPECT_TRUE(
      has(outcome(replaced(kReceive, "text: hello", "text: bye")), R"(events/0/text: expected "bye", got "hello")"))
      << out_;
  EXPECT_TRUE(has(outcome(replaced(kReceive, "status: 202", "status: 200")), "status: expected 200, got 202")) << out_;
  EXPECT_TRUE(has(outcome(replaced(kReceive, "text: hello", "text: 7")), "expected 7 (number), got \"hello\" (string)"))
      << out_;
}

TEST_F(CheckTest, SignsOrLeavesTheHeadersAsTheyStand) {
  EXPECT_TRUE(has(outcome(replaced(kReceive, "sign: true", "sign: false")),
                  "status: expected 202, got 401 (no header X-Signature)"))
      << out_;
  EXPECT_EQ(outcome(R"(
steps:
  - receive: { body: x, sign: false, headers: { X-Signature: sha256=00 } }
    expect: { status: 401 }
  - receive: { method: GET, query: hub.mode=subscribe&hub.challenge=17&hub.verify_token=let-me-in }
    expect: { status: 200, body: '17' }
  - receive: { suffix: second, body: '[{"return": 1}]' }
    expect: { status: 200 }
  - receive: { suffix: nowhere, body: x }
    expect: { status: 404 }
)"),
            "passed")
      << out_;
}

TEST_F(CheckTest, ExpectsErrorsOfTheTurn) {
  const std::string transcript =
      "steps:\n  - receive: { body: '[{\"diag\": \"broken\"}, {\"return\": 2}]' }\n    expect: { error: invalid_input "
      "}\n";
  EXPECT_EQ(outcome(transcript), "passed") << out_;
  EXPECT_TRUE(has(outcome(replaced(transcript, "error: invalid_input", "status: 202")),
                  "the turn failed: invalid_input: broken"))
      << out_;
}

TEST_F(CheckTest, MergesTheConfigOverTheFolders) {
  const std::string transcript =
      "config: { number: '77' }\nsteps:\n  - receive: { body: '[{\"echo_config\": true}]' }\n    expect: { events: [ { "
      "kind: account } ] }\n";
  EXPECT_EQ(outcome(transcript), "passed") << out_;
  EXPECT_TRUE(has(outcome(replaced(transcript, "'77'", "seventy")), "'number' must match")) << out_;
}

TEST_F(CheckTest, RunsAPoll) {
  EXPECT_EQ(outcome(R"(
steps:
  - poll: { cursor: '[{"emit": 3, "json": {"method": "GET", "url": "https://api.scripted.example/x", "repeat": "safe"}}]' }
    expect:
      requests:
        - { url: https://api.scripted.example/x, respond: { body: '[{"emit": 1, "json": {"kind": "account", "text": "news"}}, {"emit": 6, "json": {"cursor": "57"}}]' } }
      events: [ { text: news } ]
      cursor: "57"
)"),
            "passed")
      << out_;
}

TEST_F(CheckTest, FindsTurnsThatDependOnMoreThanTheirInput) {
  EXPECT_TRUE(has(outcome("steps:\n  - receive: { body: '[{\"turns\": true}]' }\n    expect: { events: [ {} ] }\n"),
                  "run twice, had different effects"))
      << out_;
}

TEST_F(CheckTest, MakesEveryStepAgain) {
  EXPECT_TRUE(has(outcome(replaced(kSend, "Hello\" }", "starts anew\" }")), "has other requests: 1, the first {"))
      << out_;
  EXPECT_TRUE(has(out_, "; then 0")) << out_;
  EXPECT_TRUE(has(outcome(replaced(kSend, "Hello\" }", "reads the first answer\" }")), "the connector crashed"))
      << out_;
}

TEST_F(CheckTest, FindsRequestsOutsideOfTheEgress) {
  EXPECT_TRUE(has(outcome(R"(
steps:
  - perform: { kind: message, to: { kind: phone, address: '+1' }, type: text, text: '[{"emit": 3, "json": {"method": "GET", "url": "https://evil.example/x", "repeat": "safe"}}]' }
    expect: { requests: [ { method: GET } ] }
)"),
                  "a request goes to https://evil.example/x, which the manifest's egress does not name"))
      << out_;
}

TEST_F(CheckTest, FindsAuthByAKeyThatConfigDoesNotHave) {
  EXPECT_TRUE(has(outcome(R"(
steps:
  - perform: { kind: message, to: { kind: phone, address: '+1' }, type: text, text: '[{"emit": 3, "json": {"method": "GET", "url": "https://api.example.org/x", "repeat": "safe", "auth": [{"scheme": "bearer", "key": "apikey"}]}}]' }
    expect: { requests: [ { method: GET } ] }
)"),
                  "auth names 'apikey', which is not a key of the manifest's config"))
      << out_;
}

TEST_F(CheckTest, FindsSecretsInEffects) {
  EXPECT_TRUE(has(outcome("steps:\n  - receive: { body: '[{\"emit\": 1, \"json\": {\"kind\": \"account\", \"text\": "
                          "\"the-app-secret\"}}]' }\n    expect: { events: [ {} ] }\n"),
                  "the value of a secret is in the effect 'event'"))
      << out_;
}

TEST_F(CheckTest, PinsACrashToItsCaseAndGoesOn) {
  folder_.write("a.yaml", "name: crashes\nsteps:\n  - receive: { body: '[{\"crash\": true}]' }\n");
  folder_.write("b.yaml", "name: the case\nsteps:\n  - receive: { body: '[{\"return\": 1}]' }\n");
  EXPECT_EQ(run(), 1);
  EXPECT_TRUE(has(out_, "FAIL  crashes\n      the connector crashed: Segmentation fault")) << out_;
  EXPECT_TRUE(has(out_, "while: step 1 of")) << out_;
  EXPECT_TRUE(has(out_, "ok    the case")) << out_;
}

TEST_F(CheckTest, ProbesWithoutAnyTranscript) {
  EXPECT_EQ(run(SCRIPTED_LIBRARY, false), 0) << out_ << err_;
  for (const char* line :
       {"ok    manifest: readable without loading, fits its schema",
        "ok    symbols: only patchbay_connector_v1 is exported", "ok    library: loads, and its descriptor is right",
        "ok    life cycle: 1,000 times create and destroy without growth", "ok    signature: hmac, ",
        "ok    signature: token at second, ", "ok    garbage: webhooks", "ok    garbage: operations",
        "ok    garbage: answers of the provider"})
    EXPECT_TRUE(has(out_, line)) << line << "\n" << out_;
}

TEST_F(CheckTest, ReportsALibraryThatIsWrong) {
  EXPECT_EQ(run(std::string{WRONG_LIBRARIES} + "/wrong_newer_abi.so", false), 1);
  EXPECT_TRUE(has(out_, "FAIL  library: loads, and its descriptor is right\n      ")) << out_;
  EXPECT_TRUE(has(out_, "needs ABI 1.5")) << out_;
  EXPECT_EQ(run(std::string{WRONG_LIBRARIES} + "/wrong_manifest_schema.so", false), 1);
  EXPECT_TRUE(has(out_, "/colour is not known here")) << out_;
  // The wrong ones are built without the version script, so more than the entry is visible.
  EXPECT_TRUE(has(out_, "manifest is visible: export the entry alone")) << out_;
}

TEST_F(CheckTest, ProbesAConnectorWithoutResume) {
  EXPECT_EQ(run(QUIET_LIBRARY, false), 1);
  EXPECT_TRUE(has(out_, "FAIL  garbage: operations")) << out_;
  EXPECT_TRUE(has(out_, "requests of a connector without resume")) << out_;
}

TEST_F(CheckTest, AnUnknownKindIsUnsupported) {
  folder_.write("case.yaml", "steps:\n  - perform: { kind: no-such-kind }\n    expect: { error: unsupported }\n");
  EXPECT_EQ(run(), 0) << out_;
}

TEST_F(CheckTest, KeepsTheLogOfTheConnectorOut) {
  testing::internal::CaptureStdout();
  testing::internal::CaptureStderr();
  folder_.write("case.yaml", "steps:\n  - receive: { body: '[{\"log\": true}, {\"return\": 1}]' }\n");
  EXPECT_EQ(run(), 0) << out_;
  EXPECT_EQ(testing::internal::GetCapturedStdout() + testing::internal::GetCapturedStderr(), "");
}

TEST_F(CheckTest, WritesJson) {
  json_ = (folder_.path() / "outcome").string();
  folder_.write("case.yaml", std::string{"name: the case\n"} + kSend);
  EXPECT_EQ(run(), 0) << out_;
  const auto rows = Json::parse(contentOf(json_));
  EXPECT_EQ(rows.back(), (Json{{"name", "the case"}, {"passed", true}, {"why", ""}}));
  json_ = "/nonexistent/folder/file";
  EXPECT_EQ(run(), 2);
  EXPECT_TRUE(has(err_, "cannot be written")) << err_;
}

TEST_F(CheckTest, SaysWhatIsWrongWithATranscriptItself) {
  EXPECT_TRUE(has(outcome("stepz: []\n"), "case.yaml:2:1: /stepz is not known here; did you mean 'steps'?")) << err_;
  EXPECT_TRUE(has(outcome("steps:\n  - recieve: {}\n"), "did you mean 'receive'?")) << err_;
  EXPECT_TRUE(has(outcome("steps: [\n"), "case.yaml:")) << err_;
  EXPECT_TRUE(has(outcome("steps:\n  - receive: { body_file: missing.json }\n"), "missing.json cannot be read"))
      << out_;
  EXPECT_TRUE(has(outcome("steps:\n  - perform: { kind: message, type: text }\n"),
                  "does not fit operation.schema.json: /to is missing"))
      << out_;
  EXPECT_EQ(run("/nonexistent.so"), 2);
  EXPECT_TRUE(has(err_, "there is no such file")) << err_;
}

TEST(Compare, TreatsNullAsMissingAndNumbersByValue) {
  std::vector<std::string> differences;
  check::compare(Json::parse(R"({"a": null, "b": 1, "c": [1, {"d": 2}]})"),
                 Json::parse(R"({"b": 1.0, "c": [1, {"d": 2, "e": 3}], "f": 1})"), "x", check::Match::kSubset,
                 differences);
  EXPECT_TRUE(differences.empty());
  check::compare(Json::parse(R"({"a": null})"), Json::parse(R"({"a": 1})"), "x", check::Match::kSubset, differences);
  EXPECT_EQ(differences, std::vector<std::string>{"x/a: expected null (null), got 1 (number)"});
}

TEST(Compare, SaysWhatAMistypedMemberMayHaveMeant) {
  std::vector<std::string> differences;
  check::compare(Json::parse(R"({"adress": "u1", "name": "", "kind": "user"})"),
                 Json::parse(R"({"address": "u1", "kind": "user"})"), "from", check::Match::kSubset, differences);
  EXPECT_EQ(differences,
            (std::vector<std::string>{"from/adress: expected \"u1\", and it is not there; did you mean 'address'?",
                                      "from/name: expected \"\", and it is not there"}));
}

TEST(Isolated, NamesTheStepInWhichTheChildDied) {
  const auto outcomes = check::isolated("probe", 30, [](const auto& progress) -> std::vector<check::Outcome> {
    progress("the first");
    progress("the second");
    ::_exit(3);
  });
  ASSERT_EQ(outcomes.size(), 1U);
  EXPECT_EQ(outcomes[0].why, "the connector ended the process with status 3\nwhile: the second");
}

TEST(Isolated, EndsAChildThatDoesNotEnd) {
  const auto outcomes = check::isolated("probe", 1, [](const auto& progress) -> std::vector<check::Outcome> {
    progress("for ever");
    for (;;) ::pause();
  });
  EXPECT_EQ(outcomes.at(0).why, "it did not end within 1 s\nwhile: for ever");
}

TEST(MayGo, FollowsTheEgressOfTheManifest) {
  Manifest manifest;
  manifest.egress = {{"*.api.example", {}}, {"one.example", {}}, {{}, "base_url"}};
  const Json config = {{"base_url", "http://127.0.0.1:8080"}};
  for (const char* url : {"https://a.api.example/x", "https://A.B.API.example/x", "https://one.example",
                          "https://one.example:443/", "http://127.0.0.1:8080/v1"})
    EXPECT_TRUE(check::mayGo(url, manifest, config)) << url;
  for (const char* url :
       {"https://api.example/", "http://one.example/", "https://one.example:444/", "https://one.example@evil.example/",
        "https://evilapi.example/", "http://127.0.0.1:8081/", "https://127.0.0.1:8080/", "https:///x", "one.example"})
    EXPECT_FALSE(check::mayGo(url, manifest, config)) << url;
}

}  // namespace
}  // namespace patchbay::connectors::test
