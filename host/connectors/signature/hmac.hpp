/// The scheme `hmac`: a code over the body, or over a text built from headers and body.
#pragma once

#include "connectors/signature/guard.hpp"

namespace patchbay::connectors {

class HmacGuard : public Guard {
 public:
  /// @return kInvalid when `over` names what it does not know, or a key is not written as key_encoding says,
  /// or is too short.
  static Result<std::unique_ptr<Guard>> make(const SignatureScheme& scheme, const Keys& keys);

  std::string why(const Webhook& webhook, Timestamp now) const override;
  void sign(UnsignedWebhook& webhook, Timestamp now) const override;

 private:
  /// One piece of the text that is covered.
  struct Piece {
    enum class Kind { kLiteral, kBody, kTimestamp, kHeader } kind;
    std::string text;  // the literal, or the header's name
  };

  HmacGuard(const SignatureScheme& scheme, std::vector<std::string> keys, std::vector<Piece> pieces);
  static Result<std::vector<Piece>> read(std::string_view over);
  /// Whether one of the codes is that of a live key.
  bool provesOne(const std::vector<std::string_view>& claimed, std::string_view bytes) const;
  std::string code(const std::string& key, std::string_view covered) const;
  std::string covered(const http::Headers& headers, std::string_view body) const;

  SignatureScheme scheme_;
  std::vector<std::string> keys_;  // every live value, decoded, newest first
  std::vector<Piece> pieces_;
  bool body_only_;  // the usual template, without a copy of the body
};

}  // namespace patchbay::connectors
