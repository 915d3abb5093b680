/// Reads Prometheus' text format (0.0.4) and takes offence at everything that its description does not allow.
#pragma once

#include <cmath>
#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <regex>
#include <set>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace patchbay::testing {

/// A page that has been read. Samples by name and labels as printed: `up{a="b"}`.
class Exposition {
 public:
  /// @throws std::runtime_error  the line and the rule
  static Exposition parse(std::string_view text) {
    Exposition page;
    if (text.empty() || text.back() != '\n') throw std::runtime_error("the page does not end with a line feed");
    for (std::size_t at = 0; at < text.size();) {
      const auto end = text.find('\n', at);
      page.line(std::string(text.substr(at, end - at)));
      at = end + 1;
    }
    page.finishFamily();
    return page;
  }

  const std::map<std::string, double>& samples() const { return samples_; }
  const std::map<std::string, std::string>& types() const { return types_; }
  /// NaN when it is not there: equal to nothing.
  double value(const std::string& sample) const {
    const auto found = samples_.find(sample);
    return found == samples_.end() ? std::numeric_limits<double>::quiet_NaN() : found->second;
  }
  std::set<std::string> series() const {
    std::set<std::string> names;
    for (const auto& [name, value] : samples_) names.insert(name);
    return names;
  }

 private:
  static void require(bool holds, const std::string& rule, const std::string& line) {
    if (!holds) throw std::runtime_error(rule + ": " + line);
  }

  void line(const std::string& text) {
    static const std::regex kComment(R"(# (HELP|TYPE) ([a-zA-Z_:][a-zA-Z0-9_:]*) (.+))");
    std::smatch part;
    if (text.starts_with("#")) {
      require(std::regex_match(text, part, kComment), "neither HELP nor TYPE", text);
      return part[1] == "HELP" ? help(part[2], part[3], text) : type(part[2], part[3], text);
    }
    sample(text);
  }

  void help(const std::string& name, const std::string& what, const std::string& text) {
    finishFamily();
    require(types_.find(name) == types_.end(), "a family stands in two places", text);
    require(what.size() > 10 && what.back() == '.', "a HELP that says nothing", text);
    family_ = name;
    type_.clear();
  }

  void type(const std::string& name, const std::string& what, const std::string& text) {
    require(name == family_ && type_.empty(), "TYPE does not follow its HELP", text);
    require(what == "counter" || what == "gauge" || what == "histogram", "an unknown type", text);
    require((what == "counter") == name.ends_with("_total"), "_total is the ending of counters, and of them alone",
            text);
    types_[name] = type_ = what;
  }

  void sample(const std::string& text) {
    std::size_t at = 0;
    while (at < text.size() && (std::isalnum(static_cast<unsigned char>(text[at])) != 0 || text[at] == '_')) ++at;
    const std::string name = text.substr(0, at);
    std::map<std::string, std::string> labels;
    if (at < text.size() && text[at] == '{') at = readLabels(text, at + 1, labels);
    require(at < text.size() && text[at] == ' ', "no value", text);
    const std::string number = text.substr(at + 1);
    char* end = nullptr;
    const double value = std::strtod(number.c_str(), &end);
    require(!number.empty() && *end == '\0', "not a number (or a time stamp)", text);
    require(!type_.empty(), "a sample without TYPE", text);
    const bool plain = name == family_ && type_ != "histogram";
    const bool of_histogram =
        type_ == "histogram" && (name == family_ + "_bucket" || name == family_ + "_sum" || name == family_ + "_count");
    require(plain || of_histogram, "a sample of another family", text);
    require(type_ == "gauge" || (value >= 0 && !std::isnan(value)), "a counter below nothing", text);
    require(samples_.emplace(text.substr(0, at), value).second, "a sample twice", text);
    if (of_histogram) histogramSample(name.substr(family_.size()), labels, value, text);
  }

  static std::size_t readLabels(const std::string& text, std::size_t at, std::map<std::string, std::string>& labels) {
    static const std::regex kName("[a-zA-Z_][a-zA-Z0-9_]*");
    for (;;) {
      const auto equals = text.find('=', at);
      require(equals != std::string::npos && text[equals + 1] == '"', "a label without a value", text);
      const std::string name = text.substr(at, equals - at);
      require(std::regex_match(name, kName) && !name.starts_with("__"), "not a name for a label", text);
      std::string value;
      for (at = equals + 2; at < text.size() && text[at] != '"'; ++at) {
        if (text[at] == '\\') {
          ++at;
          require(at < text.size() && (text[at] == '\\' || text[at] == '"' || text[at] == 'n'), "a wrong escape", text);
        }
        value.push_back(text[at]);
      }
      require(at < text.size(), "a label's value does not end", text);
      require(labels.emplace(name, value).second, "a label twice", text);
      ++at;
      if (at < text.size() && text[at] == ',') {
        ++at;
        continue;
      }
      require(at < text.size() && text[at] == '}', "labels do not end", text);
      return at + 1;
    }
  }

  struct Buckets {
    double last_bound = -std::numeric_limits<double>::infinity(), last_count = 0;
    bool infinite = false;
    std::optional<double> sum, count;
  };

  void histogramSample(const std::string& kind, std::map<std::string, std::string> labels, double value,
                       const std::string& text) {
    std::string bound = kind == "_bucket" ? labels.at("le") : "";
    labels.erase("le");
    std::string key;
    for (const auto& [label, of] : labels) key += label + "=" + of + ";";
    Buckets& buckets = buckets_[key];
    if (kind == "_sum") buckets.sum = value;
    if (kind == "_count") buckets.count = value;
    if (kind != "_bucket") return;
    const double upper = bound == "+Inf" ? std::numeric_limits<double>::infinity() : std::stod(bound);
    require(upper > buckets.last_bound, "buckets do not ascend", text);
    require(value >= buckets.last_count, "buckets are not cumulative", text);
    buckets.last_bound = upper;
    buckets.last_count = value;
    buckets.infinite |= bound == "+Inf";
  }

  void finishFamily() {
    for (const auto& [labels, buckets] : buckets_) {
      require(buckets.infinite, "a histogram without +Inf", family_);
      require(buckets.sum && buckets.count && *buckets.count == buckets.last_count,
              "a histogram's count is not its +Inf", family_);
    }
    buckets_.clear();
  }

  std::string family_, type_;
  std::map<std::string, std::string> types_;
  std::map<std::string, double> samples_;
  std::map<std::string, Buckets> buckets_;  // of the family that is read
};

}  // namespace patchbay::testing
