#include "base/json_instances.hpp"

template class nlohmann::basic_json<>;
template class nlohmann::detail::lexer<patchbay::Json, patchbay::JsonSource>;
template class nlohmann::detail::parser<patchbay::Json, patchbay::JsonSource>;
template class nlohmann::detail::json_sax_dom_parser<patchbay::Json>;
template class nlohmann::detail::serializer<patchbay::Json>;
