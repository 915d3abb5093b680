/// Bytes of a declared, missing or wrong charset as UTF-8. Never fails and never drops: U+FFFD at worst.
#pragma once

#include <string>
#include <string_view>

namespace patchbay::mail {

/// What senders declare, mapped to what they mean: iso-8859-1 is windows-1252, gb2312 is gb18030, ks_c_5601-1987 is
/// cp949, shift_jis is cp932, ... Text that says us-ascii or iso-8859-1 and is valid UTF-8 with 8-bit bytes is UTF-8.
/// Without a charset and with an unknown one: UTF-8 when valid, else windows-1252. UTF-7 is never guessed, only read
/// where it is declared: it hides markup, so HTML is decoded before it is cleaned.
std::string toUtf8(std::string_view bytes, std::string_view charset);

/// The charset that `<meta charset=...>` in the first 2 KiB of an HTML document declares; empty without one.
std::string metaCharset(std::string_view html);

}  // namespace patchbay::mail
