#include "bench/signed_webhooks.hpp"

#include <algorithm>
#include <fstream>
#include <iterator>
#include <stdexcept>

#include "app/config.hpp"
#include "base/crypto.hpp"
#include "base/text.hpp"
#include "bench/certificate_server.hpp"
#include "connectors/channel_config.hpp"
#include "connectors/connector_set.hpp"
#include "connectors/signature/sns_signer.hpp"

namespace patchbay::bench {
namespace {

std::string contentOf(const std::string& file) {
  std::ifstream stream(file, std::ios::binary);
  if (!stream) throw std::runtime_error(file + " cannot be read");
  return {std::istreambuf_iterator<char>(stream), {}};
}

bool wanted(const std::vector<std::string>& channels, const std::string& name) {
  return channels.empty() || std::find(channels.begin(), channels.end(), name) != channels.end();
}

}  // namespace

SignedWebhooks::SignedWebhooks(const Options& options)
    : run_(options.run),
      contacts_(std::max(options.contacts, 1U)),
      number_(static_cast<std::uint64_t>(std::chrono::floor<std::chrono::seconds>(now()).time_since_epoch().count() %
                                         20000) *
              100000) {
  const auto loaded = app::loadConfig(options.config, app::processEnvironment());
  if (!loaded.ok()) throw std::runtime_error(loaded.report());
  if (options.certificate_port != 0) {
    serveCertificate(options.certificate_port, connectors::SnsSigner::ofThisProcess().pem());
    // A name of its own for each process's certificate, by the rule of the service.
    certificate_url_ = "http://127.0.0.1:" + std::to_string(options.certificate_port) + "/SimpleNotificationService-" +
                       crypto::hexEncode(crypto::randomBytes(16)) + ".pem";
  }
  const connectors::ConnectorSet set({options.connectors}, "");
  for (const auto& tenant : loaded.config.tenants)
    for (const auto& channel : tenant.channels) {
      const auto name = tenant.slug + "/" + channel.name;
      if (!channel.enabled || !wanted(options.channels, name)) continue;
      const auto* manifest = set.find(channel.connector);
      if (manifest == nullptr) throw std::runtime_error(name + ": no connector '" + channel.connector + "'");
      auto config =
          connectors::readChannelConfig(*manifest, channel.config, [](const std::string&) { return std::nullopt; });
      if (!config.errors.empty()) throw std::runtime_error(name + ": " + config.errors.front().message);
      Channel made;
      made.path = "/api/v1/webhooks/" + name;
      made.text = readTemplate(options.templates + "/" + channel.connector + ".http", config.values);
      const auto secrets = std::make_shared<connectors::Secrets>(std::move(config.secrets), "bench");
      for (const auto& path : manifest->webhooks)
        if (path.suffix == made.text.suffix) {
          auto verifier = connectors::Verifier::make(path, secrets, config.values, channel.public_url + made.path,
                                                     channel.egress_allow);
          if (!verifier) throw std::runtime_error(name + ": " + verifier.error().message);
          made.verifier = std::move(*verifier);
        }
      if (made.verifier == nullptr)
        throw std::runtime_error(name + ": the manifest has no webhook '" + made.text.suffix + "'");
      channels_.push_back(std::move(made));
    }
  if (channels_.empty()) throw std::runtime_error(options.config + " has none of the channels");
}

SignedWebhooks::Template SignedWebhooks::readTemplate(const std::string& file, const Json& config) {
  const auto content = contentOf(file);
  if (content.find("\n\n") == std::string::npos)
    throw std::runtime_error(file + ": no empty line between header and body");
  Template text;
  const auto first = split(std::string_view(content).substr(0, content.find('\n')), ' ');
  if (first.size() != 2 || !first[1].starts_with('/')) throw std::runtime_error(file + ": begins with METHOD /SUFFIX");
  text.method = std::string(first[0]);
  const auto target = first[1].substr(1);
  const auto question = std::min(target.find('?'), target.size());
  text.suffix = std::string(target.substr(0, question));
  text.query = std::string(target.substr(std::min(question + 1, target.size())));
  std::string rest = content.substr(content.find('\n') + 1);
  if (rest.find("multipart/") < rest.find("\n\n")) {  // whose lines end with CR LF
    const auto body = rest.find("\n\n") + 2;
    std::string lines_of_mail;
    for (const char c : rest.substr(body)) lines_of_mail += c == '\n' ? std::string("\r\n") : std::string(1, c);
    rest.replace(body, std::string::npos, lines_of_mail);
  } else if (rest.ends_with('\n')) {
    rest.pop_back();
  }
  for (std::size_t at = 0;;) {
    const auto open = rest.find("{{", at);
    text.pieces.push_back(rest.substr(at, open == std::string::npos ? open : open - at));
    if (open == std::string::npos) return text;
    const auto close = rest.find("}}", open);
    if (close == std::string::npos) throw std::runtime_error(file + ": '{{' without '}}'");
    const auto name = rest.substr(open + 2, close - open - 2);
    at = close + 2;
    if (name.starts_with("config."))
      rest.insert(at, config.at(name.substr(7)).get<std::string>());  // a part of the text that follows
    text.pieces.push_back(name.starts_with("config.") ? "" : name);
  }
}

std::string SignedWebhooks::fill(const Template& text, std::uint64_t number, unsigned contact) const {
  std::string filled;
  for (std::size_t i = 0; i < text.pieces.size(); ++i) {
    const auto& piece = text.pieces[i];
    if (i % 2 == 0)
      filled += piece;
    else if (piece.empty())
      continue;
    else if (piece == "id")
      filled += run_ + "-" + std::to_string(number);
    else if (piece == "hex")
      filled += crypto::hexEncode(crypto::digest(crypto::Hash::kSha256, run_ + std::to_string(number))).substr(0, 32);
    else if (piece == "certificate")
      filled += certificate_url_;
    else if (piece == "number")
      filled += std::to_string(number);
    else if (piece == "contact")
      filled += std::to_string(10000000 + contact);
    else if (piece == "time")
      filled += std::to_string(std::chrono::floor<std::chrono::seconds>(now()).time_since_epoch().count());
    else
      throw std::runtime_error("a template has the place {{" + piece +
                               "}}; there are id, hex, number, certificate, contact and time");
  }
  return filled;
}

std::string SignedWebhooks::next() {
  if (prepared_.empty()) return make();
  auto request = std::move(prepared_.front());
  prepared_.pop_front();
  return request;
}

void SignedWebhooks::prepare(std::size_t count) {
  while (prepared_.size() < count) prepared_.push_back(make());
}

std::string SignedWebhooks::make() {
  const auto number = ++number_;
  const auto& channel = channels_[number % channels_.size()];
  const auto text = fill(channel.text, number, static_cast<unsigned>(random_() % contacts_));
  const auto end = text.find("\n\n");
  connectors::UnsignedWebhook webhook{
      channel.text.method, channel.text.suffix, channel.text.query, {}, text.substr(end + 2)};
  for (const auto line : split(std::string_view(text).substr(0, end), '\n'))
    webhook.headers.push_back(
        {std::string(line.substr(0, line.find(": "))), std::string(line.substr(line.find(": ") + 2))});
  channel.verifier->sign(webhook, now());
  std::string request = webhook.method + " " + channel.path + (webhook.suffix.empty() ? "" : "/" + webhook.suffix) +
                        (webhook.query.empty() ? "" : "?" + webhook.query) + " HTTP/1.1\r\nHost: bench\r\n";
  for (const auto& header : webhook.headers) request += header.name + ": " + header.value + "\r\n";
  return request + "Content-Length: " + std::to_string(webhook.body.size()) + "\r\n\r\n" + webhook.body;
}

}  // namespace patchbay::bench
