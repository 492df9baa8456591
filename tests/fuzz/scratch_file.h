#pragma once

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>

#include <unistd.h>

namespace rowlight::test {

/// The bytes of one input as a file, since the readers take paths; it is removed with the object. One for each process
/// and name, so that several fuzzers can run side by side.
class ScratchFile {
 public:
  ScratchFile(const char* name, const std::uint8_t* data, std::size_t size)
      : path_((std::filesystem::temp_directory_path() / ("rowlight-fuzz-" + std::to_string(getpid()) + "-" + name))
                  .string()) {
    std::FILE* file = std::fopen(path_.c_str(), "wb");
    if (file == nullptr || std::fwrite(data, 1, size, file) != size || std::fclose(file) != 0) {
      std::perror(path_.c_str());
      std::abort();
    }
  }
  ~ScratchFile() { std::remove(path_.c_str()); }
  ScratchFile(const ScratchFile&) = delete;
  ScratchFile& operator=(const ScratchFile&) = delete;

  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  std::string path_;
};

/// Ends the process where something that must hold does not, with assertions or without.
inline void require(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "broken: %s\n", what);
  std::abort();
}

}  // namespace rowlight::test
