# Writes a C++ file that holds the text of a resource, so that the engine carries it without Qt and without a path.
#   cmake -DNAME=sample_films -DTEXT=films.txt -DOUTPUT=films.cpp -P embed_text.cmake
# defines `extern const std::string_view rowlight::NAME`. The text may not hold `)text"`; MSVC takes up to 16 KB.
file(READ "${TEXT}" content)
file(WRITE "${OUTPUT}" "// Generated from a file in resources/; edit that file.
#include <string_view>

namespace rowlight {
extern const std::string_view ${NAME};
const std::string_view ${NAME} = R\"text(${content})text\";
}  // namespace rowlight
")
