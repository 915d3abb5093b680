/// Interactive messages and templates.
#include <set>

#include "simulators/whatsapp/rule_reader.hpp"

namespace patchbay::simulators::whatsapp::rules {
namespace {

void header(const Json& content, bool text_only, const MediaLookup& media) {
  if (!content.contains("header")) return;
  const Json& head = object(content, "interactive", "header");
  const std::string type = text(head, "interactive.header", "type", 1, 20);
  onlyMembers(head, "interactive.header", {"type", type});
  if (type == "text") {
    text(head, "interactive.header", "text", 1, 60);
    return;
  }
  if (text_only) broken(kBadValue, "interactive.header: a list allows a text header only");
  if (type != "image" && type != "video" && type != "document")
    broken(kBadValue, "interactive.header['type'] must be text, image, video or document");
  const Json& file = object(head, "interactive.header", type.c_str());
  onlyMembers(file, "interactive.header." + type, {"id", "link", "filename"});
  mediaReference(file, "interactive.header." + type, type, media);
}

void replyButtons(const Json& action) {
  onlyMembers(action, "interactive.action", {"buttons"});
  std::set<std::string> titles;
  std::set<std::string> ids;
  for (const Json& button : array(action, "interactive.action", "buttons", 1, 3)) {
    const std::string path = "interactive.action.buttons";
    onlyMembers(button, path, {"type", "reply"});
    if (text(button, path, "type", 1, 20) != "reply") broken(kBadValue, path + "['type'] must be reply");
    const Json& reply = object(button, path, "reply");
    onlyMembers(reply, path + ".reply", {"id", "title"});
    if (!ids.insert(text(reply, path + ".reply", "id", 1, 256)).second)
      broken(kBadValue, path + ": reply ids must be unique");
    if (!titles.insert(text(reply, path + ".reply", "title", 1, 20)).second)
      broken(kBadValue, path + ": reply titles must be unique");
  }
}

void list(const Json& action) {
  onlyMembers(action, "interactive.action", {"button", "sections"});
  text(action, "interactive.action", "button", 1, 20);
  std::size_t total = 0;
  std::set<std::string> ids;
  const Json& sections = array(action, "interactive.action", "sections", 1, 10);
  for (const Json& section : sections) {
    const std::string path = "interactive.action.sections";
    onlyMembers(section, path, {"title", "rows"});
    if (sections.size() > 1)
      text(section, path, "title", 1, 24);
    else
      optionalText(section, path, "title", 0, 24);
    for (const Json& row : array(section, path, "rows", 1, 10)) {
      onlyMembers(row, path + ".rows", {"id", "title", "description"});
      if (!ids.insert(text(row, path + ".rows", "id", 1, 200)).second)
        broken(kBadValue, path + ".rows: ids must be unique");
      text(row, path + ".rows", "title", 1, 24);
      optionalText(row, path + ".rows", "description", 0, 72);
      ++total;
    }
  }
  if (total > 10)
    broken(kBadValue, "interactive.action: 10 rows over all sections at most, got " + std::to_string(total));
}

void named(const Json& action, const char* name) {
  if (text(action, "interactive.action", "name", 1, 60) != name)
    broken(kBadValue, std::string("interactive.action['name'] must be ") + name);
}

void ctaUrl(const Json& action) {
  onlyMembers(action, "interactive.action", {"name", "parameters"});
  named(action, "cta_url");
  const Json& parameters = object(action, "interactive.action", "parameters");
  onlyMembers(parameters, "interactive.action.parameters", {"display_text", "url"});
  text(parameters, "interactive.action.parameters", "display_text", 1, 20);
  webLink(parameters, "interactive.action.parameters", "url");
}

void flow(const Json& action) {
  onlyMembers(action, "interactive.action", {"name", "parameters"});
  named(action, "flow");
  const Json& parameters = object(action, "interactive.action", "parameters");
  const std::string path = "interactive.action.parameters";
  text(parameters, path, "flow_message_version", 1, 10);
  text(parameters, path, "flow_cta", 1, 20);
  if (parameters.contains("flow_id") == parameters.contains("flow_name"))
    broken(kInvalid, path + " must have exactly one of 'flow_id' and 'flow_name'");
}

void parameter(const Json& value, const std::string& path, const MediaLookup& media) {
  const std::string type = text(value, path, "type", 1, 30);
  onlyMembers(value, path, {"type", "parameter_name", type});
  if (type == "text") {
    text(value, path, "text", 1, 1024);
  } else if (type == "payload") {
    text(value, path, "payload", 1, 256);
  } else if (type == "coupon_code") {
    text(value, path, "coupon_code", 1, 15);
  } else if (type == "image" || type == "video" || type == "document") {
    const Json& file = object(value, path, type.c_str());
    onlyMembers(file, path + "." + type, {"id", "link", "filename"});
    mediaReference(file, path + "." + type, type, media);
  } else if (type == "location" || type == "currency" || type == "date_time" || type == "action") {
    object(value, path, type.c_str());
  } else {
    broken(132012, path + ": parameter type '" + type + "' is not known");
  }
}

}  // namespace

void interactive(const Json& message, const MediaLookup& media) {
  const Json& content = object(message, "message", "interactive");
  onlyMembers(content, "interactive", {"type", "header", "body", "footer", "action"});
  const std::string type = text(content, "interactive", "type", 1, 60);
  const Json& body = object(content, "interactive", "body");
  onlyMembers(body, "interactive.body", {"text"});
  text(body, "interactive.body", "text", 1, type == "list" ? 4096 : 1024);
  header(content, type == "list", media);
  if (content.contains("footer")) text(object(content, "interactive", "footer"), "interactive.footer", "text", 1, 60);
  const Json& action = object(content, "interactive", "action");
  if (type == "button")
    replyButtons(action);
  else if (type == "list")
    list(action);
  else if (type == "cta_url")
    ctaUrl(action);
  else if (type == "flow")
    flow(action);
  else if (type == "location_request_message")
    named(action, "send_location");
  else if (type == "contact_request")
    named(action, "request_contact_info");
  else
    broken(kBadValue, "Param interactive['type']: '" + type + "' is not known");
}

void messageTemplate(const Json& message, const MediaLookup& media) {
  const Json& content = object(message, "message", "template");
  onlyMembers(content, "template", {"name", "language", "components"});
  text(content, "template", "name", 1, 512);
  const Json& language = object(content, "template", "language");
  onlyMembers(language, "template.language", {"code", "policy"});
  text(language, "template.language", "code", 2, 15);
  if (!content.contains("components")) return;
  for (const Json& component : array(content, "template", "components", 1, 20)) {
    const std::string path = "template.components";
    onlyMembers(component, path, {"type", "sub_type", "index", "parameters"});
    const std::string type = text(component, path, "type", 1, 20);
    if (type != "header" && type != "body" && type != "button")
      broken(132012, path + "['type'] must be header, body or button, got '" + type + "'");
    if (type == "button") {
      text(component, path, "sub_type", 1, 30);
      const auto index = component.find("index");
      if (index == component.end() || (!index->is_string() && !index->is_number_integer()))
        broken(kMissing, path + "['index'] is required for a button");
    }
    for (const Json& value : array(component, path, "parameters", 1, 100))
      parameter(value, path + ".parameters", media);
  }
}

}  // namespace patchbay::simulators::whatsapp::rules
