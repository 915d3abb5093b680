/// A sender address of a SendGrid account, and where its webhooks go.
#pragma once

#include <string>

namespace patchbay::simulators::sendgrid {

/// The test pair of the signatures; everybody knows its private half.
inline constexpr const char* kPublicKey =
    "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE5UGydUmsL4uQEDwSu6Jo3aRtnEQz3IgRDkWPeCV8G1607veDfZQMaQ4EjYSM8H/"
    "nLtTXPwMLV6fPArUN"
    "eho7fA==";
inline constexpr const char* kPrivateKey =
    "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgcc2XAP2ECTRQcr2PvlM6/"
    "vE7a1Ufqy3JnrHVJ3mvPp6hRANCAATlQbJ1Sawvi5AQPBK7"
    "omjdpG2cRDPciBEORY94JXwbXrTu94N9lAxpDgSNhIzwf+cu1Nc/AwtXp88CtQ16Gjt8";

struct Mailbox {
  std::string address = {};       ///< mail is sent from it: a verified sender
  std::string callback_url = {};  ///< of the channel; events go to its /events
  std::string inbound = {};       ///< where customers write; empty: `address`
  std::string inbound_url =
      {};                    ///< of the Inbound Parse setting, user:password@ allowed; empty: the callback's /inbound
  bool raw = true;           ///< Inbound Parse posts the whole MIME message; else parsed fields
  bool sign_inbound = true;  ///< the Inbound Parse setting has a security policy with a signature
  std::string api_key = {};  ///< empty: the simulator's
  std::string label = {};    ///< for people; empty: the address
};

}  // namespace patchbay::simulators::sendgrid
