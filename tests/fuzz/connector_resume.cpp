// What a provider answers to a send, through its connector. Input: the operation (JSON), a carry, then
// answers: a line "STATUS" or "-FAILURE" with headers below it, an empty line, the body.
#include <patchbay/testing.hpp>

#include <charconv>

#include "base/text.hpp"
#include "fuzz.hpp"
#include "host_checks.hpp"

using namespace patchbay;
using namespace patchbay::testing;
using patchbay::fuzz::check;

namespace {

Answer answerOf(std::string_view text) {
  Answer answer;
  const auto end = text.find("\n\n");
  int number = 200;
  bool first = true;
  for (const auto line : split(text.substr(0, end), '\n')) {
    if (first) {
      std::from_chars(line.data(), line.data() + line.size(), number);
    } else if (const auto colon = line.find(':'); colon != std::string_view::npos) {
      answer.headers.emplace_back(std::string(line.substr(0, colon)), std::string(trim(line.substr(colon + 1))));
    }
    first = false;
  }
  if (number >= 100 && number < 600)
    answer.status = number;
  else
    answer = Answer::lost(number % 2 == 0 ? PB_NOT_SENT : PB_NO_ANSWER, "lost");
  if (end != std::string_view::npos) answer.body = std::string(text.substr(end + 2));
  return answer;
}

void checkFits(std::string_view schema, const Json& document) {
  const std::string text = dumpJson(document);
  const std::string why = fuzz::whyNot(schema, text);
  check(why.empty(), "a document fits its schema", why + " " + text);
}

void checkTurn(const Turn& turn) {
  check(turn.status != PB_BUG, "no answer is a bug of the connector", turn.refused);
  for (const auto& request : turn.requests) checkFits("request", request);
  if (turn.result) checkFits("result", *turn.result);
}

}  // namespace

FUZZ(std::string_view bytes) {
  static FakeHost host(parseJson(fuzz::settingsOf(fuzz::kTranscripts)));
  fuzz::Parts parts(bytes);
  Json operation;
  try {
    operation = parseJson(parts.next());
  } catch (const JsonError&) {
    return;
  }
  if (!operation.is_object() || !fuzz::whyNot("operation", dumpJson(operation)).empty())
    return;  // the host sends no others
  const std::string carry(parts.next());

  // A whole conversation with the provider, with the given answers in turn.
  auto turn = host.perform(operation);
  checkTurn(turn);
  fuzz::Parts given(parts.rest());
  for (int step = 0; step < 20 && turn.ok() && !turn.result; ++step) {
    std::vector<Answer> answers;
    for (std::size_t i = 0; i < turn.requests.size(); ++i) answers.push_back(answerOf(given.next()));
    turn = host.resume(operation, turn.carry.value_or(""), answers);
    checkTurn(turn);
  }
  // And a carry from nowhere: refused or understood, never a crash.
  if (!carry.empty()) (void)host.resume(operation, carry, {answerOf(parts.rest())});
}
