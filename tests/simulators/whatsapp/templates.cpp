#include "simulators/whatsapp/templates.hpp"

#include <algorithm>
#include <array>

namespace patchbay::simulators::whatsapp {
namespace {

std::string textOf(const Json& json, const char* key) {
  const auto found = json.find(key);
  return found != json.end() && found->is_string() ? found->get<std::string>() : std::string();
}

[[noreturn]] void refuse(std::string details, int subcode = 0) {
  throw TemplateProblem{100, subcode, std::move(details)};
}

void limit(const std::string& what, const std::string& text, std::size_t most) {
  if (text.empty()) refuse("Param components: " + what + " needs a text");
  if (text.size() > most)
    refuse("Param components: " + what + " must be at most " + std::to_string(most) + " characters long", 2388040);
}

void checkButtons(const Json& component) {
  const auto buttons = component.find("buttons");
  if (buttons == component.end() || !buttons->is_array() || buttons->empty() || buttons->size() > 10)
    refuse("Param components: BUTTONS needs 1..10 buttons");
  for (const Json& button : *buttons) {
    if (!button.is_object()) refuse("Param components: a button must be an object");
    if (textOf(button, "type") != "COPY_CODE") limit("a button", textOf(button, "text"), 25);
  }
}

void checkComponents(const Json& components) {
  if (!components.is_array() || components.empty()) refuse("The parameter components is required");
  bool body = false;
  for (const Json& component : components) {
    if (!component.is_object()) refuse("Param components: each must be an object");
    const std::string type = textOf(component, "type");
    if (type == "BODY") {
      body = true;
      limit("BODY", textOf(component, "text"), 1024);
    } else if (type == "FOOTER") {
      limit("FOOTER", textOf(component, "text"), 60);
    } else if (type == "HEADER") {
      if (textOf(component, "format") == "TEXT") limit("HEADER", textOf(component, "text"), 60);
    } else if (type == "BUTTONS") {
      checkButtons(component);
    } else {
      refuse("Param components: unknown type '" + type + "'");
    }
  }
  if (!body) refuse("Param components: a BODY is required");
}

}  // namespace

Json Template::toJson(const std::vector<std::string>& fields) const {
  const Json all{{"name", name},         {"language", language},     {"status", status},
                 {"category", category}, {"components", components}, {"id", id}};
  if (fields.empty()) return all;
  Json chosen{{"id", id}};
  for (const auto& field : fields)
    if (all.contains(field)) chosen[field] = all[field];
  return chosen;
}

Template Templates::create(const std::string& waba_id, const Json& body) {
  if (!body.is_object()) refuse("The body must be a JSON object");
  Template made;
  made.waba_id = waba_id;
  made.name = textOf(body, "name");
  made.language = textOf(body, "language");
  made.category = textOf(body, "category");
  constexpr std::string_view kPlain = "abcdefghijklmnopqrstuvwxyz0123456789_";
  if (made.name.empty() || made.name.size() > 512 || made.name.find_first_not_of(kPlain) != std::string::npos)
    refuse("Param name must be 1..512 lowercase letters, digits and underscores, got '" + made.name + "'", 2388023);
  if (made.language.size() < 2 || made.language.size() > 10) refuse("The parameter language is required");
  constexpr std::array<std::string_view, 3> kCategories{"MARKETING", "UTILITY", "AUTHENTICATION"};
  if (std::find(kCategories.begin(), kCategories.end(), made.category) == kCategories.end())
    refuse("Param category must be one of {MARKETING, UTILITY, AUTHENTICATION}");
  made.components = body.value("components", Json());
  checkComponents(made.components);
  if (find(waba_id, made.name, made.language))
    refuse("There is already " + made.language + " content for this template", 2388024);
  return put(std::move(made));
}

Template Templates::put(Template added) {
  const std::lock_guard lock(mutex_);
  if (added.id.empty()) added.id = ids_.digits(16);
  const auto same = std::find_if(all_.begin(), all_.end(), [&](const Template& one) {
    return one.waba_id == added.waba_id && one.name == added.name && one.language == added.language;
  });
  if (same == all_.end()) return all_.emplace_back(std::move(added));
  added.id = same->id;
  return *same = std::move(added);
}

std::size_t Templates::remove(const std::string& waba_id, const std::string& name, const std::string& id) {
  const std::lock_guard lock(mutex_);
  return std::erase_if(all_, [&](const Template& one) {
    return one.waba_id == waba_id && one.name == name && (id.empty() || one.id == id);
  });
}

std::optional<Template> Templates::setStatus(const std::string& id, const std::string& status) {
  const std::lock_guard lock(mutex_);
  for (Template& one : all_)
    if (one.id == id) {
      one.status = status;
      return one;
    }
  return std::nullopt;
}

std::optional<Template> Templates::byId(const std::string& id) const {
  const std::lock_guard lock(mutex_);
  for (const Template& one : all_)
    if (one.id == id) return one;
  return std::nullopt;
}

std::optional<Template> Templates::find(const std::string& waba_id, const std::string& name,
                                        const std::string& language) const {
  const std::lock_guard lock(mutex_);
  for (const Template& one : all_)
    if (one.waba_id == waba_id && one.name == name && one.language == language) return one;
  return std::nullopt;
}

std::vector<Template> Templates::list(const std::string& waba_id) const {
  const std::lock_guard lock(mutex_);
  std::vector<Template> found;
  std::copy_if(all_.begin(), all_.end(), std::back_inserter(found),
               [&](const Template& one) { return one.waba_id == waba_id; });
  return found;
}

std::size_t variablesIn(const std::string& text) {
  std::size_t count = 0;
  for (auto at = text.find("{{"); at != std::string::npos; at = text.find("{{", at + 2))
    if (text.find("}}", at) != std::string::npos) ++count;
  return count;
}

std::optional<TemplateProblem> checkTemplateSend(const std::optional<Template>& found, const Json& sent) {
  const std::string name = textOf(sent, "name");
  if (!found) return TemplateProblem{132001, 0, "template name (" + name + ") does not exist in the translation"};
  if (found->status == "PAUSED") return TemplateProblem{132015, 0, "template (" + name + ") is paused"};
  if (found->status == "DISABLED") return TemplateProblem{132016, 0, "template (" + name + ") is disabled"};
  if (found->status != "APPROVED")
    return TemplateProblem{132001, 0, "template (" + name + ") is not approved: " + found->status};
  std::size_t wanted = 0;
  for (const Json& component : found->components)
    if (textOf(component, "type") == "BODY") wanted = variablesIn(textOf(component, "text"));
  std::size_t given = 0;
  for (const Json& component : sent.value("components", Json::array()))
    if (component.is_object() && textOf(component, "type") == "body")
      given = component.value("parameters", Json::array()).size();
  if (wanted == given) return std::nullopt;
  return TemplateProblem{132000, 0,
                         "body: number of localizable_params (" + std::to_string(given) +
                             ") does not match the expected number of params (" + std::to_string(wanted) + ")"};
}

}  // namespace patchbay::simulators::whatsapp
