#include "models/plugin/plugin_file.h"

#include <elf.h>
#include <fmt/core.h>
#include <link.h>

#include <cstring>
#include <fstream>
#include <sstream>

#include "models/plugin/abi_stamp.h"

namespace simdse {
namespace {

/// A file of the Executable and Linkable Format, of this machine's word size and byte order. Every
/// access is checked: the file may be anything.
class ElfFile {
 public:
  explicit ElfFile(std::string bytes) : bytes_(std::move(bytes)) {}

  bool is_shared_library() const {
    if (bytes_.size() < sizeof(ElfW(Ehdr))) return false;
    const auto header = at<ElfW(Ehdr)>(0);
    constexpr unsigned char own_class =
        sizeof(void*) == sizeof(Elf64_Addr) ? ELFCLASS64 : ELFCLASS32;
    return std::memcmp(header.e_ident, ELFMAG, SELFMAG) == 0 &&
           header.e_ident[EI_CLASS] == own_class && header.e_type == ET_DYN;
  }

  /// The content of a section as text up to its first zero; "" if there is none of that name.
  std::string section_text(const std::string& name) const {
    const auto header = at<ElfW(Ehdr)>(0);
    const auto section = [&](std::uint64_t index) {
      return at<ElfW(Shdr)>(header.e_shoff + index * sizeof(ElfW(Shdr)));
    };
    const auto names = section(header.e_shstrndx);
    for (std::uint64_t i = 0; i < header.e_shnum; ++i) {
      const auto entry = section(i);
      if (text_at(names.sh_offset + entry.sh_name, name.size() + 1) != name) continue;
      return text_at(entry.sh_offset, entry.sh_size);
    }
    return "";
  }

 private:
  /// Zeros where the file has ended.
  template <class T>
  T at(std::uint64_t offset) const {
    T value{};
    if (offset <= bytes_.size() && sizeof value <= bytes_.size() - offset) {
      std::memcpy(&value, bytes_.data() + offset, sizeof value);
    }
    return value;
  }
  std::string text_at(std::uint64_t offset, std::uint64_t most) const {
    if (offset >= bytes_.size()) return "";
    const std::string text = bytes_.substr(offset, most);
    return text.substr(0, text.find('\0'));
  }

  std::string bytes_;
};

}  // namespace

std::string own_abi_stamp() { return SIMDSE_ABI_STAMP; }

std::string read_abi_stamp(const std::string& path, const SourceLocation& where) {
  std::ifstream stream(path, std::ios::binary);
  std::ostringstream bytes;
  if (!stream || !(bytes << stream.rdbuf())) {
    throw InputError(where, fmt::format("plug-in {}: no such file, or it can't be read", path));
  }
  const ElfFile file(bytes.str());
  if (!file.is_shared_library()) {
    throw InputError(where, fmt::format("plug-in {}: is not a shared library", path));
  }
  const std::string stamp = file.section_text(SIMDSE_ABI_STAMP_SECTION);
  if (stamp.empty()) {
    throw InputError(where,
                     fmt::format("plug-in {}: is a shared library, but no plug-in of simdse: "
                                 "it has no stamp (build it with simdse_add_plugin)",
                                 path));
  }
  return stamp;
}

void check_abi_stamp(const std::string& path, const SourceLocation& where) {
  const std::string stamp = read_abi_stamp(path, where);
  if (stamp == own_abi_stamp()) return;
  throw InputError(where,
                   fmt::format("plug-in {}: was built for another simdse; build it again. It "
                               "is for '{}', this is '{}'",
                               path, stamp, own_abi_stamp()));
}

}  // namespace simdse
