/// One request on its way: the libcurl handle, its callbacks, its redirects. Used by HttpClient's thread alone.
#pragma once

#include <curl/curl.h>

#include <chrono>
#include <memory>
#include <string>

#include "delivery/http_client.hpp"

namespace patchbay::delivery {

class Transfer {
 public:
  Transfer(PreparedRequest request, HttpClient::Done done, const HttpClient::Options& options,
           const media::Store* store);
  ~Transfer();
  Transfer(const Transfer&) = delete;
  Transfer& operator=(const Transfer&) = delete;

  CURL* handle() const { return easy_; }
  /// Builds the handle for the present hop. @return false when libcurl has no memory for it
  bool prepare();

  /// The hop has ended. @return true when there is another one: take the handle out and add it again
  bool ended(CURLcode code);

  /// Hands the answer out; once.
  void finish();
  /// The same, for a transfer that is broken off by us.
  void abandon(const std::string& why);

 private:
  static std::size_t onBody(char* data, std::size_t size, std::size_t count, void* self);
  static std::size_t onHeader(char* data, std::size_t size, std::size_t count, void* self);
  static std::size_t onRead(char* out, std::size_t size, std::size_t count, void* self);
  static int onSeek(void* self, curl_off_t offset, int origin);
  static int onStart(void* self, char* address, char*, int, int);
  static curl_socket_t onSocket(void* self, curlsocktype purpose, curl_sockaddr* address);

  bool takeHeader(std::string_view line);
  bool takeBody(std::string_view bytes);
  bool follow();
  void fail(int failure, std::string why);
  bool anyByteSent() const;

  PreparedRequest request_;
  HttpClient::Done done_;
  const HttpClient::Options& options_;
  const media::Store* store_;
  const std::chrono::steady_clock::time_point deadline_;
  CURL* easy_;
  curl_slist* header_list_ = nullptr;
  char error_text_[CURL_ERROR_SIZE] = {};
  BodyReader reader_;
  connectors::Answer answer_;
  std::unique_ptr<media::Writer> file_;
  std::string refused_;     // why we stopped the hop ourselves
  bool connected_ = false;  // to one of the server's addresses, or on the way
  bool forbidden_ = false;  // none of them may be used
  std::size_t header_bytes_ = 0;
  std::uint64_t body_bytes_ = 0;
  bool too_large_ = false;
  int starts_ = 0;  // requests that libcurl began on this hop
  int hops_ = 0;
  bool sent_before_ = false;  // an earlier hop left
};

}  // namespace patchbay::delivery
