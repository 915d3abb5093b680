// From the tree to JSON, and from JSON pointers back to the file.
#include <charconv>

#include "app/yaml/yaml_reader.hpp"

namespace patchbay::yaml {
namespace {

Json scalarToJson(const Node& node) {
  switch (node.kind) {
    case Kind::kBool:
      return node.text[0] == 't' || node.text[0] == 'T';
    case Kind::kInteger: {
      if (const auto value = integerOf(node.text)) return *value;
      std::uint64_t large = 0;  // parse() has made sure that it fits
      const char* begin = node.text.data() + (node.text[0] == '+' ? 1 : 0);
      std::from_chars(begin, node.text.data() + node.text.size(), large);
      return large;
    }
    case Kind::kFloat: {
      double value = 0;
      const char* begin = node.text.data() + (node.text[0] == '+' ? 1 : 0);
      std::from_chars(begin, node.text.data() + node.text.size(), value);
      return value;
    }
    case Kind::kString:
      return node.text;
    default:
      return nullptr;
  }
}

Json convert(const Node& node, const std::string& pointer, Mark key, Origin* origin) {
  if (origin != nullptr) origin->locations[pointer] = {key, node.mark, node.substituted};
  if (node.kind == Kind::kList) {
    Json list = Json::array();
    for (std::size_t i = 0; i < node.items.size(); ++i) {
      const Node& item = node.items[i];
      list.push_back(convert(item, origin ? pointer + "/" + std::to_string(i) : pointer, item.mark, origin));
    }
    return list;
  }
  if (node.kind == Kind::kMap) {
    Json map = Json::object();
    for (const Member& member : node.members) {
      map[member.key] =
          convert(member.value, origin ? pointer + "/" + pointerToken(member.key) : pointer, member.key_mark, origin);
    }
    return map;
  }
  return scalarToJson(node);
}

}  // namespace

std::string pointerToken(std::string_view key) {
  std::string out;
  for (const char c : key) {
    if (c == '~') {
      out += "~0";
    } else if (c == '/') {
      out += "~1";
    } else {
      out.push_back(c);
    }
  }
  return out;
}

Json toJson(const Node& node, Origin* origin) {
  return convert(node, "", node.mark, origin);
}

Origin::Origin(std::string file, std::shared_ptr<const std::string> source)
    : file_(std::move(file)), source_(std::move(source)) {}

const Location& Origin::locate(std::string_view pointer) const {
  static const Location kNowhere;
  for (;;) {
    const auto found = locations.find(pointer);
    if (found != locations.end()) return found->second;
    const auto slash = pointer.rfind('/');
    if (slash == std::string_view::npos) return kNowhere;
    pointer = pointer.substr(0, slash);
  }
}

Diagnostic Origin::diagnose(std::string_view pointer, std::string message, bool at_key) const {
  // For a member that is missing, the key of its parent is where one looks; its value is the parent's first member.
  const bool missing = !locations.contains(pointer);
  const Location& found = locate(pointer);
  const Mark mark = at_key || missing ? found.key : found.value;
  return {file_, mark.line, mark.column, std::move(message)};
}

std::string Origin::render(std::string_view pointer, std::string message, bool at_key) const {
  return yaml::render(diagnose(pointer, std::move(message), at_key), *source_);
}

}  // namespace patchbay::yaml
