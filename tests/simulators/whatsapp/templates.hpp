/// The message templates of the business accounts, as template management keeps them.
#pragma once

#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include <patchbay/json.hpp>

#include "simulators/common/ids.hpp"

namespace patchbay::simulators::whatsapp {

struct Template {
  std::string id = {};
  std::string waba_id = {};
  std::string name = {};
  std::string language = {};
  std::string status = "PENDING";  ///< PENDING, APPROVED, REJECTED, PAUSED, DISABLED, ...
  std::string category = {};
  Json components = Json::array();

  /// @param fields  those that are wanted, as in the query; empty: all. `id` is always there.
  Json toJson(const std::vector<std::string>& fields) const;
};

/// What a creation breaks: Meta's code, its subcode and its words.
struct TemplateProblem {
  int code = 100;
  int subcode = 0;
  std::string details;
};

/// Thread-safe.
class Templates {
 public:
  explicit Templates(Ids& ids) : ids_(ids) {}

  /// @param body  of POST /{waba}/message_templates
  /// @return the new one, PENDING; or what is wrong with it, thrown as TemplateProblem
  Template create(const std::string& waba_id, const Json& body);
  /// As it would be after a review: replaces one of the same name and language. For control and tests.
  Template put(Template added);
  /// @return how many are gone. `id` empty: all languages of the name.
  std::size_t remove(const std::string& waba_id, const std::string& name, const std::string& id);
  std::optional<Template> setStatus(const std::string& id, const std::string& status);
  std::optional<Template> byId(const std::string& id) const;
  std::optional<Template> find(const std::string& waba_id, const std::string& name, const std::string& language) const;
  /// In the order of creation.
  std::vector<Template> list(const std::string& waba_id) const;

 private:
  Ids& ids_;
  mutable std::mutex mutex_;
  std::vector<Template> all_;  // guarded by mutex_
};

/// Variables of a text: "{{1}}", "{{name}}".
std::size_t variablesIn(const std::string& text);

/// May this send use the template? @return the code that Meta answers with and why; nothing when it fits
std::optional<TemplateProblem> checkTemplateSend(const std::optional<Template>& found, const Json& sent);

}  // namespace patchbay::simulators::whatsapp
