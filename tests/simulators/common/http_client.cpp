#include "simulators/common/http_client.hpp"

#include <curl/curl.h>

#include <mutex>
#include <stdexcept>

#include "base/text.hpp"

namespace patchbay::simulators {
namespace {

constexpr std::size_t kMaxAnswer = 1U << 20U;

struct EasyDeleter {
  void operator()(CURL* easy) const { curl_easy_cleanup(easy); }
};
using Easy = std::unique_ptr<CURL, EasyDeleter>;

struct ListDeleter {
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};
using List = std::unique_ptr<curl_slist, ListDeleter>;

std::size_t collect(char* data, std::size_t, std::size_t size, void* into) {
  auto& body = *static_cast<std::string*>(into);
  body.append(data, std::min(size, kMaxAnswer - std::min(kMaxAnswer, body.size())));
  return size;
}

std::size_t collectHeader(char* data, std::size_t, std::size_t size, void* into) {
  auto& answer = *static_cast<HttpAnswer*>(into);
  const std::string_view line(data, size);
  const auto colon = line.find(':');
  if (line.starts_with("HTTP/"))
    answer.headers.clear();  // a status line: what came before belonged to a 100
  else if (colon != std::string_view::npos)
    answer.headers.emplace_back(line.substr(0, colon), trim(line.substr(colon + 1)));
  return size;
}

void append(List& list, const std::string& line) {
  curl_slist* grown = curl_slist_append(list.get(), line.c_str());
  if (grown == nullptr) throw std::bad_alloc();
  (void)list.release();
  list.reset(grown);
}

}  // namespace

std::string HttpAnswer::header(std::string_view name) const {
  for (const auto& [key, value] : headers)
    if (equalsIgnoreCase(key, name)) return value;
  return {};
}

struct HttpClient::Impl {
  using Headers = HttpClient::Headers;
  std::chrono::milliseconds timeout;
  Connections connections = Connections::kKept;
  std::mutex mutex;  // guards idle
  std::vector<Easy> idle;

  Easy take() {
    {
      const std::lock_guard lock(mutex);
      if (!idle.empty()) {
        Easy easy = std::move(idle.back());
        idle.pop_back();
        return easy;
      }
    }
    Easy easy(curl_easy_init());
    if (!easy) throw std::runtime_error("curl_easy_init failed");
    return easy;
  }

  HttpAnswer run(const std::string& url, const Headers& headers, const std::string* body,
                 const char* method = nullptr) {
    Easy easy = take();
    HttpAnswer answer;
    List list;
    curl_easy_reset(easy.get());  // keeps the connections
    curl_easy_setopt(easy.get(), CURLOPT_URL, url.c_str());
    curl_easy_setopt(easy.get(), CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy.get(), CURLOPT_PROXY, "");
    if (connections == Connections::kFresh) curl_easy_setopt(easy.get(), CURLOPT_FRESH_CONNECT, 1L);
    if (connections == Connections::kFresh) curl_easy_setopt(easy.get(), CURLOPT_FORBID_REUSE, 1L);
    curl_easy_setopt(easy.get(), CURLOPT_TIMEOUT_MS, static_cast<long>(timeout.count()));
    curl_easy_setopt(easy.get(), CURLOPT_WRITEFUNCTION, &collect);
    curl_easy_setopt(easy.get(), CURLOPT_WRITEDATA, &answer.body);
    curl_easy_setopt(easy.get(), CURLOPT_HEADERFUNCTION, &collectHeader);
    curl_easy_setopt(easy.get(), CURLOPT_HEADERDATA, &answer);
    curl_easy_setopt(easy.get(), CURLOPT_USERAGENT, "facebookexternalua");
    append(list, "Expect:");
    for (const auto& [name, value] : headers) append(list, name + ": " + value);
    curl_easy_setopt(easy.get(), CURLOPT_HTTPHEADER, list.get());
    if (body != nullptr) {
      curl_easy_setopt(easy.get(), CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(body->size()));
      curl_easy_setopt(easy.get(), CURLOPT_POSTFIELDS, body->data());
    }
    if (method != nullptr) curl_easy_setopt(easy.get(), CURLOPT_CUSTOMREQUEST, method);
    const auto start = std::chrono::steady_clock::now();
    const CURLcode code = curl_easy_perform(easy.get());
    answer.took = std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::steady_clock::now() - start);
    if (code == CURLE_OK) {
      long status = 0;
      curl_easy_getinfo(easy.get(), CURLINFO_RESPONSE_CODE, &status);
      answer.status = static_cast<int>(status);
    } else {
      answer.error = curl_easy_strerror(code);
    }
    const std::lock_guard lock(mutex);
    idle.push_back(std::move(easy));
    return answer;
  }
};

HttpClient::HttpClient(std::chrono::milliseconds timeout, Connections connections) : impl_(std::make_unique<Impl>()) {
  static const CURLcode ready = curl_global_init(CURL_GLOBAL_DEFAULT);
  if (ready != CURLE_OK) throw std::runtime_error("curl_global_init failed");
  impl_->timeout = timeout;
  impl_->connections = connections;
}

HttpClient::~HttpClient() = default;

HttpAnswer HttpClient::get(const std::string& url, const Headers& headers) {
  return impl_->run(url, headers, nullptr);
}

HttpAnswer HttpClient::post(const std::string& url, const Headers& headers, const std::string& body) {
  return impl_->run(url, headers, &body);
}

HttpAnswer HttpClient::request(const std::string& method, const std::string& url, const Headers& headers,
                               const std::string& body) {
  return impl_->run(url, headers, body.empty() && method != "POST" ? nullptr : &body, method.c_str());
}

}  // namespace patchbay::simulators
