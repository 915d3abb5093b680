#include "connectors/descriptor.hpp"

#include <algorithm>
#include <cstring>

#include "connectors/elf_manifest.hpp"

namespace patchbay::connectors {
namespace {

Error badDescriptor(std::string message) {
  return {ErrorKind::kInvalid, "bad_connector", std::move(message)};
}

}  // namespace

std::string hostAbi() {
  return "ABI " + std::to_string(PB_ABI_MAJOR) + "." + std::to_string(PB_ABI_MINOR);
}

Result<pb_connector> readDescriptor(const pb_connector* theirs, const std::string& manifest) {
  if (theirs == nullptr)
    return badDescriptor("patchbay_connector_v1() returned null; it must return its static descriptor");
  std::uint32_t size = 0;
  std::memcpy(&size, theirs, sizeof size);
  constexpr std::uint32_t kFirst = 88;                     // size of pb_connector in 1.0; connector.h asserts it
  if (size < kFirst || size % alignof(pb_connector) != 0)  // a size that ends inside a member is no size of a header's
    return badDescriptor("its descriptor says struct_size " + std::to_string(size) + ", and ABI 1.0 has " +
                         std::to_string(kFirst) + " bytes; set it to sizeof(pb_connector) and build again");
  pb_connector functions{};
  std::memcpy(&functions, theirs, std::min<std::size_t>(size, sizeof functions));
  if (functions.abi_minor_needed > PB_ABI_MINOR)
    return badDescriptor("needs ABI " + std::to_string(PB_ABI_MAJOR) + "." +
                         std::to_string(functions.abi_minor_needed) + ", and this host has " + hostAbi() +
                         "; upgrade Patchbay or use an older build of the connector");
  if (functions.abi_minor_needed > functions.abi_minor_built)
    return badDescriptor("says that it needs ABI minor " + std::to_string(functions.abi_minor_needed) +
                         " but was built with " + std::to_string(functions.abi_minor_built) +
                         "; correct its descriptor");
  if (functions.reserved != 0)
    return badDescriptor("its descriptor says reserved " + std::to_string(functions.reserved) + "; it must be 0");
  if (functions.manifest.data == nullptr || functions.manifest.size != manifest.size() ||
      std::memcmp(functions.manifest.data, manifest.data(), manifest.size()) != 0)
    return badDescriptor("the manifest in its descriptor is not the one in section " + std::string{kManifestSection} +
                         "; build it with patchbay_add_connector(), which makes both from one file");
  if (functions.create == nullptr || functions.destroy == nullptr)
    return badDescriptor("its descriptor has no create or no destroy; both are required");
  return functions;
}

}  // namespace patchbay::connectors
