#include "edge/answer.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdio>
#include <utility>

#include "base/problem.hpp"
#include "base/text.hpp"

namespace patchbay::edge {
namespace {

// The edge writes these itself; a second one from a handler would make the framing ambiguous.
constexpr std::array<std::string_view, 6> kOwnHeaders{"Content-Length", "Transfer-Encoding", "Connection", "Keep-Alive",
                                                      "Date",           "X-Request-Id"};

/// Said on every answer whose endpoint says nothing of its own. That pages of other origins may read an answer by CORS
/// is not touched by Cross-Origin-Resource-Policy: it is about requests without CORS.
constexpr std::array<std::pair<std::string_view, std::string_view>, 5> kDefaults{
    {{"Cache-Control", "no-store"},
     {"Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'"},
     {"Cross-Origin-Resource-Policy", "same-origin"},
     {"Referrer-Policy", "no-referrer"},
     {"X-Content-Type-Options", "nosniff"}}};

void appendDefaults(std::string& out, const http::Headers& headers) {
  for (const auto& [name, value] : kDefaults) {
    const auto same = [&name = name](const http::Header& header) {
      return header.name.size() == name.size() && equalsIgnoreCase(header.name, name);
    };
    if (std::none_of(headers.begin(), headers.end(), same)) {
      out.append(name).append(": ").append(value).append("\r\n");
    }
  }
}

void appendNumber(std::string& out, std::size_t number) {
  std::array<char, 20> digits{};
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr;
  out.append(digits.data(), end);
}

}  // namespace

std::string_view DateText::now() {
  const std::time_t second = std::time(nullptr);
  if (second == second_) return text_;
  static constexpr std::array<const char*, 7> kDays{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  static constexpr std::array<const char*, 12> kMonths{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                       "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  std::tm utc{};
  gmtime_r(&second, &utc);
  std::array<char, 64> text{};
  // Not strftime: day and month must not follow the locale.
  const int size = std::snprintf(text.data(), text.size(), "%s, %02d %s %04d %02d:%02d:%02d GMT",
                                 kDays[static_cast<std::size_t>(utc.tm_wday)], utc.tm_mday,
                                 kMonths[static_cast<std::size_t>(utc.tm_mon)], utc.tm_year + 1900, utc.tm_hour,
                                 utc.tm_min, utc.tm_sec);
  text_.assign(text.data(), static_cast<std::size_t>(size));
  second_ = second;
  return text_;
}

http::Response problem(const Refusal& refusal, std::string_view request_id) {
  auto response = http::problemDocument(
      {.status = refusal.status, .code = refusal.code, .detail = refusal.detail, .request_id = request_id});
  if (refusal.status == 503) response.headers.push_back({"Retry-After", "1"});
  return response;
}

const char* faultOf(const http::Response& response) {
  if (response.status < 200 || response.status > 599) return "the status is not in 200..599";
  for (const http::Header& header : response.headers) {
    if (!isToken(header.name)) return "a header name is not a token";
    if (!isFieldValue(header.value)) return "a header value holds a control character";
    for (const std::string_view own : kOwnHeaders) {
      if (header.name.size() == own.size() && equalsIgnoreCase(header.name, own))
        return "a header is set that belongs to the edge";
    }
  }
  return nullptr;
}

bool statusHasBody(int status) {
  return status != 204 && status != 304;
}

void appendHead(std::string& out, const http::Response& response, const HeadFacts& facts) {
  out.append("HTTP/1.1 ");
  appendNumber(out, static_cast<std::size_t>(response.status));
  out.append(" ").append(http::reason(response.status)).append("\r\nDate: ").append(facts.date);
  if (statusHasBody(response.status)) {
    out.append("\r\nContent-Length: ");
    appendNumber(out, response.content().size());
  }
  out.append("\r\nX-Request-Id: ").append(facts.request_id).append("\r\n");
  appendDefaults(out, response.headers);
  if (facts.hsts > 0) {
    out.append("Strict-Transport-Security: max-age=");
    appendNumber(out, static_cast<std::size_t>(facts.hsts));
    out.append("\r\n");
  }
  if (facts.close) out.append("Connection: close\r\n");
  for (const http::Header& header : response.headers) {
    out.append(header.name).append(": ").append(header.value).append("\r\n");
  }
  out.append("\r\n");
}

}  // namespace patchbay::edge
