#include "connectors/signature/signing_certificate.hpp"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <ctime>

namespace patchbay::connectors {
namespace {

constexpr int kMinBits = 2048;

Error badCertificate(std::string why) {
  return {ErrorKind::kInvalid, "bad_certificate", std::move(why)};
}

template <auto free>
struct Free {
  template <class T>
  void operator()(T* object) const {
    free(object);
  }
};

std::optional<Timestamp> timeOf(const ASN1_TIME* time) {
  std::tm parts{};
  if (time == nullptr || ASN1_TIME_to_tm(time, &parts) != 1) return std::nullopt;
  return Timestamp{std::chrono::seconds{timegm(&parts)}};
}

}  // namespace

Result<std::shared_ptr<const SigningCertificate>> SigningCertificate::fromPem(std::string_view pem) {
  if (pem.size() > SigningCertificates::kMaxPem) return badCertificate("the certificate is larger than 16 KiB");
  const std::unique_ptr<BIO, Free<BIO_free>> memory(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  const std::unique_ptr<X509, Free<X509_free>> parsed(
      memory ? PEM_read_bio_X509(memory.get(), nullptr, nullptr, nullptr) : nullptr);
  if (!parsed) return badCertificate("what came is no certificate in PEM");
  const auto from = timeOf(X509_get0_notBefore(parsed.get()));
  const auto until = timeOf(X509_get0_notAfter(parsed.get()));
  if (!from || !until) return badCertificate("the certificate has no readable dates");
  EVP_PKEY* key = X509_get_pubkey(parsed.get());
  if (key == nullptr) return badCertificate("the certificate has no readable key");
  auto certificate = std::shared_ptr<SigningCertificate>(new SigningCertificate);
  certificate->key_ = std::shared_ptr<void>(key, [](void* owned) { EVP_PKEY_free(static_cast<EVP_PKEY*>(owned)); });
  certificate->not_before_ = *from;
  certificate->not_after_ = *until;
  if (EVP_PKEY_base_id(key) != EVP_PKEY_RSA) return badCertificate("the certificate's key is not RSA");
  if (EVP_PKEY_bits(key) < kMinBits) return badCertificate("the certificate's key is shorter than 2048 bits");
  return std::shared_ptr<const SigningCertificate>(std::move(certificate));
}

bool SigningCertificate::verifies(crypto::Hash hash, std::string_view text, std::string_view signature) const {
  const EVP_MD* digest = hash == crypto::Hash::kSha1     ? EVP_sha1()
                         : hash == crypto::Hash::kSha256 ? EVP_sha256()
                                                         : EVP_sha512();
  const std::unique_ptr<EVP_MD_CTX, Free<EVP_MD_CTX_free>> context(EVP_MD_CTX_new());
  const auto bytes = [](std::string_view view) { return reinterpret_cast<const unsigned char*>(view.data()); };
  return context &&
         EVP_DigestVerifyInit(context.get(), nullptr, digest, nullptr, static_cast<EVP_PKEY*>(key_.get())) == 1 &&
         EVP_DigestVerify(context.get(), bytes(signature), signature.size(), bytes(text), text.size()) == 1;
}

std::shared_ptr<const SigningCertificate> SigningCertificates::find(const std::string& url, Timestamp now) const {
  const std::lock_guard lock(mutex_);
  const auto found = kept_.find(url);
  return found != kept_.end() && found->second->validAt(now) ? found->second : nullptr;
}

void SigningCertificates::keep(const std::string& url, std::shared_ptr<const SigningCertificate> certificate) {
  const std::lock_guard lock(mutex_);
  keepLocked(url, std::move(certificate));
}

void SigningCertificates::keepLocked(const std::string& url, std::shared_ptr<const SigningCertificate> certificate) {
  // The service changes its certificate once in years: which one goes when there are too many hardly matters.
  if (kept_.size() >= kMaxKept && !kept_.contains(url)) kept_.erase(kept_.begin());
  kept_[url] = std::move(certificate);
}

void SigningCertificates::obtain(const std::string& url, Timestamp now, const Fetch& fetch, Done done) {
  std::string why;
  bool begin = false;
  {
    const std::lock_guard lock(mutex_);
    const auto known = kept_.find(url);
    const auto failed = failed_.find(url);
    if (known != kept_.end() && known->second->validAt(now)) {
      // it came in the meantime: the caller has it
    } else if (failed != failed_.end() && std::chrono::steady_clock::now() < failed->second.until) {
      why = failed->second.why;
    } else if (callers_ >= kMaxWaiting) {
      why = "too many messages wait for signing certificates";
    } else {
      auto& waiting = waiting_[url];
      waiting.fetch = fetch;
      waiting.callers.push_back(std::move(done));
      ++callers_;
      if (fetching_) return;
      fetching_ = begin = true;
    }
  }
  if (begin) return start(url, fetch, now);
  done(why);
}

void SigningCertificates::start(const std::string& url, const Fetch& fetch, Timestamp now) {
  fetch(url, [self = shared_from_this(), url, now](const Result<std::string>& pem) { self->ended(url, now, pem); });
}

void SigningCertificates::ended(const std::string& url, Timestamp now, const Result<std::string>& pem) {
  std::string why;
  std::shared_ptr<const SigningCertificate> certificate;
  if (!pem.ok()) {
    why = pem.error().message;
  } else if (auto read = SigningCertificate::fromPem(*pem); !read.ok()) {
    why = read.error().message;
  } else if (!(*read)->validAt(now)) {
    why = "the signing certificate is not valid at this time";
  } else {
    certificate = std::move(*read);
  }
  std::vector<Done> callers;
  std::string next;
  Fetch fetch;
  {
    const std::lock_guard lock(mutex_);
    if (certificate) keepLocked(url, std::move(certificate));
    failed_.erase(url);
    if (!why.empty()) {
      if (failed_.size() >= kMaxWaiting) failed_.clear();
      failed_[url] = {std::chrono::steady_clock::now() + kPauseAfterFailure, why};
    }
    if (const auto waited = waiting_.find(url); waited != waiting_.end()) {
      callers = std::move(waited->second.callers);
      callers_ -= callers.size();
      waiting_.erase(waited);
    }
    fetching_ = !waiting_.empty();
    if (fetching_) {
      next = waiting_.begin()->first;
      fetch = waiting_.begin()->second.fetch;
    }
  }
  for (const auto& done : callers) done(why);
  if (!next.empty()) start(next, fetch, now);
}

}  // namespace patchbay::connectors
