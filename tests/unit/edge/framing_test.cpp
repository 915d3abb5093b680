// Ambiguous and broken framing over a real socket. The point of each row: the request that is hidden behind the
// ambiguity is never answered, and the connection ends.
#include <gtest/gtest.h>

#include "edge/server.hpp"
#include "unit/edge/raw_client.hpp"
#include "unit/edge/test_handler.hpp"

namespace patchbay::edge::test {
namespace {

struct Row {
  const char* name;
  std::string bytes;
  int status;
};

const std::string kHidden = "GET /smuggled HTTP/1.1\r\nHost: test\r\n\r\n";

std::string head(const std::string& fields) {
  return "POST /a HTTP/1.1\r\n" + fields + "\r\n";
}

std::vector<Row> rows() {
  const std::string host = "Host: test\r\n";
  return {
      {"a list of equal lengths", head(host + "Content-Length: 5, 5\r\n") + "hello" + kHidden, 400},
      {"two equal lengths", head(host + "Content-Length: 5\r\nContent-Length: 5\r\n") + "hello" + kHidden, 400},
      {"two different lengths", head(host + "Content-Length: 5\r\nContent-Length: 0\r\n") + "hello" + kHidden, 400},
      {"a length with plus", head(host + "Content-Length: +5\r\n") + "hello" + kHidden, 400},
      {"a length with minus", head(host + "Content-Length: -5\r\n") + "hello" + kHidden, 400},
      {"a length with comma", head(host + "Content-Length: 1,0\r\n") + "hello" + kHidden, 400},
      {"a length in hex", head(host + "Content-Length: 0x5\r\n") + "hello" + kHidden, 400},
      {"an empty length", head(host + "Content-Length: \r\n") + kHidden, 400},
      {"a length of 20 digits", head(host + "Content-Length: 18446744073709551621\r\n") + "hello" + kHidden, 400},
      {"length and chunked", head(host + "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n") + "0\r\n\r\n" + kHidden,
       400},
      {"chunked and length", head(host + "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n") + "0\r\n\r\n" + kHidden,
       400},
      {"length and unknown coding",
       head(host + "Content-Length: 5\r\nTransfer-Encoding: xchunked\r\n") + "hello" + kHidden, 400},
      {"xchunked", head(host + "Transfer-Encoding: xchunked\r\n") + "0\r\n\r\n" + kHidden, 400},
      {"chunked, identity", head(host + "Transfer-Encoding: chunked, identity\r\n") + "0\r\n\r\n" + kHidden, 400},
      {"identity", head(host + "Transfer-Encoding: identity\r\n") + kHidden, 400},
      {"gzip, chunked", head(host + "Transfer-Encoding: gzip, chunked\r\n") + "0\r\n\r\n" + kHidden, 400},
      {"chunked twice",
       head(host + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n") + "0\r\n\r\n" + kHidden, 400},
      {"identity and chunked",
       head(host + "Transfer-Encoding: identity\r\nTransfer-Encoding: chunked\r\n") + "0\r\n\r\n" + kHidden, 400},
      {"quoted chunked", head(host + "Transfer-Encoding: \"chunked\"\r\n") + "0\r\n\r\n" + kHidden, 400},
      {"an empty coding", head(host + "Transfer-Encoding: \r\n") + kHidden, 400},
      {"chunked in HTTP/1.0", "POST /a HTTP/1.0\r\n" + host + "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + kHidden,
       400},
      {"a folded value", head(host + "X-A: 1\r\n Content-Length: 5\r\n") + kHidden, 400},
      {"a folded coding", head(host + "Transfer-Encoding:\r\n chunked\r\n") + "0\r\n\r\n" + kHidden, 400},
      {"a folded first line", head(" " + host + host) + kHidden, 400},
      {"a first line folded by a tab", head("\tX-A: 1\r\n" + host) + kHidden, 400},
      {"no Host", head("X-A: 1\r\n") + kHidden, 400},
      {"two Hosts", head(host + host) + kHidden, 400},
      {"two different Hosts", head(host + "Host: other\r\n") + kHidden, 400},
      {"a Host with a path", head("Host: test/evil\r\n") + kHidden, 400},
      {"a Host with userinfo", head("Host: a@test\r\n") + kHidden, 400},
      {"an empty Host", head("Host: \r\n") + kHidden, 400},
      {"a blank before the colon", head(host + "Content-Length : 5\r\n") + "hello" + kHidden, 400},
      {"a line without a colon", head(host + "hello\r\n") + kHidden, 400},
      {"a name with a blank", head(host + "X A: 1\r\n") + kHidden, 400},
      {"an empty name", head(host + ": 1\r\n") + kHidden, 400},
      {"bare LF everywhere", "GET /a HTTP/1.1\nHost: test\n\n" + kHidden, 400},
      {"one bare LF", "GET /a HTTP/1.1\r\nHost: test\nX-A: 1\r\n\r\n" + kHidden, 400},
      {"a bare CR in a value", head(host + "X-A: 1\rContent-Length: 5\r\n") + kHidden, 400},
      {"a bare CR after the request line", "GET /a HTTP/1.1\rX-A: 1\r\n" + host + "\r\n" + kHidden, 400},
      {"NUL in a value", head(host + std::string("X-A: 1\0002\r\n", 10)) + kHidden, 400},
      {"escape in a value", head(host + "X-A: \x1b[2J\r\n") + kHidden, 400},
      {"delete in a value", head(host + "X-A: \x7f\r\n") + kHidden, 400},
      {"HTTP/9.9", "GET /a HTTP/9.9\r\n" + host + "\r\n" + kHidden, 505},
      {"HTTP/2 preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + kHidden, 505},
      {"HTTP/0.9", "GET /a\r\n\r\n" + kHidden, 400},
      {"no version", "GET /a \r\n" + host + "\r\n" + kHidden, 400},
      {"two blanks in the request line", "GET  /a HTTP/1.1\r\n" + host + "\r\n" + kHidden, 400},
      {"a tab in the request line", "GET\t/a HTTP/1.1\r\n" + host + "\r\n" + kHidden, 400},
      {"a trailing blank in the request line", "GET /a HTTP/1.1 \r\n" + host + "\r\n" + kHidden, 400},
      {"lower case http", "GET /a http/1.1\r\n" + host + "\r\n" + kHidden, 400},
      {"absolute form", "GET http://other/a HTTP/1.1\r\n" + host + "\r\n" + kHidden, 400},
      {"authority form", "GET other:80 HTTP/1.1\r\n" + host + "\r\n" + kHidden, 400},
      {"asterisk form with GET", "GET * HTTP/1.1\r\n" + host + "\r\n" + kHidden, 400},
      {"a target that is not ASCII", "GET /\xc3\xa4 HTTP/1.1\r\n" + host + "\r\n" + kHidden, 400},
      {"a fragment in the target", "GET /a#b HTTP/1.1\r\n" + host + "\r\n" + kHidden, 400},
      {"CONNECT", "CONNECT test:443 HTTP/1.1\r\n" + host + "\r\n" + kHidden, 501},
      {"TRACE", "TRACE /a HTTP/1.1\r\n" + host + "\r\n" + kHidden, 501},
      {"an unknown method", "BREW /a HTTP/1.1\r\n" + host + "\r\n" + kHidden, 501},
      {"a lower case method", "get /a HTTP/1.1\r\n" + host + "\r\n" + kHidden, 501},
      {"TLS", std::string("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 11) + kHidden, 400},
      {"two empty lines first", "\r\n\r\n" + kHidden, 400},
      {"a chunk size with plus", head(host + "Transfer-Encoding: chunked\r\n") + "+5\r\nhello\r\n0\r\n\r\n" + kHidden,
       400},
      {"a chunk size with 0x", head(host + "Transfer-Encoding: chunked\r\n") + "0x5\r\nhello\r\n0\r\n\r\n" + kHidden,
       400},
      {"a chunk size that overflows",
       head(host + "Transfer-Encoding: chunked\r\n") + "10000000000000005\r\nhello\r\n0\r\n\r\n" + kHidden, 400},
      {"an empty chunk size", head(host + "Transfer-Encoding: chunked\r\n") + "\r\nhello\r\n0\r\n\r\n" + kHidden, 400},
      {"a chunk longer than it says",
       head(host + "Transfer-Encoding: chunked\r\n") + "4\r\nhello\r\n0\r\n\r\n" + kHidden, 400},
      {"a chunk size that ends with LF",
       head(host + "Transfer-Encoding: chunked\r\n") + "5\nhello\r\n0\r\n\r\n" + kHidden, 400},
      {"LF in a chunk extension",
       head(host + "Transfer-Encoding: chunked\r\n") + "5;a=\"\n\"\r\nhello\r\n0\r\n\r\n" + kHidden, 400},
      {"a chunk extension of 1 KB",
       head(host + "Transfer-Encoding: chunked\r\n") + "5;a=" + std::string(1024, 'x') + "\r\nhello\r\n0\r\n\r\n" +
           kHidden,
       400},
      {"a bad trailer", head(host + "Transfer-Encoding: chunked\r\n") + "0\r\nno colon\r\n\r\n" + kHidden, 400},
      {"an unknown expectation", head(host + "Expect: the-worst\r\nContent-Length: 5\r\n") + "hello" + kHidden, 417},
  };
}

TEST(Framing, AmbiguousRequestsAreRefusedAndNothingBehindThemIsAnswered) {
  for (const Row& row : rows()) {
    SCOPED_TRACE(row.name);
    TestHandler handler;
    Server server(loopback<ServerOptions>(), handler);
    RawClient client(server.port());
    client.send(row.bytes);
    const auto reply = client.reply();
    ASSERT_TRUE(reply);
    EXPECT_EQ(reply->status, row.status);
    EXPECT_EQ(reply->field("connection"), "close");
    EXPECT_EQ(reply->field("content-type"), "application/problem+json");
    EXPECT_TRUE(client.closedByServer());
    EXPECT_EQ(handler.seen(), std::vector<std::string>{}) << "something reached the handler";
    EXPECT_EQ(server.stats().refused_framing, 1U);
  }
}

TEST(Framing, TheSameBytesOneAtATimeAreRefusedAsWell) {
  for (const Row& row : rows()) {
    SCOPED_TRACE(row.name);
    TestHandler handler;
    Server server(loopback<ServerOptions>(), handler);
    RawClient client(server.port());
    for (const char byte : row.bytes) {
      if (!client.send({&byte, 1})) break;
    }
    const auto reply = client.reply();
    ASSERT_TRUE(reply);
    EXPECT_EQ(reply->status, row.status);
    EXPECT_EQ(handler.seen(), std::vector<std::string>{});
  }
}

struct Accepted {
  const char* name;
  std::string bytes;
  const char* body;
};

TEST(Framing, SoundRequestsAreAnsweredAndTheNextOneToo) {
  const std::vector<Accepted> accepted{
      {"plain", "GET /a?b=c HTTP/1.1\r\nHost: test\r\n\r\n", "GET /a?b=c|"},
      {"an empty line first", "\r\nGET /a HTTP/1.1\r\nHost: test\r\n\r\n", "GET /a?|"},
      {"a length", "POST /a HTTP/1.1\r\nHost: test\r\nContent-Length: 5\r\n\r\nhello", "POST /a?|hello"},
      {"a length of zero", "POST /a HTTP/1.1\r\nHost: test\r\nContent-Length: 0\r\n\r\n", "POST /a?|"},
      {"leading zeros", "POST /a HTTP/1.1\r\nHost: test\r\nContent-Length: 005\r\n\r\nhello", "POST /a?|hello"},
      {"no length at all", "POST /a HTTP/1.1\r\nHost: test\r\n\r\n", "POST /a?|"},
      {"GET with a body", "GET /a HTTP/1.1\r\nHost: test\r\nContent-Length: 5\r\n\r\nhello", "GET /a?|hello"},
      {"chunks", "POST /a HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n",
       "POST /a?|hello"},
      {"Chunked", "POST /a HTTP/1.1\r\nHost: test\r\ntransfer-encoding: Chunked\r\n\r\n0\r\n\r\n", "POST /a?|"},
      {"an extension",
       "POST /a HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n5;a=b\r\nhello\r\n0\r\n\r\n",
       "POST /a?|hello"},
      {"a trailer",
       "POST /a HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nX-T: 1\r\n\r\n",
       "POST /a?|hello"},
      {"Host with port", "GET /a HTTP/1.1\r\nHost: [::1]:8003\r\n\r\n", "GET /a?|"},
      {"an odd but legal path", "GET //a/../%2e?x=/? HTTP/1.1\r\nHost: test\r\n\r\n", "GET //a/../%2e?x=/?|"},
      {"UTF-8 in a value", "GET /a HTTP/1.1\r\nHost: test\r\nX-Name: J\xc3\xbcrgen\r\n\r\n", "GET /a?|"},
      {"asterisk", "OPTIONS * HTTP/1.1\r\nHost: test\r\n\r\n", "OPTIONS *?|"},
  };
  TestHandler handler;
  Server server(loopback<ServerOptions>(), handler);
  for (const Accepted& row : accepted) {
    SCOPED_TRACE(row.name);
    RawClient client(server.port());
    client.send(row.bytes);
    const auto first = client.reply();
    ASSERT_TRUE(first);
    EXPECT_EQ(first->status, 200);
    EXPECT_EQ(first->body, row.body);
    client.send(get("/next"));
    const auto second = client.reply();
    ASSERT_TRUE(second);
    EXPECT_EQ(second->body, "GET /next?|");
  }
  EXPECT_EQ(server.stats().refused_framing, 0U);
}

TEST(Framing, Http10IsAnsweredAndClosed) {
  TestHandler handler;
  Server server(loopback<ServerOptions>(), handler);
  RawClient client(server.port());
  client.send("GET /a HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  const auto reply = client.reply();
  ASSERT_TRUE(reply);
  EXPECT_EQ(reply->status, 200);
  EXPECT_EQ(reply->field("connection"), "close");
  EXPECT_TRUE(client.closedByServer());
}

TEST(Framing, PipelinedRequestsAreAnsweredInOrderAlsoWhenTheFirstTakesLonger) {
  TestHandler handler;
  Server server(loopback<ServerOptions>(), handler);
  RawClient client(server.port());
  std::string all = get("/hold");
  for (int i = 0; i < 100; ++i)
    all += i % 2 == 0 ? get("/" + std::to_string(i)) : post("/" + std::to_string(i), "body");
  client.send(all);
  auto held = handler.takeHeld(1);
  ASSERT_EQ(held.size(), 1U);
  EXPECT_EQ(handler.seen().size(), 1U) << "the second was handled before the first was answered";
  held[0].respond({200, {}, "first"});
  EXPECT_EQ(client.reply().value_or(Reply{}).body, "first");
  for (int i = 0; i < 100; ++i) {
    const auto reply = client.reply();
    ASSERT_TRUE(reply);
    const std::string name = "/" + std::to_string(i);
    EXPECT_EQ(reply->body, i % 2 == 0 ? "GET " + name + "?|" : "POST " + name + "?|body");
  }
}

}  // namespace
}  // namespace patchbay::edge::test
