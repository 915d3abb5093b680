// Connectors in workers: what they do to themselves is nothing to the host, nor to their neighbours.
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <thread>

#include "connectors/channel_factory.hpp"
#include "connectors/worker/relay.hpp"

namespace patchbay::connectors {
namespace {

using std::chrono::milliseconds;
using namespace std::chrono_literals;

class IsolationTest : public testing::Test {
 protected:
  Result<std::shared_ptr<Channel>> tryMake(const std::string& connector, Json config = Json::object(),
                                           Isolation isolation = Isolation::kDefault) {
    ChannelFactory::Options options;
    options.nonce = "";
    options.worker = worker_;
    ChannelFactory factory(connectors_, options);
    ChannelSettings settings;
    settings.tenant = "acme";
    settings.name = connector;
    settings.connector = connector;
    settings.isolation = isolation;
    settings.webhook_url = "https://patchbay.example/hook";
    settings.config = std::move(config);
    return factory.create(std::move(settings));
  }
  std::shared_ptr<Channel> make(const std::string& connector = "hostile", Json config = Json::object(),
                                Isolation isolation = Isolation::kDefault) {
    auto channel = tryMake(connector, std::move(config), isolation);
    if (!channel) throw std::runtime_error(channel.error().message);
    return *channel;
  }
  TurnContext context() const {
    TurnContext context;
    context.now = *parseRfc3339("2026-01-05T10:00:00.123Z");
    context.budget = budget_;
    context.attempt = 2;
    return context;
  }
  Turn receive(const std::shared_ptr<Channel>& channel, const std::string& body) {
    const http::Headers headers = {{"Content-Type", "text/plain"}, {"X-Other", "1"}};
    return channel->receive({"POST", "", "a=b", &headers, body}, context());
  }
  /// What became of one deed in a worker of its own, in words.
  std::string after(const std::string& deed) {
    const auto channel = make();
    const auto turn = receive(channel, deed);
    EXPECT_EQ(receive(channel, "fine").status, PB_OK) << "the turn after " << deed;
    return turn.ok() ? "ok: " + (turn.events.empty() ? "" : turn.events[0].text) : turn.error;
  }
  static Json scriptedConfig() { return {{"number", "1061"}, {"secret", "the-app-secret"}, {"token", "t0k3n-value"}}; }

  ConnectorSet connectors_{{HOSTILE_LIBRARY, LOADING_LIBRARY, SCRIPTED_LIBRARY}, ""};
  worker::Options worker_;
  milliseconds budget_{10'000};
};

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

TEST_F(IsolationTest, ACrashCostsOneTurn) {
  EXPECT_EQ(after("abort"), "the connector crashed: Aborted");
  EXPECT_EQ(after("segfault"), "the connector crashed: Segmentation fault");
  EXPECT_EQ(after("null"), "the connector crashed: Segmentation fault");
  EXPECT_EQ(after("stack"), "the connector crashed: Segmentation fault");
  EXPECT_EQ(after("terminate"), "the connector crashed: Aborted");
  EXPECT_EQ(after("exit"), "the connector ended the process with status 7");
}

TEST_F(IsolationTest, AnExceptionIsWhatItIsInProcess) {
  EXPECT_EQ(after("throw"), "an exception left the connector: catch me");
}

TEST_F(IsolationTest, AForbiddenSystemCallIsNamed) {
  const std::vector<std::pair<std::string, std::string>> deeds = {{"open", "openat"},
                                                                  {"passwd", "openat"},
                                                                  {"create", "openat"},
                                                                  {"socket", "socket"},
                                                                  {"fork", "clone"},
                                                                  {"exec", "execve"},
                                                                  {"ptrace", "ptrace"},
                                                                  {"executable", "mmap"},
                                                                  {"sleep", "clock_nanosleep"},
                                                                  {"print", "write to standard error"},
                                                                  {"garbage", "write"}};
  for (const auto& [deed, call] : deeds)
    EXPECT_TRUE(has(after(deed), "the connector tried the system call " + call)) << deed << ": " << after(deed);
  EXPECT_TRUE(has(after("kill"), "the connector tried the system call getppid"));
  EXPECT_EQ(after("blocked"), "the connector crashed: Bad system call");
}

TEST_F(IsolationTest, ATurnWithoutEndIsEndedByTheHost) {
  budget_ = 300ms;
  worker_.grace = 300ms;
  const auto channel = make();
  const auto began = std::chrono::steady_clock::now();
  EXPECT_TRUE(has(receive(channel, "loop").error, "did not end its turn within 600 ms"));
  EXPECT_LT(std::chrono::steady_clock::now() - began, 30s);
  budget_ = 10s;
  EXPECT_EQ(receive(channel, "fine").status, PB_OK);
  EXPECT_EQ(channel->workerStats()->overruns, 1U);
}

TEST_F(IsolationTest, MemoryHasAnEnd) {
  const auto said = after("allocate");
  EXPECT_TRUE(has(said, "bad_alloc") || has(said, "Killed")) << said;
  EXPECT_EQ(after("memory"), "ok: fine");
}

TEST_F(IsolationTest, NothingThatAWorkerSendsIsBelieved) {
  for (const char* deed : {"noise", "huge frame", "wrong type"})
    EXPECT_EQ(after(deed), "the worker sent a broken frame and was killed") << deed;
  for (const char* deed : {"empty reply", "many items"})
    EXPECT_EQ(after(deed), "the worker sent a broken answer and was killed") << deed;
  EXPECT_TRUE(has(receive(make(), "nonsense").error, "unknown effect refused: not legal in receive"));
  budget_ = 300ms;
  worker_.grace = 300ms;
  const auto channel = make();
  EXPECT_TRUE(has(receive(channel, "half a frame").error, "did not end its turn"));
  EXPECT_EQ(channel->workerStats()->overruns, 1U);
}

TEST_F(IsolationTest, EffectsHaveTheLimitsThatTheyHaveInProcess) {
  const auto in_process = make("hostile", Json::object(), Isolation::kProcess);
  for (const char* deed : {"giant effect", "many effects", "giant diag"}) {
    const auto there = after(deed), here = receive(in_process, deed).error;
    EXPECT_EQ(there, here) << deed;
    EXPECT_NE(here, "") << deed;
  }
  EXPECT_EQ(after("many lines"), "ok: fine");
}

TEST_F(IsolationTest, AllowsWhatADecentConnectorNeeds) {
  EXPECT_EQ(after("clock"), "ok: fine");
}

TEST_F(IsolationTest, ANeighbourGoesOn) {
  budget_ = 300ms;
  worker_.grace = 700ms;
  const auto bad = make();
  worker_.grace = 60s;  // only the one that loops is to be ended
  const auto good = make("scripted", scriptedConfig(), Isolation::kWorker);
  std::jthread looping([&] { EXPECT_FALSE(receive(bad, "loop").ok()); });
  for (int i = 0; i < 20; ++i) EXPECT_TRUE(receive(good, "hello").ok());
  looping.join();
  EXPECT_EQ(good->workerStats()->starts, 1U);
}

TEST_F(IsolationTest, AChannelThatOnlyFailsIsOffForAWhile) {
  worker_.failures = 3;
  worker_.pause = 3s;
  const auto channel = make();
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(channel->off(), "") << i;
    EXPECT_EQ(receive(channel, "abort").error, "the connector crashed: Aborted");
  }
  EXPECT_TRUE(has(channel->off(), "failed 3 times in a row (the last: the connector crashed: Aborted)"))
      << channel->off();
  EXPECT_EQ(channel->workerStats()->off, 1U);
  const auto refused = receive(channel, "fine");
  EXPECT_EQ(refused.status, PB_BUG);
  EXPECT_TRUE(has(refused.error, "this channel is off for another"));
  EXPECT_EQ(channel->workerStats()->not_started, 1U);
  for (int i = 0; i < 1200 && !channel->off().empty(); ++i) std::this_thread::sleep_for(50ms);
  EXPECT_EQ(channel->off(), "");
  EXPECT_TRUE(receive(channel, "fine").ok());  // and is trusted again
  EXPECT_TRUE(has(receive(channel, "abort").error, "crashed"));
  EXPECT_EQ(channel->off(), "");
  EXPECT_EQ(channel->workerStats()->crashes, 4U);
}

/// The worker processes of this process, by the kernel's book.
std::vector<int> workers(int parent = ::getpid()) {
  std::vector<int> found;
  for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
    std::ifstream file(entry.path() / "stat");
    std::string line;
    if (!std::getline(file, line)) continue;
    const auto open = line.find('('), close = line.rfind(')');
    if (line.substr(open + 1, close - open - 1) != "patchbay-worker") continue;
    if (std::stoi(line.substr(close + 4)) == parent) found.push_back(std::stoi(line));
  }
  return found;
}

/// Waits until a process has ended, whether or not somebody has waited for it.
bool waitForEnd(int pid) {
  for (int i = 0; i < 1200; ++i) {
    std::ifstream file("/proc/" + std::to_string(pid) + "/stat");
    std::string line;
    std::getline(file, line);
    if (line.empty() || line[line.rfind(')') + 2] == 'Z' || line[line.rfind(')') + 2] == 'X') return true;
    std::this_thread::sleep_for(50ms);
  }
  return false;
}

TEST_F(IsolationTest, AWorkerThatIsKilledInBetweenIsReplaced) {
  const auto channel = make();
  ASSERT_TRUE(receive(channel, "fine").ok());
  const auto pids = workers();
  ASSERT_EQ(pids.size(), 1U);
  ASSERT_EQ(::kill(pids[0], SIGKILL), 0);
  ASSERT_TRUE(waitForEnd(pids[0]));
  EXPECT_TRUE(receive(channel, "fine").ok());
  EXPECT_EQ(channel->workerStats()->starts, 2U);
}

TEST_F(IsolationTest, CreateIsATurnLikeAnyOther) {
  EXPECT_TRUE(has(tryMake("hostile", {{"create", "crash"}}).error().message, "the connector crashed: Aborted"));
  const auto refused = tryMake("hostile", {{"create", "refuse"}});
  EXPECT_TRUE(has(refused.error().message, "refused its configuration (rejected): was told to refuse"))
      << refused.error().message;
  ASSERT_EQ(refused.error().fields.size(), 1U);
  EXPECT_EQ(refused.error().fields[0].pointer, "/create");
  EXPECT_TRUE(has(tryMake("hostile", {{"create", "nothing"}}).error().message, "without an instance"));
}

TEST_F(IsolationTest, EvenLoadingIsLockedIn) {
  const auto made = tryMake("loading");
  ASSERT_FALSE(made.ok());
  EXPECT_TRUE(has(made.error().message, "tried the system call socket")) << made.error().message;
}

TEST_F(IsolationTest, AMissingWorkerProgramIsSaidSo) {
  worker_.program = "/nonexistent/patchbay-worker";
  EXPECT_TRUE(has(tryMake("hostile").error().message, "/nonexistent/patchbay-worker cannot be started: No such file"));
}

TEST_F(IsolationTest, AnotherLibraryUnderTheSameNameIsRefused) {
  const auto folder = std::filesystem::temp_directory_path() / ("patchbay-isolation-" + std::to_string(::getpid()));
  std::filesystem::create_directories(folder);
  std::filesystem::permissions(folder, std::filesystem::perms::all);
  const auto library = folder / "hostile.so";
  std::filesystem::copy_file(HOSTILE_LIBRARY, library);
  ConnectorSet set({library.string()}, "");
  std::filesystem::remove(library);
  std::filesystem::copy_file(SCRIPTED_LIBRARY, library);
  ChannelFactory factory(set, {.nonce = ""});
  ChannelSettings settings;
  settings.tenant = "acme", settings.name = "x", settings.connector = "hostile", settings.config = Json::object();
  const auto made = factory.create(settings);
  std::filesystem::remove_all(folder);
  ASSERT_FALSE(made.ok());
  EXPECT_TRUE(has(made.error().message, "has changed since this host read its manifest")) << made.error().message;
}

TEST_F(IsolationTest, LeavesNoProcessBehind) {
  {
    const auto one = make(), other = make();
    EXPECT_TRUE(receive(one, "fine").ok());
    EXPECT_FALSE(receive(other, "abort").ok());
    EXPECT_EQ(workers().size(), 1U);
    EXPECT_TRUE(receive(other, "fine").ok());
    EXPECT_EQ(workers().size(), 2U);
  }
  EXPECT_TRUE(workers().empty());
}

TEST_F(IsolationTest, AWorkerDiesWithItsHostWhateverItDoes) {
  std::array<int, 2> ends{};
  ASSERT_EQ(::pipe(ends.data()), 0);
  const auto host = ::fork();
  if (host == 0) {
    const auto channel = make();
    const auto pids = workers();
    const int pid = pids.empty() ? 0 : pids[0];
    [[maybe_unused]] const auto told = ::write(ends[1], &pid, sizeof pid);
    budget_ = 60s;
    receive(channel, "loop");
    ::_exit(0);
  }
  int worker = 0;
  ASSERT_EQ(::read(ends[0], &worker, sizeof worker), static_cast<ssize_t>(sizeof worker));
  ::close(ends[0]), ::close(ends[1]);
  ASSERT_GT(worker, 0);
  std::this_thread::sleep_for(300ms);  // it loops
  ASSERT_EQ(::kill(worker, 0), 0);
  ::kill(host, SIGKILL);
  ::waitpid(host, nullptr, 0);
  EXPECT_TRUE(waitForEnd(worker));
}

TEST_F(IsolationTest, DropsWhatRootCanDo) {
  if (::geteuid() != 0) GTEST_SKIP() << "not root";
  const auto channel = make();
  const auto pids = workers();
  ASSERT_EQ(pids.size(), 1U);
  std::ifstream file("/proc/" + std::to_string(pids[0]) + "/status");
  std::map<std::string, std::string> status;
  for (std::string line; std::getline(file, line);)
    status[line.substr(0, line.find(':'))] = line.substr(line.find(':') + 1);
  EXPECT_EQ(status["Uid"], "\t65534\t65534\t65534\t65534");
  EXPECT_EQ(status["Groups"], "\t ");
  EXPECT_EQ(status["CapEff"], "\t0000000000000000");
  EXPECT_EQ(status["CapPrm"], "\t0000000000000000");
  EXPECT_EQ(status["NoNewPrivs"], "\t1");
  EXPECT_EQ(status["Seccomp"], "\t2");
  std::ifstream environment("/proc/" + std::to_string(pids[0]) + "/environ");
  std::string variables((std::istreambuf_iterator<char>(environment)), {});
  EXPECT_EQ(variables, std::string("TZ=UTC0\0", 8));
  for (const auto& entry : std::filesystem::directory_iterator("/proc/" + std::to_string(pids[0]) + "/fd"))
    EXPECT_LE(std::stoi(entry.path().filename()), 4) << std::filesystem::read_symlink(entry.path());
}

TEST_F(IsolationTest, TurnsAreWhatTheyAreInProcess) {
  const auto there = make("scripted", scriptedConfig(), Isolation::kWorker);
  const auto here = make("scripted", scriptedConfig(), Isolation::kProcess);
  EXPECT_TRUE(there->isolated());
  EXPECT_FALSE(here->isolated());
  EXPECT_FALSE(here->workerStats());
  const auto both = [&](const auto& call) {
    std::vector<Effect> a, b;
    auto one = context(), two = context();
    one.record = &a, two.record = &b;
    const auto x = call(*there, one), y = call(*here, two);
    EXPECT_EQ(x.status, y.status) << x.error << " / " << y.error;
    EXPECT_EQ(x.error, y.error);
    EXPECT_EQ(x.requests, y.requests);
    EXPECT_EQ(x.carry, y.carry);
    EXPECT_EQ(x.result, y.result);
    EXPECT_EQ(x.cursor, y.cursor);
    EXPECT_EQ(x.blobs, y.blobs);
    EXPECT_EQ(x.events.size(), y.events.size());
    EXPECT_EQ(x.diagnostics.size(), y.diagnostics.size());
    EXPECT_EQ(a.size(), b.size());
    for (std::size_t i = 0; i < std::min(a.size(), b.size()); ++i)
      EXPECT_EQ(a[i].kind + a[i].text, b[i].kind + b[i].text);
    return x;
  };
  const http::Headers headers = {{"A", "1"}, {"b", "2"}};
  for (const char* body :
       {"not a script", R"([{"emit": 1, "json": {"kind": "account", "text": "x"}}, {"clock": true}])",
        R"([{"diag": "words", "pointer": "/a"}, {"return": 2}])", R"([{"emit": 1, "json": "not JSON"}])",
        R"([{"emit": 5, "json": {"status": "sent"}}])", R"([{"null_text": "event"}])", R"([{"null_text": "diag"}])",
        R"([{"throw": "words"}])", R"([{"echo_config": true}])", R"([{"return": 77}])", R"([{"blob": "bytes"}])",
        R"([{"log": true}, {"return": 1}])"})
    both([&](Channel& channel, const TurnContext& turn) {
      return channel.receive({"PUT", "sub/path", "x=1", &headers, body}, turn);
    });
  const Json message = {{"kind", "message"}, {"to", {{"kind", "phone"}, {"address", "+1"}}}, {"text", "Hello"}};
  const auto turn = both([&](Channel& channel, const TurnContext& c) { return channel.perform(message, c); });
  ASSERT_EQ(turn.requests.size(), 1U);
  const std::vector<Answer> answers = {{.status = 200, .headers = {{"X", "y"}}, .body = "{}", .error = {}},
                                       {.failure = PB_NO_ANSWER, .headers = {}, .body = {}, .error = "late"}};
  both([&](Channel& channel, const TurnContext& c) { return channel.resume(message, "step 1", answers, c); });
  auto blobs = message;
  blobs["text"] = R"([{"blob": "abc", "times": 3}, {"emit": 5, "json": {"status": "sent", "ids": ["1"]}}])";
  EXPECT_EQ(both([&](Channel& channel, const TurnContext& c) { return channel.perform(blobs, c); }).blobs.size(), 3U);
  both([&](Channel& channel, const TurnContext& c) { return channel.poll("41", c); });
  both([&](Channel& channel, const TurnContext& c) { return channel.resume({{"kind", "poll"}}, "", answers, c); });
}

TEST_F(IsolationTest, AWorkerNeverSeesASecret) {
  const auto channel = make("scripted", scriptedConfig(), Isolation::kWorker);
  const auto turn = receive(channel, R"([{"echo_config": true}])");
  ASSERT_EQ(turn.events.size(), 1U);
  EXPECT_TRUE(has(turn.events[0].text, "{{secret:secret}}"));
  EXPECT_FALSE(has(turn.events[0].text, "the-app-secret"));
}

TEST_F(IsolationTest, AFailureAfterAnAnsweredRequestIsNeverTransient) {
  const auto channel = make();
  const Json operation = {{"kind", "message"}};
  EXPECT_TRUE(channel->perform(operation, context()).ok());
  const std::vector<Answer> answers = {{.status = 200, .headers = {}, .body = "abort", .error = {}}};
  EXPECT_EQ(channel->resume(operation, "", answers, context()).status, PB_BUG);
  const std::vector<Answer> good = {{.status = 200, .headers = {}, .body = "fine", .error = {}}};
  const auto turn = channel->resume(operation, "", good, context());
  ASSERT_TRUE(turn.ok()) << turn.error;
  EXPECT_EQ((*turn.result)["ids"][0], "1000000");
  EXPECT_EQ(turn.blobs.at(1'000'000), "bytes");
}

TEST_F(IsolationTest, TakesLargeBodies) {
  const auto channel = make("scripted", scriptedConfig(), Isolation::kWorker);
  EXPECT_TRUE(receive(channel, std::string(16U << 20U, 'a')).ok());
}

}  // namespace
}  // namespace patchbay::connectors
