/// openapi.yaml as data: the operations, what each takes, and who may call it. Everything that the API does with a
/// request before an endpoint sees it is read from here, so the document cannot say one thing and the service do
/// another.
#pragma once

#include <map>
#include <optional>
#include <patchbay/json.hpp>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "base/json_schema.hpp"
#include "base/result.hpp"

namespace patchbay::api {

/// openapi.yaml cannot be what it is: what() names the operation and the rule. A bug of ours, found at start.
class ContractError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// Who may call an operation (`x-patchbay-auth`).
enum class AuthRule {
  kPublic,       ///< public
  kToken,        ///< token: any good token
  kTenant,       ///< tenant: someone who may enter the tenant that the request names
  kTenantAdmin,  ///< tenant_admin: who administers that tenant
  kOperator,     ///< super_admin_or_service
  kWebhook,      ///< webhook: the provider's signature, checked by the channel
};

/// Where an operation runs (`x-patchbay-runs`).
enum class Runs {
  kInline,  ///< on the I/O thread: never waits
  kWorker,  ///< in the worker pool: may wait for the database
  kBySize,  ///< on the I/O thread while the body is small
};

struct Parameter {
  std::string name;
  bool required = false;
  bool rest = false;  ///< last of a path: takes all that remains, raw (`x-patchbay-rest`)
  std::string type;   ///< string, integer, number or boolean: how its text is read
  JsonSchema schema;
};

struct Operation {
  std::string id;
  std::string method;
  std::string path;                 ///< template below the mounts: "/conversations/{id}"
  std::vector<std::string> mounts;  ///< "" or a prefix that may hold {tenant_slug}
  AuthRule auth = AuthRule::kPublic;
  std::string permission;  ///< that a limited token or API key must have (`x-patchbay-permission`); empty: none
  Runs runs = Runs::kWorker;
  bool on_public = true;  ///< `x-patchbay-listeners`
  bool on_internal = false;
  bool own_limits = false;       ///< its endpoint's gate says how large a body may be (`x-patchbay-limits: webhook`)
  bool open_internally = false;  ///< no token on the internal listener (`x-patchbay-auth-internal: public`)
  std::vector<Parameter> path_parameters, query_parameters, header_parameters;
  std::optional<JsonSchema> body;  ///< of application/json; nothing: the body is passed on as it came
  Json body_shape;                 ///< the body's schema with its references put in, for walking beside a value
  bool body_required = false;
};

/// Immutable after construction; any thread.
class Contract {
 public:
  /// @param document   openapi.yaml as JSON
  /// @param platforms  channel words of the loaded manifests, added to the enumeration `components.schemas.ChannelWord`
  /// @throws ContractError
  Contract(Json document, const std::vector<std::string>& platforms);

  const std::vector<Operation>& operations() const { return operations_; }
  const Json& document() const { return document_; }

  /// The vocabulary: components.schemas.Permission.
  std::vector<std::string> permissions() const;

  /// Which rules an answer breaks; empty when it is one that the document promises. For tests: compiles on each call.
  std::vector<FieldError> checkResponse(std::string_view operation_id, int status, std::string_view content_type,
                                        std::string_view body) const;

 private:
  const Json& resolve(const Json& node) const;
  Json inlined(const Json& schema, int depth = 0) const;
  JsonSchema compile(const Json& schema, const std::string& where);
  void addOperation(const std::string& path, const Json& item, const std::string& method, const Json& operation);
  void addParameter(Operation& operation, const Json& parameter);
  void readPermission(Operation& operation, const Json& source) const;
  void checkVocabulary() const;

  Json document_;
  std::vector<Operation> operations_;
  std::map<std::string, JsonSchema, std::less<>> compiled_;  // by $ref, so that shared ones are held once
};

/// The document built into this program.
Json builtInDocument();

/// `document` (the built-in one, perhaps with additions) as JSON text with its members in the order of the file, which
/// is the order for reading; Json itself sorts them.
std::string inFileOrder(const Json& document);

}  // namespace patchbay::api
