// The parser of outside bytes, without sockets: garbage, and every way to cut a stream.
#include "edge/request_reader.hpp"

#include <gtest/gtest.h>

#include <random>

namespace patchbay::edge {
namespace {

using Progress = RequestReader::Progress;

/// What came out of a stream: "GET /a|body" per request, and the status of the refusal that ended it (0: none).
struct Outcome {
  std::vector<std::string> requests;
  int refused = 0;
  bool operator==(const Outcome&) const = default;
};

/// Feeds `stream` in pieces of the sizes that `next` gives, as a connection does.
template <class NextSize>
Outcome feed(const std::string& stream, NextSize next) {
  ByteBudget budget(std::size_t{1} << 20U);
  RequestReader reader(2048, budget);
  Outcome outcome;
  std::string held;
  std::size_t given = 0;
  bool in_body = false;
  for (;;) {
    std::size_t consumed = 0;
    const Progress progress = in_body ? reader.readBody(held, consumed) : reader.readHead(held, consumed);
    EXPECT_LE(consumed, held.size());
    held.erase(0, consumed);
    if (progress == Progress::kRefused) {
      outcome.refused = reader.refusal().status;
      return outcome;
    }
    if (progress == Progress::kMore) {
      if (given == stream.size()) return outcome;
      const std::size_t size = std::min(next(), stream.size() - given);
      held.append(stream, given, size);
      given += size;
      continue;
    }
    if (!in_body && reader.hasBody()) {
      if (const auto refusal = reader.setBodyLimit(4096)) {
        outcome.refused = refusal->status;
        return outcome;
      }
      in_body = true;
      continue;
    }
    const http::Request& request = reader.request();
    outcome.requests.push_back(request.method + " " + request.path + "|" + request.body);
    reader.next();
    EXPECT_EQ(budget.used(), 0U) << "what is answered is not charged any more";
    in_body = false;
  }
}

Outcome whole(const std::string& stream) {
  return feed(stream, [&] { return stream.size(); });
}

const std::vector<std::string> kSeeds{
    "POST /0 HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nPOST /1 HTTP/1.1\r\nHost: t\r\n"
    "Transfer-Encoding: chunked\r\n\r\n0;x=\"y z\"\r\nT: 1\r\nU: 2\r\n\r\n",
    "GET /a?b HTTP/1.1\r\nHost: t\r\nX-A: 1\r\n\r\nPOST /b HTTP/1.1\r\nHost: t\r\nContent-Length: 5\r\n\r\nhello",
    "POST /c HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n5;x=y\r\nhello\r\nA\r\n0123456789\r\n0\r\nT: "
    "1\r\n\r\nGET /d "
    "HTTP/1.1\r\nHost: t\r\n\r\n",
    "\r\nPOST /e HTTP/1.0\r\nContent-Length: 3\r\nConnection: keep-alive, x\r\n\r\nabc\r\nGET /f HTTP/1.1\r\nHost: "
    "t\r\n\r\n",
};

TEST(RequestReaderTest, ReadsItsSeeds) {
  EXPECT_EQ(whole(kSeeds[0]), (Outcome{{"POST /0|", "POST /1|"}, 0}));
  EXPECT_EQ(whole(kSeeds[1]), (Outcome{{"GET /a|", "POST /b|hello"}, 0}));
  EXPECT_EQ(whole(kSeeds[2]), (Outcome{{"POST /c|hello0123456789", "GET /d|"}, 0}));
  EXPECT_EQ(whole(kSeeds[3]), (Outcome{{"POST /e|abc", "GET /f|"}, 0}));
}

TEST(RequestReaderTest, TheResultDoesNotDependOnWhereTheStreamIsCut) {
  std::mt19937 random(20260105);
  for (const std::string& seed : kSeeds) {
    const Outcome expected = whole(seed);
    EXPECT_EQ(feed(seed, [] { return std::size_t{1}; }), expected);
    for (int round = 0; round < 200; ++round) {
      ASSERT_EQ(feed(seed, [&] { return std::size_t{1} + random() % 40; }), expected);
    }
  }
}

TEST(RequestReaderTest, BrokenStreamsNeitherCrashNorDependOnWhereTheyAreCut) {
  std::mt19937 random(7);
  constexpr std::string_view spice(
      "\0\r\n \t:;,\"\x7f\xff"
      "0aGHTP/1",
      19);
  for (int round = 0; round < 60000; ++round) {
    std::string stream = kSeeds[random() % kSeeds.size()];
    for (unsigned changes = 1 + random() % 3; changes > 0; --changes) {
      const std::size_t at = random() % stream.size();
      switch (random() % 3) {
        case 0:
          stream[at] = spice[random() % spice.size()];
          break;
        case 1:
          stream.erase(at, 1 + random() % 4);
          break;
        default:
          stream.insert(at, 1, spice[random() % spice.size()]);
          break;
      }
      if (stream.empty()) stream = "x";
    }
    stream += "zzzzz";  // so that the last chunk of the broken stream is not left undecided for lack of bytes
    const Outcome at_once = whole(stream);
    const Outcome by_byte = feed(stream, [] { return std::size_t{1}; });
    ASSERT_EQ(by_byte.requests, at_once.requests)
        << "seed 7, round " << round << ": " << testing::PrintToString(stream);
    ASSERT_EQ(by_byte.refused, at_once.refused) << "seed 7, round " << round << ": " << testing::PrintToString(stream);
  }
}

TEST(RequestReaderTest, RandomBytesNeverMakeARequest) {
  std::mt19937 random(11);
  for (int round = 0; round < 5000; ++round) {
    std::string stream(1 + random() % 300, '\0');
    for (char& byte : stream) byte = static_cast<char>(random());
    EXPECT_TRUE(whole(stream).requests.empty());
  }
}

}  // namespace
}  // namespace patchbay::edge
