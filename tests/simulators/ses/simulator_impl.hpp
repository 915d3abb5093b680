/// The inside of SesSimulator, shared by the files that implement it.
#pragma once

#include <map>
#include <mutex>
#include <optional>

#include "simulators/common/http_client.hpp"
#include "simulators/common/http_server.hpp"
#include "simulators/common/ids.hpp"
#include "simulators/common/journal.hpp"
#include "simulators/common/scheduler.hpp"
#include "simulators/ses/ses_simulator.hpp"
#include "simulators/ses/topic_signer.hpp"

namespace patchbay::simulators::ses {

struct SesSimulator::Impl {
  explicit Impl(Options given);
  ~Impl();

  // ---- ses_simulator.cpp: topics
  Topic topicByArn(const std::string& arn) const;  ///< empty: the first. @throws BadInput
  Posted post(const Topic& topic, const Json& message, const std::string& kind, const std::string& message_id,
              int attempt);
  void repeatLater(const Topic& topic, const Json& message, const std::string& kind, const std::string& message_id,
                   int attempt);
  Json envelope(const Topic& topic, const std::string& type, const std::string& text);
  void sign(Json& message, const std::string& signature) const;
  std::string subscribe(const std::string& arn);
  Posted publish(const Topic& topic, const std::string& text, const std::string& kind, const std::string& message_id,
                 const Json& overrides, const std::string& signature, bool retry);
  Posted receive(const std::string& arn, Written mail, const Receipt& how);
  Posted tell(const std::string& message_id, const std::string& type, const Json& more);
  void followUp(const SentMail& mail, const EventPlan& how, std::size_t index);
  std::string certificateUrl() const;
  std::string confirmUrl(const Topic& topic, const std::string& token) const;
  void say(const std::string& line) const;
  void reset();

  // ---- aws_api.cpp
  HttpReply serve(HttpRequest& request);
  bool closeBeforeBody(const HttpRequest& request);
  HttpReply route(const HttpRequest& request, Call& call);
  HttpReply sendEmail(const HttpRequest& request, Call& call);
  HttpReply accept(const Json& body, const HttpRequest& request);
  HttpReply confirm(const HttpRequest& request);
  HttpReply object(const HttpRequest& request, Call& call);
  HttpReply spoil(const Failure& failure, HttpReply reply, Call& call);
  std::string topicOf(const std::string& sender) const;
  std::string callKind(const HttpRequest& request) const;

  // ---- control_api.cpp
  HttpReply control(const HttpRequest& request);
  HttpReply controlDeliver(const Json& body);
  HttpReply controlStatuses(const HttpRequest& request);
  HttpReply controlPlan(const Json& body);

  // ---- demo.cpp
  Json playCustomers();
  Json demoState() const;

  Options options;
  Ids ids;
  TopicSigner signer;
  Failures failures;
  HttpClient client;
  Journal<SentMail, Posted, Call> journal;

  mutable std::mutex mutex;  // guards everything down to the scheduler
  std::vector<Topic> topics;
  std::map<std::string, std::string> tokens;  // of confirmations that are under way -> topic
  std::map<std::string, std::string> objects;
  EventPlan plan;

  Scheduler scheduler;               // below what its jobs use, so that it stops before that is gone
  std::optional<HttpServer> server;  // ended first, by the destructor
};

Topic topicFromJson(const Json& json);
Written writtenFrom(const Json& json);

}  // namespace patchbay::simulators::ses
