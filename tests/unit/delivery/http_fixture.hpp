/// A client and the shortest way to ask it something.
#pragma once

#include <gtest/gtest.h>

#include <fstream>
#include <future>
#include <iterator>

#include "base/crypto.hpp"
#include "delivery/http_client.hpp"

namespace patchbay::delivery {

class HttpFixture : public testing::Test {
 protected:
  HttpFixture()
      : folder_(std::filesystem::temp_directory_path() / ("patchbay-http-" + crypto::uuid4())), store_(folder_) {}
  ~HttpFixture() override { std::filesystem::remove_all(folder_); }

  struct Got {
    connectors::Answer answer;
    std::string file;  // content of the blob
    bool has_file = false;
  };

  /// `allowed`: "host:port" that the channel may reach on loopback, and that its egress names.
  std::shared_ptr<EgressRules> rules(const std::vector<std::string>& allowed) const {
    std::vector<connectors::Egress> egress;
    Json config = Json::object();
    for (std::size_t i = 0; i < allowed.size(); ++i) {
      connectors::Egress one;
      one.config_key = "url" + std::to_string(i);
      config[one.config_key] = scheme_ + "://" + allowed[i] + "/";
      egress.push_back(one);
    }
    return std::make_shared<EgressRules>(egress, config, allowed);
  }

  std::future<Got> start(Json request, std::shared_ptr<EgressRules> egress) {
    request.emplace("method", "POST");
    request.emplace("repeat", request["method"] == "GET" || request["method"] == "HEAD" ? "safe" : "unsafe");
    request.emplace("timeout_ms", 60000);
    const Json config = Json::object();
    auto prepared = prepareRequest(request, {std::move(egress), &secrets_, &config, &blobs_, now()});
    auto promise = std::make_shared<std::promise<Got>>();
    auto future = promise->get_future();
    if (!prepared.ok()) {
      Got got;
      got.answer.failure = PB_NOT_SENT;
      got.answer.error = prepared.error().message;
      promise->set_value(std::move(got));
      return future;
    }
    client().send(std::move(*prepared), [promise](connectors::Answer answer, std::unique_ptr<media::Writer> file) {
      Got got{std::move(answer), {}, file != nullptr};
      if (file) got.file = file->commit().sha256;
      promise->set_value(std::move(got));
    });
    return future;
  }

  Got ask(Json request, const std::vector<std::string>& allowed) {
    auto future = start(std::move(request), rules(allowed));
    if (future.wait_for(std::chrono::seconds{90}) != std::future_status::ready) {
      ADD_FAILURE() << "no completion within 90 s";
      return {};
    }
    return future.get();
  }

  HttpClient& client() {
    if (!client_) client_ = std::make_unique<HttpClient>(options_, &store_);
    return *client_;
  }

  std::string scheme_ = "http";
  HttpClient::Options options_;
  std::filesystem::path folder_;
  media::Store store_;
  connectors::Secrets secrets_{{{"token", {"s3cr3t-token"}}}, "nonce"};
  Blobs blobs_;
  std::unique_ptr<HttpClient> client_;
};

}  // namespace patchbay::delivery
