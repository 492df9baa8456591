#pragma once

#include <QString>

#include <cstddef>
#include <cstdint>

namespace rowlight::test {

/// A rating file as it was counted with other tools.
struct Facts {
  const char* file;
  const char* format;
  const char* encoding;
  const char* line_ending;
  const char* delimiter;
  bool header;
  std::uint64_t lines;
  std::uint64_t ratings;
  std::uint64_t users;
  std::uint64_t items;
  double min;
  double max;
  double mean;
  double step;
  std::uint64_t duplicates;
  std::uint64_t conflicts;
  std::uint64_t titles;
  std::uint64_t unrated;         // titles without a rating
  std::uint64_t untitled = 0;    // items without a title, where there are titles
  std::uint64_t skip_lines = 0;  // said by option
  std::uint64_t blank_lines = 0;
};

inline const Facts all_facts[] = {
    {"ml-100k/u.data", "movielens-100k", "ascii", "lf", "\t", false, 100000, 100000, 943, 1682, 1, 5, 3.52986, 1, 0, 0,
     1682, 0},
    {"ml-100k/u1.base", "movielens-100k", "ascii", "lf", "\t", false, 80000, 80000, 943, 1650, 1, 5, 3.52835, 1, 0, 0,
     1682, 32},
    {"ml-100k/u1.test", "movielens-100k", "ascii", "lf", "\t", false, 20000, 20000, 459, 1410, 1, 5, 3.5359, 1, 0, 0,
     1682, 272},
    {"ml-100k/ua.base", "movielens-100k", "ascii", "lf", "\t", false, 90570, 90570, 943, 1680, 1, 5, 3.523827, 1, 0, 0,
     1682, 2},
    {"ml-100k/ua.test", "movielens-100k", "ascii", "lf", "\t", false, 9430, 9430, 943, 1129, 1, 5, 3.587805, 1, 0, 0,
     1682, 553},
    {"ml-100k-variants/ratings.crlf.txt.gz", "movielens-100k", "ascii", "crlf", "\t", false, 100000, 100000, 943, 1682,
     1, 5, 3.52986, 1, 0, 0, 0, 0},
    {"ml-100k-variants/ratings.comma-no-final-newline.csv.gz", "delimited", "ascii", "lf", ",", false, 100000, 100000,
     943, 1682, 1, 5, 3.52986, 1, 0, 0, 0, 0},
    {"ml-100k-variants/u.data.user0-added.gz", "movielens-100k", "ascii", "lf", "\t", false, 100004, 100004, 944, 1682,
     0, 5, 3.529869, 1, 0, 0, 0, 0},
    {"ml-1m/ratings.sample207544.noheader-3col.csv.gz", "delimited", "ascii", "lf", ",", false, 207544, 207544, 3000,
     1462, 1, 5, 3.581665, 1, 0, 0, 3883, 2421},
    {"ml-latest-small/ratings.csv", "movielens-csv", "ascii", "crlf", ",", true, 100837, 100836, 610, 9724, 0.5, 5,
     3.501557, 0.5, 0, 0, 9742, 18},
    {"ml-latest-small-2016/ratings.csv", "movielens-csv", "ascii", "lf", ",", true, 100005, 100004, 671, 9066, 0.5, 5,
     3.543608, 0.5, 0, 0, 9125, 59},
    {"ml-latest-small-variants/ratings.semicolon-noheader.csv.gz", "delimited", "ascii", "lf", ";", false, 100836,
     100836, 610, 9724, 0.5, 5, 3.501557, 0.5, 0, 0, 0, 0},
    {"ml-latest-small-variants/ratings.extra-users-no-final-newline.csv.gz", "movielens-csv", "ascii", "crlf", ",",
     true, 101620, 101619, 654, 9724, 0.5, 5, 3.500536, 0.5, 0, 0, 0, 0},
    {"ml-latest-small-variants/ratings.noheader-3col-int.csv.gz", "delimited", "ascii", "lf", ",", false, 100836,
     100836, 610, 9724, 0.5, 5, 3.501537, 0.5, 0, 0, 0, 0},
    {"movietweetings-10K/ratings.dat", "movielens-dat", "ascii", "lf", "::", false, 10000, 10000, 3794, 3096, 1, 10,
     7.3431, 1, 0, 0, 3096, 0},
    {"movietweetings-100K/ratings.dat", "movielens-dat", "ascii", "lf", "::", false, 100000, 100000, 16554, 10506, 0,
     10, 7.32482, 1, 0, 0, 10506, 0},
    {"goodbooks-10k/ratings_random.csv", "delimited", "ascii", "lf", ",", true, 298177, 298176, 2672, 9990, 1, 5,
     3.904644, 1, 0, 0, 10000, 10},
    {"goodbooks-10k/samples/ratings.csv", "delimited", "ascii", "lf", ",", true, 100, 99, 5, 96, 2, 5, 4.060606, 1, 0,
     0, 99, 72, 69},
    {"filmtrust/ratings.comma.txt", "delimited", "ascii", "lf", ",", false, 35497, 35497, 1508, 2071, 0.5, 4, 3.002803,
     0.5, 3, 2, 0, 0},
    {"filmtrust/ratings.space.txt", "whitespace", "ascii", "lf", " ", false, 35498, 35498, 1508, 2071, 0.5, 4, 3.002775,
     0.5, 4, 2, 0, 0},
    {"filmtrust/ratings-date.space-then-tab.txt", "whitespace", "ascii", "crlf", " ", false, 35497, 35497, 1508, 2071,
     0.5, 4, 3.002789, 0.5, 5, 4, 0, 0},
    {"filmtrust/ratings-arff.arff",
     "arff",
     "ascii",
     "crlf",
     ",",
     false,
     35505,
     35497,
     1508,
     2071,
     0.5,
     4,
     3.002789,
     0.5,
     5,
     4,
     0,
     0,
     0,
     0,
     2},
    {"filmtrust/librec-split/ratings_0.txt", "whitespace", "ascii", "crlf", " ", false, 10435, 10435, 459, 1107, 0.5, 4,
     3.037278, 0.5, 0, 0, 0, 0},
    {"filmtrust/librec-split/ratings_1.txt", "whitespace", "ascii", "lf", " ", false, 188, 188, 3, 186, 0.5, 4,
     2.837766, 0.5, 0, 0, 0, 0},
    {"filmtrust/librec-split/ratings_2.txt", "whitespace", "ascii", "crlf", " ", false, 17925, 17925, 748, 1418, 0.5, 4,
     2.992971, 0.5, 3, 2, 0, 0},
    {"filmtrust/librec-split/ratings_3.txt", "whitespace", "ascii", "lf", " ", false, 6949, 6949, 301, 1041, 0.5, 4,
     2.980861, 0.5, 0, 0, 0, 0},
    {"ciao/ratings.txt", "whitespace", "ascii", "lf", " ", false, 284086, 284086, 7375, 105114, 0, 5, 4.160803, 1, 1436,
     497, 0, 0},
    {"libmf-demo/real_matrix.tr.txt", "whitespace", "ascii", "lf", " ", false, 5000, 5000, 1525, 177, 0.5, 5.1, 3.57674,
     0.1, 0, 0, 0, 0},
    {"libmf-demo/real_matrix.te.txt", "whitespace", "ascii", "lf", " ", false, 794, 794, 540, 112, 0.5, 5.1, 3.629849,
     0.1, 0, 0, 0, 0},
    {"libmf-demo/binary_matrix.tr.txt", "whitespace", "ascii", "lf", " ", false, 4937, 4937, 1559, 956, -1, 1, 0.001418,
     2, 0, 0, 0, 0},
    {"libmf-demo/binary_matrix.te.txt", "whitespace", "ascii", "lf", " ", false, 1312, 1312, 773, 565, -1, 1, -0.006098,
     2, 0, 0, 0, 0},
    {"libmf-demo/all_one_matrix.tr.txt", "whitespace", "ascii", "lf", " ", false, 5172, 5172, 1575, 1571, 1, 1, 1, 0, 0,
     0, 0, 0},
    {"libmf-demo/all_one_matrix.te.txt", "whitespace", "ascii", "lf", " ", false, 1382, 1382, 831, 809, 1, 1, 1, 0, 0,
     0, 0, 0},
    {"surprise-tests/custom_dataset",
     "whitespace",
     "ascii",
     "lf",
     " ",
     false,
     8,
     5,
     5,
     2,
     1,
     5,
     3,
     1,
     0,
     0,
     0,
     0,
     0,
     3},
    {"surprise-tests/custom_train",
     "whitespace",
     "ascii",
     "lf",
     " ",
     false,
     9,
     6,
     4,
     2,
     1,
     5,
     2.833333,
     1,
     0,
     0,
     0,
     0,
     0,
     3},
    {"surprise-tests/custom_test",
     "whitespace",
     "ascii",
     "lf",
     " ",
     false,
     6,
     3,
     3,
     3,
     1,
     5,
     3.666667,
     4,
     0,
     0,
     0,
     0,
     0,
     3},
    {"spark-mllib/sample_movielens_ratings.txt", "movielens-dat", "ascii", "lf", "::", false, 1501, 1501, 30, 100, 1, 5,
     1.774151, 1, 0, 0, 0, 0},
    {"amazon/Magazine_Subscriptions.csv", "item-first", "ascii", "crlf", ",", false, 546, 546, 535, 22, 1, 5, 3.93956,
     1, 0, 0, 0, 0},
    {"amazon/digital_music.librec.csv", "delimited", "ascii", "lf", ",", false, 7897, 7897, 1605, 2403, 1, 5, 4.191212,
     1, 0, 0, 0, 0},
    {"bookcrossing/BX-Book-Ratings.semicolon-99998.csv", "delimited", "latin-1", "lf", ";", true, 99999, 99998, 9424,
     63773, 0, 10, 3.189444, 1, 20, 14, 0, 0},
    {"bookcrossing/BX-Book-Ratings.comma-10k.csv", "delimited", "ascii", "crlf", ",", true, 10014, 10013, 984, 9289, 0,
     10, 2.042545, 1, 1, 1, 0, 0},
    {"bookcrossing/book.utf8-bom.csv", "delimited", "utf-8", "crlf", ",", true, 64113, 64112, 5560, 45747, 0, 10,
     3.363224, 1, 14, 13, 0, 0},
    {"librec-misc/testCSV.mixed-separators.txt", "whitespace", "ascii", "crlf", " ", false, 13, 13, 4, 4, 1, 5,
     2.692308, 1, 0, 0, 0, 0},
    {"librec-misc/spark-ratings.txt", "whitespace", "ascii", "lf", " ", false, 52, 52, 3, 36, 0.5, 4, 3.105769, 0.5, 1,
     0, 0, 0},
    {"librec-misc/matrix4by4.txt",
     "whitespace",
     "ascii",
     "crlf",
     " ",
     false,
     14,
     13,
     4,
     4,
     1,
     13,
     7,
     1,
     0,
     0,
     0,
     0,
     0,
     0,
     1},
    {"librec-misc/matrix4by4-date.txt", "whitespace", "ascii", "crlf", " ", false, 13, 13, 4, 4, 1, 13, 7, 1, 0, 0, 0,
     0},
    {"librec-misc/rating_1kU_20100_binary.csv", "delimited", "ascii", "lf", "\t", false, 5000, 5000, 500, 120, 1, 5,
     3.7992, 4, 0, 0, 0, 0},
};

/// A title file, joined to ratings of the same items.
struct TitleFacts {
  const char* titles;
  const char* ratings;
  std::uint64_t rows;
  std::uint64_t unrated;   // ids of titles without a rating
  std::uint64_t untitled;  // items without a title
  std::size_t genres;
  int repeated;  // titles that stand for more than one id
  bool latin1;
};

inline const TitleFacts all_titles[] = {
    {"ml-100k/u.item", "ml-100k/u.data", 1682, 0, 0, 19, 18, true},
    {"ml-1m/movies.dat", "ml-1m/ratings.sample207544.noheader-3col.csv.gz", 3883, 2421, 0, 18, 0, true},
    {"ml-latest-small/movies.csv", "ml-latest-small/ratings.csv", 9742, 18, 0, 19, 5, false},
    {"ml-latest-small-2016/movies.csv", "ml-latest-small-2016/ratings.csv", 9125, 59, 0, 19, 2, false},
    {"ml-latest-small-variants/movies.semicolon-noheader.csv", "ml-latest-small/ratings.csv", 9743, 18, 0, 19, 5,
     false},
    {"ml-latest-small-variants/movies.edited-by-spreadsheet.csv", "ml-latest-small/ratings.csv", 9742, 18, 0, 19, 5,
     false},
    {"movietweetings-10K/movies.dat", "movietweetings-10K/ratings.dat", 3096, 0, 0, 24, 2, false},
    {"movietweetings-100K/movies.dat", "movietweetings-100K/ratings.dat", 10506, 0, 0, 25, 5, false},
    {"goodbooks-10k/books.csv", "goodbooks-10k/ratings_random.csv", 10000, 10, 0, 0, 33, false},
    {"goodbooks-10k/samples/books.csv", "goodbooks-10k/samples/ratings.csv", 99, 72, 69, 0, 0, false},
    {"bookcrossing/BX-Books1.comma-10k.csv", "bookcrossing/BX-Book-Ratings.comma-10k.csv", 10011, 8487, 7765, 0, 431,
     false},
};

/// What the data folder holds beside ratings and titles.
inline const char* const other_files[] = {"INDEX.md",
                                          "SHA256SUMS",
                                          "filmtrust/readme.txt",
                                          "goodbooks-10k/LICENSE",
                                          "goodbooks-10k/README.md",
                                          "libmf-demo/COPYRIGHT",
                                          "ml-100k/README",
                                          "ml-100k/u.genre",
                                          "ml-100k/u.info",
                                          "ml-100k/u.occupation",
                                          "ml-100k/u.user",
                                          "ml-1m/README",
                                          "ml-1m/users.dat",
                                          "ml-latest-small-2016/README.txt",
                                          "ml-latest-small-2016/links.csv",
                                          "ml-latest-small-2016/tags.csv",
                                          "ml-latest-small/README.txt",
                                          "ml-latest-small/links.csv",
                                          "ml-latest-small/tags.csv",
                                          "movietweetings-10K/LICENSE",
                                          "movietweetings-10K/README.md",
                                          "movietweetings-10K/users.dat"};

}  // namespace rowlight::test
