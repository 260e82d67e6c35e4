// The bytes of a fuzz target as a file, because readers take files.
#pragma once

#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <fstream>
#include <string>

namespace simdse {

/// Writes the bytes to a file in memory, one for each process, and returns its path.
inline std::string write_input(const std::uint8_t* data, std::size_t size,
                               const std::string& extension) {
  const std::string path = "/dev/shm/simdse_fuzz_" + std::to_string(getpid()) + extension;
  std::ofstream(path, std::ios::binary | std::ios::trunc)
      .write(reinterpret_cast<const char*>(data), static_cast<std::streamsize>(size));
  return path;
}

}  // namespace simdse
