#include "edge/request_reader.hpp"

#include <algorithm>
#include <boost/beast/http/basic_parser.hpp>
#include <boost/beast/http/error.hpp>
#include <limits>
#include <string>
#include <utility>

#include "base/ascii.hpp"
#include "edge/header_scan.hpp"

namespace patchbay::edge {
namespace {

namespace beast_http = boost::beast::http;
using BeastString = boost::beast::string_view;
using boost::beast::error_code;

std::string_view view(BeastString text) {
  return {text.data(), text.size()};
}

// Callbacks can only stop the parser with an error code; which one does not matter, the reason is kept beside it.
error_code stop() {
  return make_error_code(boost::system::errc::operation_canceled);
}

// The first charge of a body; it then doubles, so a declared length costs memory only as its bytes arrive.
constexpr std::size_t kFirstCharge = std::size_t{16} << 10U;
// A chunk's size line or the trailer: Beast wants each in one piece, so this also bounds the input buffer.
constexpr std::size_t kMaxChunkLine = std::size_t{8} << 10U;
constexpr std::size_t kMaxChunkExtension = 256;
constexpr std::string_view kLastChunk = "0\r\n\r\n";

// " HTTP/d.d" at the end of a request line.
bool endsWithVersion(std::string_view line) {
  if (line.size() < 9) return false;
  const std::string_view end = line.substr(line.size() - 9);
  return end.substr(0, 6) == " HTTP/" && isDigit(end[6]) && end[7] == '.' && isDigit(end[8]);
}

constexpr Refusal kBadChunk{400, "bad_framing", "the chunked body is malformed"};
constexpr Refusal kTooLarge{413, "body_too_large", "the body is larger than this route accepts"};
constexpr Refusal kNoRoom{503, "body_budget", "too many request bodies are in memory at the moment"};

}  // namespace

// Beast's own message container would cost an allocation per field, which then had to be copied; this writes ours.
class RequestReader::Parser final : public beast_http::basic_parser<true> {
 public:
  explicit Parser(RequestReader& owner) : owner_(owner) {
    // Ours is known only after the header. Not boost::none: 1.74 then refuses every Content-Length.
    body_limit(std::numeric_limits<std::uint64_t>::max());
    header_limit(std::numeric_limits<std::uint32_t>::max());  // the length was checked before
  }

  int version() const { return version_; }
  std::string_view target() const { return target_; }
  bool tooManyFields() const { return too_many_fields_; }
  const std::optional<Refusal>& bodyFault() const { return body_fault_; }

 private:
  void on_request_impl(beast_http::verb, BeastString method, BeastString target, int version, error_code&) override {
    owner_.request_.method.assign(method.data(), method.size());
    target_ = view(target);  // stays in the caller's buffer until the head is done with
    version_ = version;
  }
  void on_field_impl(beast_http::field, BeastString name, BeastString value, error_code& ec) override {
    if (is_header_done()) return;  // a trailer: dropped, it must never look like a header
    auto& headers = owner_.request_.headers;
    if (headers.size() == kMaxHeaderFields) {
      too_many_fields_ = true;
      ec = stop();
      return;
    }
    headers.push_back({std::string(name.data(), name.size()), std::string(value.data(), value.size())});
  }
  void on_response_impl(int, BeastString, int, error_code&) override {}
  void on_header_impl(error_code&) override {}
  void on_body_init_impl(boost::optional<std::uint64_t> const&, error_code&) override {}
  std::size_t on_body_impl(BeastString body, error_code& ec) override {
    if (!owner_.append(view(body))) ec = stop();
    return body.size();
  }
  void on_chunk_header_impl(std::uint64_t size, BeastString extension, error_code& ec) override {
    // Beast accepts quoted extensions with anything inside; a line break there ends the line for other parsers.
    if (extension.size() > kMaxChunkExtension || !isFieldValue(view(extension))) {
      body_fault_ = kBadChunk;
      ec = stop();
    } else if (!owner_.discard_ &&
               size > owner_.max_body_ - std::min<std::uint64_t>(owner_.body_seen_, owner_.max_body_)) {
      body_fault_ = kTooLarge;
      ec = stop();
    }
  }
  std::size_t on_chunk_body_impl(std::uint64_t, BeastString body, error_code& ec) override {
    if (!owner_.append(view(body))) {
      body_fault_ = kNoRoom;
      ec = stop();
    }
    return body.size();
  }
  void on_finish_impl(error_code&) override {}

  RequestReader& owner_;
  std::string_view target_;
  int version_ = 0;
  bool too_many_fields_ = false;
  std::optional<Refusal> body_fault_;
};

struct RequestReader::Engine {
  HeaderScan scan;
  std::optional<Parser> parser;
};

RequestReader::RequestReader(std::size_t max_header, ByteBudget& budget, std::shared_ptr<ByteBudget> share)
    : max_header_(max_header), budget_(budget), engine_(std::make_unique<Engine>()) {
  setShare(std::move(share));
  next();
}

RequestReader::~RequestReader() = default;

void RequestReader::next() {
  engine_->scan = HeaderScan{};
  engine_->parser.emplace(*this);
  request_ = http::Request{};
  framing_ = Framing{};
  keep_alive_ = blank_line_seen_ = discard_ = false;
  max_body_ = 0;
  body_seen_ = 0;
  charge_->release();
}

RequestReader::Progress RequestReader::refuse(const Refusal& refusal) {
  framing_.refusal = refusal;
  return Progress::kRefused;
}

RequestReader::Progress RequestReader::readHead(std::string_view bytes, std::size_t& consumed) {
  consumed = 0;
  if (!blank_line_seen_ && bytes.substr(0, 2) == "\r\n") {
    blank_line_seen_ = true;
    consumed = 2;
    bytes.remove_prefix(2);
  }
  if (bytes.empty() || (!blank_line_seen_ && bytes == "\r")) return Progress::kMore;
  // Seen at once instead of at the deadline: TLS and other protocols on this port.
  if (bytes.front() != '\n' && !isToken(bytes.substr(0, 1))) {
    return refuse({400, "bad_framing", "this is not HTTP: the first byte cannot start a method"});
  }
  switch (engine_->scan.scan(bytes)) {
    case HeaderScan::State::kBareLf:
      return refuse({400, "bad_framing", "a header line does not end with CR LF"});
    case HeaderScan::State::kFolded:
      return refuse({400, "bad_framing", "a header line is folded (starts with a blank)"});
    case HeaderScan::State::kMore:
      if (bytes.size() < max_header_) return Progress::kMore;
      break;
    case HeaderScan::State::kComplete:
      if (engine_->scan.size() > max_header_) break;
      consumed += engine_->scan.size();
      return parseHead(bytes.substr(0, engine_->scan.size()));
  }
  return refuse({431, "header_too_large", "the header is larger than this server accepts"});
}

RequestReader::Progress RequestReader::parseHead(std::string_view head) {
  Parser& parser = *engine_->parser;
  request_.headers.reserve(8);
  error_code ec;
  const std::size_t used = parser.put(boost::asio::const_buffer(head.data(), head.size()), ec);
  if (parser.tooManyFields()) return refuse({431, "header_too_large", "the header has more than 100 fields"});
  // Beast says bad_version also for what is no version at all.
  if (ec == beast_http::error::bad_version && endsWithVersion(head.substr(0, head.find("\r\n")))) {
    return refuse({505, "version_not_supported", "this server speaks HTTP/1.1 and HTTP/1.0"});
  }
  if (ec) return refuse({400, "bad_framing", "the header is not valid HTTP/1.1"});
  if (!parser.is_header_done() || used != head.size()) {
    return refuse({400, "bad_framing", "the header ends before its empty line"});
  }
  framing_ = checkFraming(request_, parser.target(), parser.version());
  if (framing_.refusal) return Progress::kRefused;
  splitTarget(parser.target(), request_);
  keep_alive_ = parser.version() >= 11 && parser.keep_alive();
  return Progress::kDone;
}

std::optional<Refusal> RequestReader::setBodyLimit(std::size_t max_body) {
  max_body_ = max_body;
  if (framing_.length.value_or(0) > max_body) return kTooLarge;
  if (framing_.length && !charge_->hasRoom(*framing_.length)) return kNoRoom;
  return std::nullopt;
}

RequestReader::Progress RequestReader::readBody(std::string_view bytes, std::size_t& consumed) {
  Parser& parser = *engine_->parser;
  consumed = 0;
  if (parser.is_done()) return Progress::kDone;
  if (bytes.empty()) return Progress::kMore;
  // Beast 1.74 asserts on 3 or 4 bytes of a last chunk ("0\r\n", more, then looks again): anybody could end the process
  // with three small packets. A valid chunked body never has fewer than these left.
  if (framing_.chunked && bytes.size() < kLastChunk.size()) return Progress::kMore;
  parser.eager(true);
  error_code ec;
  consumed = parser.put(boost::asio::const_buffer(bytes.data(), bytes.size()), ec);
  if (ec == beast_http::error::need_more) {
    return bytes.size() - consumed > kMaxChunkLine ? refuse(kBadChunk) : Progress::kMore;
  }
  if (parser.bodyFault()) return refuse(*parser.bodyFault());
  if (ec) return refuse(framing_.chunked ? kBadChunk : kNoRoom);
  return parser.is_done() ? Progress::kDone : Progress::kMore;
}

void RequestReader::discardBody() {
  discard_ = true;
  std::string().swap(request_.body);
  charge_->release();
}

bool RequestReader::append(std::string_view part) {
  body_seen_ += part.size();
  if (discard_) return true;
  std::string& body = request_.body;
  const std::size_t need = body.size() + part.size();
  if (need > charge_->held()) {
    const std::uint64_t whole = framing_.length.value_or(std::numeric_limits<std::uint64_t>::max());
    const std::uint64_t room = std::min<std::uint64_t>(whole, std::max(kFirstCharge, charge_->held() * 2));
    const auto total = std::max<std::size_t>(need, static_cast<std::size_t>(room));
    if (!charge_->grow(total)) return false;
    body.reserve(total);
  }
  body.append(part);
  return true;
}

}  // namespace patchbay::edge
