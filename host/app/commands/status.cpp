#include "app/commands/status.hpp"

#include <Poco/Exception.h>
#include <Poco/Net/HTTPClientSession.h>
#include <Poco/Net/HTTPRequest.h>
#include <Poco/Net/HTTPResponse.h>
#include <Poco/URI.h>

#include <istream>
#include <ostream>

#include "app/commands/status_text.hpp"

namespace patchbay::app {
namespace {

constexpr std::size_t kMaxAnswer = 32U << 20U;  // bytes
constexpr int kPatienceSeconds = 10;            // the host itself waits up to two for its database

/// The body of the answer. @throws std::exception  why there is none
std::string ask(const std::string& url) {
  const Poco::URI uri(url);
  Poco::Net::HTTPClientSession session(uri.getHost(), uri.getPort());
  session.setTimeout(Poco::Timespan(kPatienceSeconds, 0));
  Poco::Net::HTTPRequest request(Poco::Net::HTTPRequest::HTTP_GET, "/status", Poco::Net::HTTPMessage::HTTP_1_1);
  request.set("Accept", "application/json");
  session.sendRequest(request);
  Poco::Net::HTTPResponse response;
  std::istream& stream = session.receiveResponse(response);
  std::string body;
  std::string part(65536, '\0');
  while (stream.read(part.data(), static_cast<std::streamsize>(part.size())) || stream.gcount() > 0) {
    body.append(part, 0, static_cast<std::size_t>(stream.gcount()));
    if (body.size() > kMaxAnswer) throw std::runtime_error("the answer is endless");
  }
  if (response.getStatus() != Poco::Net::HTTPResponse::HTTP_OK)
    throw std::runtime_error("it answers " + std::to_string(static_cast<int>(response.getStatus())) + " " +
                             response.getReason() + ": is that the internal listener of a Patchbay?");
  return body;
}

}  // namespace

std::string internalUrl(const CommandLine& command, const InternalConfig& internal) {
  if (!command.url.empty()) return command.url;
  if (!internal.enabled) return "";
  std::string host = internal.host;
  if (host == "0.0.0.0") host = "127.0.0.1";
  if (host == "::") host = "::1";
  if (host.find(':') != std::string::npos) host = "[" + host + "]";
  return "http://" + host + ":" + std::to_string(internal.port);
}

int runStatus(const CommandLine& command, const Config& config, std::ostream& out, std::ostream& err) {
  const std::string url = internalUrl(command, config.internal);
  if (url.empty()) {
    err << "patchbay: the host cannot be asked: its internal listener is switched off (internal.enabled)\n";
    return kExitFailed;
  }
  Json status;
  try {
    status = parseJson(ask(url), {.max_bytes = kMaxAnswer});
    if (command.json) {
      out << status.dump(2, ' ', false, Json::error_handler_t::replace) << "\n";
    } else {
      out << statusText(status, now());
    }
    return isHealthy(status) ? kExitOk : kExitFailed;
  } catch (const Poco::Exception& error) {
    err << "patchbay: no answer from " << url << "/status: " << error.displayText()
        << "\nIs the host running? --internal-port, --url or --config say where its internal listener is.\n";
  } catch (const std::exception& error) {
    err << "patchbay: asked " << url << "/status: " << error.what() << "\n";
  }
  return kExitFailed;
}

}  // namespace patchbay::app
