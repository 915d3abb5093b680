#include "connectors/check/outcome.hpp"

#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <patchbay/json.hpp>
#include <stdexcept>
#include <system_error>

#include "base/log.hpp"

namespace patchbay::connectors::check {
namespace {

/// Whole lines to the parent: {"step": ...} or {"outcome": ...}, one JSON document each.
void send(int fd, const Json& message) {
  const auto line = dumpJson(message) + "\n";
  for (std::size_t done = 0; done < line.size();) {
    const auto wrote = ::write(fd, line.data() + done, line.size() - done);
    if (wrote < 0 && errno != EINTR) return;  // the parent is gone, and so is the reason to go on
    if (wrote > 0) done += static_cast<std::size_t>(wrote);
  }
}

[[noreturn]] void child(int fd, const std::string& name,
                        const std::function<std::vector<Outcome>(const Progress&)>& body) {
  // A crash is to end this process as itself, whatever handler the parent has (a sanitizer's, say).
  log::setLevel(log::Level::kError);  // what the connector logs otherwise would stand between the results
  for (const int fatal : {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT}) ::signal(fatal, SIG_DFL);
  std::string last;
  const auto progress = [fd, &last](const std::string& step) {
    last = step;
    send(fd, {{"step", step}});
  };
  try {
    for (const auto& outcome : body(progress))
      send(fd, {{"outcome", {{"name", outcome.name}, {"passed", outcome.passed}, {"why", outcome.why}}}});
  } catch (const std::exception& error) {
    send(fd, {{"outcome",
               {{"name", name}, {"passed", false}, {"why", error.what() + (last.empty() ? "" : "\nwhile: " + last)}}}});
  }
  send(fd, {{"done", true}});
  ::_exit(0);  // the parent's buffers and exit handlers are not the child's to run
}

std::string howItEnded(int status) {
  if (WIFSIGNALED(status)) return std::string{"the connector crashed: "} + strsignal(WTERMSIG(status));
  if (WIFEXITED(status)) return "the connector ended the process with status " + std::to_string(WEXITSTATUS(status));
  return "the process ended in an unknown way";
}

}  // namespace

std::vector<Outcome> isolated(const std::string& name, int seconds,
                              const std::function<std::vector<Outcome>(const Progress&)>& body) {
  std::array<int, 2> ends{};
  if (::pipe(ends.data()) != 0) throw std::system_error(errno, std::generic_category(), "pipe");
  const auto pid = ::fork();
  if (pid < 0) throw std::system_error(errno, std::generic_category(), "fork");
  if (pid == 0) {
    ::close(ends[0]);
    child(ends[1], name, body);
  }
  ::close(ends[1]);
  std::string text;
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds{seconds};
  bool late = false;
  for (bool open = true; open;) {
    const auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now()).count();
    pollfd waiting{ends[0], POLLIN, 0};
    const int ready = left <= 0 ? 0 : ::poll(&waiting, 1, static_cast<int>(left));
    if (ready < 0 && errno == EINTR) continue;
    if (ready <= 0) {
      late = true;
      ::kill(pid, SIGKILL);
      break;
    }
    std::array<char, 65536> buffer;
    const auto got = ::read(ends[0], buffer.data(), buffer.size());
    if (got < 0 && errno == EINTR) continue;
    open = got > 0;
    if (open) text.append(buffer.data(), static_cast<std::size_t>(got));
  }
  ::close(ends[0]);
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }

  std::vector<Outcome> outcomes;
  std::string step;
  bool done = false;
  for (std::size_t at = 0; at < text.size();) {
    const auto end = text.find('\n', at);
    const auto message = Json::parse(text.substr(at, end - at), nullptr, false);
    at = end == std::string::npos ? text.size() : end + 1;
    if (message.is_discarded()) continue;  // the line in which it died
    if (message.contains("step")) step = message["step"].get<std::string>();
    if (message.contains("outcome")) {
      const auto& outcome = message["outcome"];
      outcomes.push_back(
          {outcome["name"].get<std::string>(), outcome["passed"].get<bool>(), outcome["why"].get<std::string>()});
    }
    done = done || message.contains("done");
  }
  if (!done)
    outcomes.push_back({name, false,
                        (late ? "it did not end within " + std::to_string(seconds) + " s" : howItEnded(status)) +
                            (step.empty() ? "" : "\nwhile: " + step)});
  return outcomes;
}

}  // namespace patchbay::connectors::check
