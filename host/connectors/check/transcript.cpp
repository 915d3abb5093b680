#include "connectors/check/transcript.hpp"

#include <algorithm>
#include <filesystem>
#include <set>
#include <stdexcept>

#include "base/json_schema.hpp"
#include "connectors/check/transcript_run.hpp"
#include "connectors/check/workbench.hpp"

namespace patchbay::connectors::check {
namespace fs = std::filesystem;
namespace {

constexpr const char* kConfigFile = "config.yaml";

/// The shape of a file. What is inside bodies, operations and expectations is free.
const JsonSchema& transcriptSchema() {
  static const JsonSchema schema(Json::parse(R"json({
    "type": "object", "required": ["steps"], "additionalProperties": false,
    "properties": {
      "name": {"type": "string", "minLength": 1},
      "config": {"type": "object"},
      "now": {"type": "string", "format": "date-time"},
      "steps": {"type": "array", "minItems": 1, "items": {
        "type": "object", "additionalProperties": false,
        "properties": {"receive": {"$ref": "#/definitions/receive"}, "perform": {"type": "object", "required": ["kind"]},
                       "poll": {"type": "object", "additionalProperties": false, "properties": {"cursor": {"type": "string"}, "careful": {"type": "boolean"}}},
                       "blobs": {"$ref": "#/definitions/blobs"}, "expect": {"$ref": "#/definitions/expect"}},
        "anyOf": [{"required": ["receive"]}, {"required": ["perform"]}, {"required": ["poll"]}]}}},
    "definitions": {
      "receive": {"type": "object", "additionalProperties": false, "properties": {
        "method": {"type": "string", "pattern": "^[A-Z]+$"}, "suffix": {"type": "string"}, "query": {"type": "string"},
        "headers": {"type": "object", "additionalProperties": {"type": "string"}},
        "body": {}, "body_base64": {"type": "string"}, "body_file": {"type": "string"}, "sign": {"type": "boolean"},
        "form": {"type": "object"}, "multipart": {"type": "array", "items": {"type": "object", "required": ["name"],
          "additionalProperties": false, "properties": {"name": {"type": "string"}, "value": {"type": "string"},
            "file": {"type": "string"}, "base64": {"type": "string"}, "filename": {"type": "string"},
            "content_type": {"type": "string"}}}}}},
      "blobs": {"type": "object", "additionalProperties": {"type": "object", "additionalProperties": false, "properties": {
        "file": {"type": "string"}, "text": {"type": "string"}, "mime_type": {"type": "string"}}}},
      "expect": {"type": "object", "additionalProperties": false, "properties": {
        "status": {"type": "integer"}, "body": {"type": "string"},
        "error": {"enum": ["invalid_input", "auth", "rate_limited", "transient", "rejected", "unsupported", "bug"]},
        "events": {"type": "array", "items": {"type": "object"}},
        "requests": {"type": "array", "items": {"anyOf": [{"$ref": "#/definitions/request"},
                     {"type": "array", "minItems": 1, "items": {"$ref": "#/definitions/request"}}]}},
        "result": {"type": "object"}, "cursor": {"type": "string"}, "next_poll": {"type": "integer"},
        "throttle": {"type": "array", "items": {"type": "object"}}}},
      "request": {"type": "object", "properties": {
        "headers": {"type": "object", "additionalProperties": {"type": "string"}}, "form": {"type": "object"},
        "body_contains": {"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]},
        "fail": {"enum": ["timeout", "connect", "too_large"]},
        "respond": {"type": "object", "additionalProperties": false, "properties": {
          "status": {"type": "integer", "minimum": 100, "maximum": 599}, "body": {"type": "string"}, "json": {},
          "body_base64": {"type": "string"}, "body_file": {"type": "string"},
          "headers": {"type": "object", "additionalProperties": {"type": "string"}}}}}}
    }})json"));
  return schema;
}

bool isTranscript(const fs::path& path) {
  const auto extension = path.extension();
  return (extension == ".yaml" || extension == ".yml" || extension == ".json") && path.filename() != kConfigFile;
}

/// Reads a file into a value; errors are added as they should be printed.
bool readYaml(const std::string& path, Json& value, yaml::Origin& origin, std::vector<std::string>& errors) {
  const auto document = yaml::readFile(path, nullptr);
  for (const auto& error : document.errors) errors.push_back(yaml::render(error, *document.source));
  if (!document.errors.empty()) return false;
  origin = yaml::Origin(document.file, document.source);
  value = yaml::toJson(document.root, &origin);
  return true;
}

}  // namespace

std::vector<Transcript> readTranscripts(const std::string& folder, Json& config, std::vector<std::string>& errors) {
  config = Json::object();
  std::vector<fs::path> files;
  std::error_code failure;
  for (fs::directory_iterator at(folder, failure), end; !failure && at != end; at.increment(failure))
    if (at->is_regular_file() && isTranscript(at->path())) files.push_back(at->path());
  if (failure) {
    errors.push_back(folder + ": " + failure.message());
    return {};
  }
  std::sort(files.begin(), files.end());
  yaml::Origin origin;
  if (const auto file = fs::path(folder) / kConfigFile; fs::exists(file)) {
    if (readYaml(file.string(), config, origin, errors) && !config.is_object()) {
      if (!config.is_null()) errors.push_back(origin.render("", "must be a mapping of the connector's keys"));
      config = Json::object();
    }
  }
  std::vector<Transcript> transcripts;
  for (const auto& file : files) {
    Transcript transcript{.name = file.stem().string(), .file = file.string(), .document = {}, .origin = {}};
    if (!readYaml(transcript.file, transcript.document, transcript.origin, errors)) continue;
    const auto wrong = transcriptSchema().validate(transcript.document);
    for (const auto& error : wrong)
      errors.push_back(transcript.origin.render(
          error.pointer, (error.pointer.empty() ? "the file" : error.pointer) + " " + error.message,
          error.message.starts_with("is not known")));
    if (!wrong.empty()) continue;
    transcript.name = transcript.document.value("name", transcript.name);
    transcripts.push_back(std::move(transcript));
  }
  return transcripts;
}

Outcome runTranscript(const Transcript& transcript, const std::string& library, const Json& config,
                      const Progress& progress) {
  const auto& document = transcript.document;
  auto merged = config;
  if (document.contains("config")) merged.update(document["config"]);
  const auto folder = fs::path(transcript.file).parent_path().string();
  try {
    Workbench bench(library, merged);
    if (document.contains("now")) bench.setNow(*parseRfc3339(document["now"].get_ref<const std::string&>()));
    for (std::size_t i = 0; i < document["steps"].size(); ++i) {
      const auto pointer = "/steps/" + std::to_string(i);
      progress("step " + std::to_string(i + 1) + " of " + transcript.file);
      StepRun run(bench, folder);
      auto differences = run.run(document["steps"][i]);
      for (auto& complaint : bench.takeComplaints()) differences.push_back(std::move(complaint.text));
      if (differences.empty()) continue;
      std::string why = transcript.file + ":" + std::to_string(transcript.origin.locate(pointer).value.line) +
                        ": step " + std::to_string(i + 1);
      for (const auto& difference : differences) why += "\n  " + difference;
      return {transcript.name, false, why};
    }
  } catch (const WorkerDied&) {
    throw;  // a crash is told like one in this process, with its step
  } catch (const std::exception& error) {
    return {transcript.name, false, transcript.file + ": " + error.what()};
  }
  return {transcript.name, true, {}};
}

}  // namespace patchbay::connectors::check
