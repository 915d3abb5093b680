#include "delivery/transfer.hpp"

#include <netdb.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include "base/log.hpp"
#include "base/text.hpp"

namespace patchbay::delivery {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr std::size_t kMaxHeaders = 200;
constexpr std::uint64_t kMaxErrorBody = 1U << 20U;  // of an answer that was asked into a blob but is not 2xx

milliseconds left(steady_clock::time_point deadline) {
  return std::chrono::duration_cast<milliseconds>(deadline - steady_clock::now());
}

std::string findHeader(const http::Headers& headers, std::string_view name) {
  for (const auto& header : headers)
    if (equalsIgnoreCase(header.name, name)) return header.value;
  return {};
}

/// Printable, valid UTF-8: header values reach connectors, logs and the database.
std::string cleanHeader(std::string_view value) {
  return onOneLine(trim(value));
}

}  // namespace

Transfer::Transfer(PreparedRequest request, HttpClient::Done done, const HttpClient::Options& options,
                   const media::Store* store)
    : request_(std::move(request)),
      done_(std::move(done)),
      options_(options),
      store_(store),
      deadline_(steady_clock::now() + request_.timeout.value_or(options_.timeout)),
      easy_(curl_easy_init()),
      reader_(request_.body) {}

Transfer::~Transfer() {
  if (easy_) curl_easy_cleanup(easy_);
  curl_slist_free_all(header_list_);
}

bool Transfer::prepare() {
  if (!easy_) return false;
  curl_easy_reset(easy_);
  curl_slist_free_all(header_list_);
  header_list_ = nullptr;
  error_text_[0] = '\0';
  starts_ = 0;

  const auto set = [this](CURLoption option, auto value) { curl_easy_setopt(easy_, option, value); };
  set(CURLOPT_PRIVATE, this);
  set(CURLOPT_URL, request_.url.text().c_str());
  set(CURLOPT_PATH_AS_IS, 1L);
  set(CURLOPT_PROTOCOLS_STR, "http,https");
  set(CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
  set(CURLOPT_FOLLOWLOCATION, 0L);  // each hop is checked by us
  set(CURLOPT_PROXY, "");           // the environment's proxy is not asked
  set(CURLOPT_NETRC, static_cast<long>(CURL_NETRC_IGNORED));
  set(CURLOPT_NOSIGNAL, 1L);
  set(CURLOPT_QUICK_EXIT, 1L);  // a look-up that hangs must not hold the thread when its transfer has given up
  set(CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
  set(CURLOPT_SSL_VERIFYPEER, 1L);
  set(CURLOPT_SSL_VERIFYHOST, 2L);
  if (!options_.ca_file.empty()) {
    set(CURLOPT_CAINFO, options_.ca_file.c_str());
    set(CURLOPT_CAPATH, static_cast<const char*>(nullptr));
  }
  set(CURLOPT_MAXAGE_CONN, 5L);  // seconds: what has idled longer has too often been closed by the other side
  set(CURLOPT_TIMEOUT_MS, static_cast<long>(std::max<long long>(left(deadline_).count(), 1)));
  set(CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(options_.connect_timeout.count()));
  set(CURLOPT_ERRORBUFFER, error_text_);
  set(CURLOPT_WRITEFUNCTION, &Transfer::onBody);
  set(CURLOPT_WRITEDATA, this);
  set(CURLOPT_HEADERFUNCTION, &Transfer::onHeader);
  set(CURLOPT_HEADERDATA, this);
  set(CURLOPT_PREREQFUNCTION, &Transfer::onStart);
  set(CURLOPT_PREREQDATA, this);
  set(CURLOPT_OPENSOCKETFUNCTION, &Transfer::onSocket);
  set(CURLOPT_OPENSOCKETDATA, this);

  if (request_.method == "HEAD") {
    set(CURLOPT_NOBODY, 1L);
  } else if (request_.method != "GET") {
    set(CURLOPT_UPLOAD, 1L);
    set(CURLOPT_CUSTOMREQUEST, request_.method.c_str());
    set(CURLOPT_INFILESIZE_LARGE, static_cast<curl_off_t>(request_.body.size()));
    set(CURLOPT_READFUNCTION, &Transfer::onRead);
    set(CURLOPT_READDATA, this);
    if (!request_.unsafe) {
      set(CURLOPT_SEEKFUNCTION, &Transfer::onSeek);
      set(CURLOPT_SEEKDATA, this);
    }
  }
  bool agent = false;
  const auto add = [this](const std::string& line) { header_list_ = curl_slist_append(header_list_, line.c_str()); };
  for (const auto& header : request_.headers) {
    agent |= equalsIgnoreCase(header.name, "User-Agent");
    // "Name;" is libcurl's way to say a header without a value.
    add(header.value.empty() ? header.name + ";" : header.name + ": " + header.value);
  }
  if (!agent) add("User-Agent: " + options_.user_agent);
  add("Expect:");
  set(CURLOPT_HTTPHEADER, header_list_);
  return true;
}

std::size_t Transfer::onBody(char* data, std::size_t size, std::size_t count, void* self) {
  return static_cast<Transfer*>(self)->takeBody({data, size * count}) ? size * count : 0;
}

std::size_t Transfer::onHeader(char* data, std::size_t size, std::size_t count, void* self) {
  return static_cast<Transfer*>(self)->takeHeader({data, size * count}) ? size * count : 0;
}

std::size_t Transfer::onRead(char* out, std::size_t size, std::size_t count, void* self) {
  auto& transfer = *static_cast<Transfer*>(self);
  const auto read = transfer.reader_.read(out, size * count);
  if (read >= 0) return static_cast<std::size_t>(read);
  transfer.refused_ = "a file of the media store cannot be read";
  return CURL_READFUNC_ABORT;
}

int Transfer::onSeek(void* self, curl_off_t offset, int origin) {
  if (offset != 0 || origin != SEEK_SET) return CURL_SEEKFUNC_CANTSEEK;
  static_cast<Transfer*>(self)->reader_.rewind();
  return CURL_SEEKFUNC_OK;
}

/// A connection is there, new or reused, and the request is about to go out on it.
int Transfer::onStart(void* self, char* address, char*, int, int) {
  auto& transfer = *static_cast<Transfer*>(self);
  if (++transfer.starts_ > 1 && transfer.request_.unsafe) {
    transfer.refused_ = "the server closed the connection without an answer";
    return CURL_PREREQFUNC_ABORT;
  }
  // A connection that another channel opened is reused for anybody: its address is checked again, for this one's rules.
  transfer.refused_ = transfer.request_.egress->refuseAddress(transfer.request_.url, address ? address : "");
  return transfer.refused_.empty() ? CURL_PREREQFUNC_OK : CURL_PREREQFUNC_ABORT;
}

curl_socket_t Transfer::onSocket(void* self, curlsocktype, curl_sockaddr* address) {
  auto& transfer = *static_cast<Transfer*>(self);
  std::array<char, 64> text{};
  if (::getnameinfo(&address->addr, address->addrlen, text.data(), text.size(), nullptr, 0, NI_NUMERICHOST) != 0)
    return CURL_SOCKET_BAD;
  if (auto why = transfer.request_.egress->refuseAddress(transfer.request_.url, text.data()); !why.empty()) {
    transfer.refused_ = std::move(why);
    transfer.forbidden_ = !transfer.connected_;
    return CURL_SOCKET_BAD;
  }
  transfer.connected_ = true;
  transfer.forbidden_ = false;
  return ::socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

bool Transfer::takeHeader(std::string_view line) {
  if (line.starts_with("HTTP/")) {  // of an interim answer, or of the real one after it
    answer_.headers.clear();
    answer_.status = 0;
    const std::size_t blank = line.find(' ');
    if (blank != std::string_view::npos)
      std::from_chars(line.data() + blank + 1, line.data() + line.size(), answer_.status);
  }
  header_bytes_ += line.size();
  if (header_bytes_ > options_.max_header_bytes || answer_.headers.size() >= kMaxHeaders) {
    refused_ = "the answer has more than " + std::to_string(options_.max_header_bytes) + " bytes or " +
               std::to_string(kMaxHeaders) + " lines of headers";
    return false;
  }
  if (const std::size_t colon = line.find(':'); colon != std::string_view::npos && !line.starts_with("HTTP/"))
    answer_.headers.push_back({cleanHeader(line.substr(0, colon)), cleanHeader(line.substr(colon + 1))});
  return true;
}

bool Transfer::takeBody(std::string_view bytes) {
  const bool to_file = request_.into_blob && answer_.status >= 200 && answer_.status < 300;
  const std::uint64_t limit =
      request_.into_blob && !to_file ? std::min(request_.max_response, kMaxErrorBody) : request_.max_response;
  body_bytes_ += bytes.size();
  too_large_ = body_bytes_ > limit;
  if (too_large_) return false;
  if (!to_file) {
    answer_.body.append(bytes);
    return true;
  }
  try {
    if (!file_) file_ = store_->writer();
    too_large_ = !file_->append(bytes);
    return !too_large_;
  } catch (const std::exception& error) {
    refused_ = "the answer cannot be stored";
    log::error("delivery", "a download cannot be stored", {{"reason", error.what()}});
    return false;
  }
}

bool Transfer::anyByteSent() const {
  long bytes = 0;
  curl_easy_getinfo(easy_, CURLINFO_REQUEST_SIZE,
                    &bytes);  // what the socket or the TLS session has taken of the request
  return bytes > 0 || sent_before_;
}

void Transfer::fail(int failure, std::string why) {
  answer_.failure = failure;
  answer_.error = log::scrub(cleanText(why));
  answer_.body.clear();
  file_.reset();
  if (failure == PB_TOO_LARGE) return;
  answer_.status = 0;
  answer_.headers.clear();
}

bool Transfer::ended(CURLcode code) {
  if (code == CURLE_OK) {
    answer_.failure = PB_ANSWERED;
    const bool redirect = answer_.status >= 301 && answer_.status <= 308 && answer_.status != 304 &&
                          answer_.status != 305 && answer_.status != 306;
    if (redirect && hops_ < request_.follow) return follow();
    // An empty body has no call to takeBody(), and is a file all the same.
    if (request_.into_blob && answer_.status >= 200 && answer_.status < 300 && !file_) takeBody({});
    return false;
  }
  if (too_large_) {
    fail(PB_TOO_LARGE, "the answer is larger than the request allows");
    return false;
  }
  std::string why = refused_;
  answer_.forbidden = forbidden_;
  if (why.empty() && code == CURLE_OPERATION_TIMEDOUT)
    why = "no whole answer from " + request_.url.authority() + " within the deadline";
  if (why.empty()) why = request_.url.authority() + ": " + (error_text_[0] ? error_text_ : curl_easy_strerror(code));
  fail(anyByteSent() ? PB_NO_ANSWER : PB_NOT_SENT, std::move(why));
  return false;
}

bool Transfer::follow() {
  const auto refuse = [this](std::string why) {
    fail(PB_NO_ANSWER, "a redirect was refused: " + std::move(why));
    return false;
  };
  const std::string location = findHeader(answer_.headers, "Location");
  if (location.empty()) return false;  // an answer like any other
  auto next = resolveUrl(request_.url, location);
  if (!next.ok()) return refuse(next.error().message);
  if (request_.url.scheme == "https" && next->scheme != "https") return refuse("it leads from https to plain http");
  const bool same = next->sameServer(request_.url);
  if (!same) {
    std::erase_if(request_.headers, [](const RequestHeader& header) {
      return header.secret || equalsIgnoreCase(header.name, "Authorization") || equalsIgnoreCase(header.name, "Cookie");
    });
  }
  if (auto why = request_.egress->refuse(*next, request_.into_blob && !same); !why.empty() && !same)
    return refuse(std::move(why));
  if (left(deadline_).count() <= 0) {
    fail(PB_NO_ANSWER, "no whole answer from " + request_.url.authority() + " within the deadline");
    return false;
  }
  sent_before_ = true;
  ++hops_;
  request_.url = std::move(*next);
  answer_ = {};
  file_.reset();
  header_bytes_ = 0;
  body_bytes_ = 0;
  refused_.clear();
  connected_ = forbidden_ = false;
  return prepare();
}

void Transfer::finish() {
  if (const auto done = std::exchange(done_, nullptr)) done(std::move(answer_), std::move(file_));
}

void Transfer::abandon(const std::string& why) {
  fail(easy_ && anyByteSent() ? PB_NO_ANSWER : PB_NOT_SENT, why);
  finish();
}

}  // namespace patchbay::delivery
