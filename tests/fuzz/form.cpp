// Forms of webhooks. Input: a Content-Type, a line "%%", a body. What is read fits the limits, and an urlencoded form
// is the same when it is written and read again.
#include "connectors/form.hpp"

#include "base/text.hpp"
#include "fuzz.hpp"

using namespace patchbay;
using namespace patchbay::connectors;
using patchbay::fuzz::check;

FUZZ(std::string_view bytes) {
  fuzz::Parts parts(bytes);
  const http::Headers headers = {{"Content-Type", std::string{parts.next()}}};
  const auto body = parts.rest();
  const auto form = decodeForm(headers, body);
  if (!form) return check(fuzz::oneLine(form.error().message), "an error is one line", form.error().message);
  check(form->fields.size() <= kMaxFormFields && form->files.size() <= kMaxFormFiles, "fields are counted");
  std::uint64_t files = 0;
  std::string again;
  for (const auto& field : form->fields) {
    check(field.name.size() <= kMaxFormName, "names have their limit", field.name);
    check(field.blob == 0 || field.blob == ++files, "files are numbered in their order");
    check(field.blob == 0 || field.value.empty(), "a file has no text");
    again += percentEncode(field.name) + "=" + percentEncode(field.value) + "&";
  }
  check(files == form->files.size(), "every file has a field");
  for (const auto file : form->files)
    check(file.data() >= body.data() && file.data() + file.size() <= body.data() + body.size(),
          "a file is of the body");
  if (form->kind != FormKind::kUrlencoded) return;
  const auto second = decodeUrlencoded(again);
  check(second.ok() && second->size() == form->fields.size(), "a form survives a round trip");
  for (std::size_t i = 0; i < second->size(); ++i)
    check((*second)[i].name == form->fields[i].name && (*second)[i].value == form->fields[i].value,
          "a form survives a round trip", (*second)[i].name);
}
