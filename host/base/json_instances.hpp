/// nlohmann/json is compiled once (json_instances.cpp), not again in each file that reads or writes JSON. Part of the
/// precompiled headers.
#pragma once

#include <patchbay/json.hpp>
#include <string_view>
#include <utility>

namespace patchbay {

/// What parseJson() reads from.
using JsonSource = decltype(nlohmann::detail::input_adapter(std::declval<const std::string_view&>()));

}  // namespace patchbay

extern template class nlohmann::basic_json<>;
extern template class nlohmann::detail::lexer<patchbay::Json, patchbay::JsonSource>;
extern template class nlohmann::detail::parser<patchbay::Json, patchbay::JsonSource>;
extern template class nlohmann::detail::json_sax_dom_parser<patchbay::Json>;
extern template class nlohmann::detail::serializer<patchbay::Json>;
