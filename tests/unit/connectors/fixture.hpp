/// Shared by the tests of host/connectors.
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>
#include <string>

#include "connectors/channel_factory.hpp"
#include "connectors/connector_set.hpp"

namespace patchbay::connectors::test {

/// A folder of its own, gone with the object.
class Folder {
 public:
  Folder() {
    std::string name = (std::filesystem::temp_directory_path() / "patchbay-test-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("mkdtemp failed");
    path_ = name;
  }
  ~Folder() { std::filesystem::remove_all(path_); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;

  const std::filesystem::path& path() const { return path_; }
  std::string write(const std::string& name, const std::string& content) const {
    const auto file = path_ / name;
    std::filesystem::create_directories(file.parent_path());
    std::ofstream(file, std::ios::binary) << content;
    return file.string();
  }

 private:
  std::filesystem::path path_;
};

inline std::string contentOf(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream content;
  content << file.rdbuf();
  return std::move(content).str();
}

inline Json goodConfig() {
  return {{"number", "1061"}, {"secret", "the-app-secret"}, {"verify_token", "let-me-in"}, {"token", "t0k3n-value"}};
}

/// Channels of the scripted connector.
class ChannelTest : public testing::Test {
 protected:
  Result<std::shared_ptr<Channel>> tryMake(const Json& config) {
    ChannelFactory factory(connectors_, {.environment = [this](const std::string& name) -> std::optional<std::string> {
                                           const auto found = environment_.find(name);
                                           return found == environment_.end() ? std::nullopt
                                                                              : std::optional(found->second);
                                         },
                                         .nonce = nonce_});
    ChannelSettings settings;
    settings.tenant = "acme";
    settings.name = "support";
    settings.connector = "scripted";
    settings.webhook_url = "https://patchbay.example/hook";
    settings.config = config;
    return factory.create(std::move(settings));
  }

  std::shared_ptr<Channel> make(const Json& config = goodConfig()) {
    auto channel = tryMake(config);
    if (!channel) throw std::runtime_error(channel.error().message);
    return *channel;
  }

  TurnContext context() const {
    TurnContext context;
    context.now = *parseRfc3339("2026-01-05T10:00:00.123Z");
    context.attempt = 2;
    return context;
  }

  Turn receive(const std::shared_ptr<Channel>& channel, const std::string& body) {
    const http::Headers headers = {{"Content-Type", "application/json"}};
    return channel->receive({"POST", "", "", &headers, body}, context());
  }

  std::map<std::string, std::string> environment_;
  std::optional<std::string> nonce_;
  ConnectorSet connectors_{{SCRIPTED_LIBRARY}, ""};
};

}  // namespace patchbay::connectors::test
