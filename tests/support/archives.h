#pragma once

#include <QByteArray>

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include <zip.h>
#include <zlib.h>

namespace rowlight::test {

/// A .gz that is written piece by piece.
class GzipWriter {
 public:
  GzipWriter(const std::string& path, int level) : file_(gzopen(path.c_str(), ("wb" + std::to_string(level)).c_str())) {
    if (file_ == nullptr) qFatal("cannot write %s", path.c_str());
  }
  ~GzipWriter() { gzclose(file_); }
  GzipWriter(const GzipWriter&) = delete;
  GzipWriter& operator=(const GzipWriter&) = delete;
  void write(const QByteArray& bytes) {
    if (gzwrite(file_, bytes.constData(), static_cast<unsigned>(bytes.size())) != bytes.size()) qFatal("gzwrite");
  }

 private:
  gzFile file_;
};

inline std::string write_gzip(const std::string& path, const QByteArray& bytes) {
  GzipWriter(path, 6).write(bytes);
  return path;
}

/// A .zip of members in this order.
inline std::string write_zip(const std::string& path, const std::vector<std::pair<std::string, QByteArray>>& members,
                             std::int32_t method = ZIP_CM_DEFLATE) {
  int code = 0;
  zip_t* archive = zip_open(path.c_str(), ZIP_CREATE | ZIP_TRUNCATE, &code);
  if (archive == nullptr) qFatal("cannot write %s", path.c_str());
  for (const auto& [name, bytes] : members) {
    zip_source_t* source = zip_source_buffer(archive, bytes.constData(), static_cast<zip_uint64_t>(bytes.size()), 0);
    const zip_int64_t index = zip_file_add(archive, name.c_str(), source, ZIP_FL_ENC_UTF_8);
    if (index < 0) qFatal("zip_file_add: %s", zip_strerror(archive));
    zip_set_file_compression(archive, static_cast<zip_uint64_t>(index), method, 0);
  }
  if (zip_close(archive) != 0) qFatal("zip_close");
  return path;
}

}  // namespace rowlight::test
