#include <QTest>

#include <algorithm>

#include "core/ratings/dialect.h"

using namespace rowlight;

namespace {

Expected<Layout> detect(const QByteArray& text, const ReadOptions& options = {}, std::uint64_t first_line = 1) {
  std::vector<std::string_view> lines;
  const std::string_view all(text.constData(), static_cast<std::size_t>(text.size()));
  for (std::size_t at = 0; at < all.size();) {
    const std::size_t end = std::min(all.find('\n', at), all.size());
    lines.push_back(all.substr(at, end - at));
    at = end + 1;
  }
  return detect_layout(lines, first_line, options);
}

QString columns_of(const Layout& layout) {
  QStringList names;
  for (const std::string& name : layout.columns) names += QString::fromStdString(name);
  return names.join(',');
}

QString notices_of(const Layout& layout) {
  QString all;
  for (const std::string& notice : layout.notices) all += QString::fromStdString(notice) + '\n';
  return all;
}

// Rows of a matrix: `items` values each, of which a few are ratings, below their count.
QByteArray matrix(int rows, int items, const QByteArray& delimiter, const QByteArray& gap = "99") {
  QByteArray text;
  for (int r = 0; r < rows; ++r) {
    QByteArray values;
    int rated = 0;
    for (int i = 0; i < items; ++i) {
      const bool rates = (r * 7 + i * 3) % 5 == 0;
      rated += rates ? 1 : 0;
      values += delimiter + (rates ? "-7." + QByteArray::number((r + i) % 10) : gap);
    }
    text += QByteArray::number(rated) + values + '\n';
  }
  return text;
}

const QByteArray netflix = "1:\n1488844,3,2005-09-06\n822109,5,2005-05-13\n2:\n2059652,4,2005-09-05\n";
const QByteArray arff =
    "% made by hand\n@relation films\n\n@ATTRIBUTE 'the score' NUMERIC\n@Attribute user {1,2}\n"
    "@attribute item STRING\n@attribute rating NUMERIC\n\n@data\n% a remark\n7,1,10,4\n8,2,20,3.5\n";

}  // namespace

class TestDetection : public QObject {
  Q_OBJECT

 private slots:
  void formats_data() {
    QTest::addColumn<QByteArray>("text");
    QTest::addColumn<QString>("format");
    QTest::addColumn<QString>("separation");
    QTest::addColumn<bool>("header");
    QTest::addColumn<QString>("columns");
    const QString triple = "user,item,rating";
    const QString four = triple + ",time";
    QTest::newRow("MovieLens 100K") << QByteArray("196\t242\t3\t881250949\n186\t302\t3\t891717742\n")
                                    << "movielens-100k"
                                    << "TAB" << false << four;
    QTest::newRow("MovieLens 1M") << QByteArray("1::1193::5::978300760\n1::661::3::978302109\n") << "movielens-dat"
                                  << "'::'" << false << four;
    QTest::newRow("MovieLens 10M") << QByteArray("1::122::5::838985046\n1::185::4.5::838983525\n") << "movielens-dat"
                                   << "'::'" << false << four;
    QTest::newRow("MovieLens latest") << QByteArray("userId,movieId,rating,timestamp\n1,1,4.0,964982703\n")
                                      << "movielens-csv"
                                      << "','" << true << four;
    QTest::newRow("MovieTweetings") << QByteArray("1::0114508::8::1381006850\n2::0208092::0::1380819\n")
                                    << "movielens-dat"
                                    << "'::'" << false << four;
    QTest::newRow("goodbooks") << QByteArray("user_id,book_id,rating\n1,258,5\n2,4081,4\n") << "delimited"
                               << "','" << true << triple;
    QTest::newRow("FilmTrust") << QByteArray("1 1 2\n1 2 4\n1 3 3.5\n") << "whitespace"
                               << "white space" << false << triple;
    QTest::newRow("LIBMF") << QByteArray("0 1505 -1.0\n2 56 -1.0\n2 389 1.0\n") << "whitespace"
                           << "white space" << false << triple;
    QTest::newRow("blanks and a TAB") << QByteArray("1 1 2\t97\n1 1 3\t75\n") << "whitespace"
                                      << "white space" << false << four;
    QTest::newRow("separators that vary") << QByteArray("1,1,3\n1 3 5\n1\t4\t2\n2 2 3\n") << "whitespace"
                                          << "commas and white space" << false << triple;
    QTest::newRow("semicolon without header") << QByteArray("1;1;4;964982703\n1;3;3,5;964981247\n") << "delimited"
                                              << "';'" << false << four;
    QTest::newRow("':' alone") << QByteArray("1:10:4\n2:20:3\n") << "delimited"
                               << "':'" << false << triple;
    QTest::newRow("Book-Crossing") << QByteArray(
                                          "\"User-ID\";\"ISBN\";\"Book-Rating\"\n\"276725\";\"034545104X\";\"0\"\n"
                                          "\"276726\";\"0155061224\";\"5\"\n")
                                   << "delimited"
                                   << "';'" << true << triple;
    QTest::newRow("Amazon 2014")
        << QByteArray(
               "A2EFCYXHNK06IS,B000001OMN,5.0,978480000\nA1WR23ER5HMAA9,5555991584,4.0,953424000\n"
               "A2IR4Q0GPAFJKW,000000000X,5.0,1393545600\n")
        << "delimited"
        << "','" << false << four;
    QTest::newRow("Amazon 2018")
        << QByteArray(
               "B00005N7P0,AH2IFH762VY5U,5.0,1005177600\n0005092663,A3JPFWKS83R49V,3.0,1174694400\n"
               "B00005N7OJ,A19FKU6JZQ2ECJ,5.0,1163116800\n")
        << "item-first"
        << "','" << false << "item,user,rating,time";
    QTest::newRow("Amazon 2018, three columns")
        << QByteArray("B00005N7P0,AH2IFH762VY5U,5.0\nB00005N7OJ,A3JPFWKS83R49V,3.0\n") << "item-first"
        << "','" << false << "item,user,rating";
    QTest::newRow("Amazon 2023") << QByteArray(
                                        "user_id,parent_asin,rating,timestamp\n"
                                        "AGKHLEW2SOWHNMFQIJGBECAF7INQ,B0BN942894,4.0,1588687728923\n")
                                 << "delimited"
                                 << "','" << true << four;
    QTest::newRow("time before rating") << QByteArray("1,10,881250949,4\n2,20,891717742,3\n") << "delimited"
                                        << "','" << false << "user,item,time,rating";
    QTest::newRow("names in another order")
        << QByteArray("Rating\tTitle\tTimestamp\tMovie_ID\tUser ID\n4\tHeat\t100\t10\t1\n") << "delimited"
        << "TAB" << true << "rating,-,time,item,user";
    QTest::newRow("play counts") << QByteArray("user\tartist_id\titem\tplays\n1\t4\t10\t13883\n") << "delimited"
                                 << "TAB" << true << "user,-,item,rating";
    QTest::newRow("all ones") << QByteArray("2 2928 1\n6 3172 1\n") << "whitespace"
                              << "white space" << false << triple;
    QTest::newRow("text ids") << QByteArray("user0 item0 4\nuser1 item0 4\n") << "whitespace"
                              << "white space" << false << triple;
    QTest::newRow("Netflix") << netflix << "netflix"
                             << "','" << false << "user,rating,time";
    QTest::newRow("Netflix, one movie") << QByteArray("17770:\n1488844,3,2005-09-06\n") << "netflix"
                                        << "','" << false << "user,rating,time";
    QTest::newRow("Netflix, movies without ratings") << "8:\n9:\n \n" + netflix << "netflix"
                                                     << "','" << false << "user,rating,time";
    QTest::newRow("ARFF") << arff << "arff"
                          << "','" << false << "-,user,item,rating";
    QTest::newRow("ARFF without known names")
        << QByteArray("@relation r\n@attribute a string\n@attribute b string\n@attribute c numeric\n@data\n1,10,4\n")
        << "arff"
        << "','" << false << triple;
  }
  void formats() {
    QFETCH(QByteArray, text);
    QFETCH(QString, format);
    QFETCH(QString, separation);
    QFETCH(bool, header);
    QFETCH(QString, columns);
    const auto layout = detect(text);
    if (!layout) QFAIL(layout.error().message().c_str());
    QCOMPARE(QString::fromStdString(layout->format), format);
    QCOMPARE(QString::fromStdString(separation_name(layout->separation)), separation);
    QCOMPARE(layout->header, header);
    QCOMPARE(columns_of(*layout), columns);
    QCOMPARE(layout->shape, format == "netflix" ? Shape::Netflix : Shape::Rows);
    QCOMPARE(layout->columns.size(), layout->field_count);
    const std::pair<const char*, std::size_t> places[] = {
        {"user", layout->user}, {"rating", layout->rating}, {"time", layout->time.value_or(layout->field_count)}};
    for (const auto& [name, place] : places) {
      if (place < layout->field_count) QCOMPARE(layout->columns[place], std::string(name));
    }
    for (const char* stage : {"delimiter", "header", "columns", "types", "format"}) {
      const auto named = [&](const Evidence& each) {
        return each.stage == stage && !each.decision.empty() && !each.because.empty();
      };
      QCOMPARE(std::count_if(layout->evidence.begin(), layout->evidence.end(), named), std::ptrdiff_t{1});
    }
    // The format that was found, given as an option, reads the lines in the same way.
    ReadOptions options;
    options.format = layout->format;
    QVERIFY(check_options(options));
    const auto again = detect(text, options);
    if (!again) QFAIL(again.error().message().c_str());
    QCOMPARE(columns_of(*again), columns);
    QCOMPARE(again->header, header);
  }

  void matrices_data() {
    QTest::addColumn<QByteArray>("text");
    QTest::addColumn<bool>("is_matrix");
    QTest::addColumn<int>("fields");
    QTest::newRow("Jester") << matrix(40, 100, ",") << true << 101;
    QTest::newRow("ten items") << matrix(9, 10, "\t") << true << 11;
    QTest::newRow("semicolons, decimal comma") << matrix(9, 12, ";").replace('.', ',') << true << 13;
    QTest::newRow("blanks") << matrix(9, 20, "  ") << true << 21;
    QTest::newRow("99.00") << matrix(9, 20, ",", "99.00") << true << 21;
    QTest::newRow("a damaged line among many") << matrix(40, 20, ",") + "3,1,2\n" + matrix(20, 20, ",") << true << 21;
    QTest::newRow("nine items") << matrix(9, 9, ",") << false << 10;
    QTest::newRow("counts that do not count") << matrix(9, 20, ",", "98") << false << 21;
  }
  void matrices() {
    QFETCH(QByteArray, text);
    QFETCH(bool, is_matrix);
    QFETCH(int, fields);
    const auto layout = detect(text);
    if (!layout) QFAIL(layout.error().message().c_str());
    QCOMPARE(layout->shape, is_matrix ? Shape::Matrix : Shape::Rows);
    QCOMPARE(layout->field_count, static_cast<std::size_t>(fields));
    if (!is_matrix) return;
    QCOMPARE(layout->format, std::string("matrix"));
    QCOMPARE(layout->rating, std::size_t{1});
    QCOMPARE(layout->columns[0], std::string("-"));
    QCOMPARE(layout->columns[10], std::string("rating"));
    QVERIFY(notices_of(*layout).contains("99 is not rated"));
  }

  void aMatrixCanBeDeclared() {
    ReadOptions options;
    options.format = "matrix";
    const QByteArray text = matrix(9, 20, ",", "98");
    auto layout = detect(text, options);
    QVERIFY(layout);
    QCOMPARE(layout->shape, Shape::Matrix);
    options.header = true;
    layout = detect("count" + QByteArray(",joke").repeated(20) + '\n' + text, options);
    QVERIFY(layout);
    QVERIFY(layout->header);
    QVERIFY(!detect("1,2,3\n4,5,6\n", options));
    options = {};
    options.format = "delimited";
    layout = detect(matrix(9, 20, ","), options);
    QVERIFY(layout);
    QCOMPARE(layout->shape, Shape::Rows);
  }

  void arffRowsBeginAfterTheHeader() {
    const auto layout = detect(arff, {}, 5);
    QVERIFY(layout);
    QCOMPARE(layout->first_data_line, std::uint64_t{5 + 9});
    QCOMPARE(layout->comment, std::string("%"));
    QVERIFY(notices_of(*layout).contains("ignored columns: 1 (the score)"));
    ReadOptions options;
    options.columns = "item,user,-,rating";
    const auto other = detect(arff, options);
    QVERIFY(other);
    QCOMPARE(other->format, std::string("arff"));
    QCOMPARE(other->item, std::size_t{0});
  }

  void refusedWithASentence_data() {
    QTest::addColumn<QByteArray>("text");
    QTest::addColumn<QString>("part");
    QTest::addColumn<int>("line");
    QTest::newRow("sparse ARFF") << QByteArray("@relation r\n@attribute a numeric\n@data\n{0 1, 1 10}\n")
                                 << "sparse ARFF file" << 4;
    QTest::newRow("ARFF without rows") << QByteArray("@relation r\n@attribute user string\n@data\n% none\n")
                                       << "no line below it" << 3;
    QTest::newRow("ARFF without @DATA") << QByteArray("@relation r\n@attribute user string\n") << "no @DATA line" << 2;
    QTest::newRow("ARFF with something else")
        << QByteArray("@relation r\n1,2,3\n@data\n1,2,3\n") << "does not belong into the header" << 2;
    QTest::newRow("Netflix probe") << QByteArray("1:\n30878\n2647871\n2:\n1283744\n") << "customers without ratings"
                                   << 1;
    QTest::newRow("Netflix qualifying") << QByteArray("1:\n1046323,2005-12-19\n1080030,2005-12-23\n")
                                        << "customers without ratings" << 1;
    QTest::newRow("tags") << QByteArray("userId,movieId,tag,timestamp\n2,60756,funny,1445714994\n")
                          << "no rating column" << 1;
    QTest::newRow("titles") << QByteArray("movieId,title,genres\n1,Toy Story (1995),Adventure\n") << "no rating column"
                            << 1;
  }
  void refusedWithASentence() {
    QFETCH(QByteArray, text);
    QFETCH(QString, part);
    QFETCH(int, line);
    const auto layout = detect(text);
    QVERIFY(!layout);
    QCOMPARE(layout.error().kind, ErrorKind::BadInput);
    QCOMPARE(layout.error().line, static_cast<std::uint64_t>(line));
    QVERIFY2(QString::fromStdString(layout.error().message()).contains(part), layout.error().message().c_str());
  }

  void theHintNamesTheLinesToSkip_data() {
    QTest::addColumn<QByteArray>("text");
    QTest::addColumn<int>("skip");  // 0: nothing stands above the ratings
    const QByteArray rows = "user0 item0 4\nuser1 item0 4\nuser2 item0 1\nuser3 item1 5\n";
    const QByteArray prose = "There are three lines to be ignored\nLine format is user - item - rating\n\n";
    QTest::newRow("Surprise") << prose + rows << 3;
    QTest::newRow("two rows") << prose + "user0 item0 4\nuser1 item0 4\n" << 3;
    QTest::newRow("long prose") << QByteArray("Some words of which nobody needs any.\n").repeated(30) + rows << 30;
    QTest::newRow("a remark") << "# user item rating\n" + rows << 1;
    QTest::newRow("numbers in prose") << "Collected in 2011 by 3 people\n" + rows << 1;
    QTest::newRow("prose above a header") << QByteArray("My ratings\n\nuser,item,rating\n1,10,4\n2,20,5\n") << 2;
    QTest::newRow("prose with a comma") << QByteArray("My ratings, cleaned\n1,10,4,100\n2,20,5,200\n") << 1;
    QTest::newRow("a header") << "user item rating\n" + rows << 0;
    QTest::newRow("a header of more names") << QByteArray("user,item,rating,remark,other thing\n1,10,4\n2,20,5\n") << 0;
    QTest::newRow("a damaged row") << QByteArray("1\t10\n1\t10\t4\n2\t20\t5\n3\t20\t5\n") << 0;
  }
  void theHintNamesTheLinesToSkip() {
    QFETCH(QByteArray, text);
    QFETCH(int, skip);
    const auto layout = detect(text);
    QCOMPARE(layout.has_value(), skip == 0);
    if (skip == 0) return;
    const QString hint = QString::fromStdString(layout.error().hint);
    QVERIFY2(hint.endsWith("--skip-lines " + QString::number(skip)), qPrintable(hint));
    ReadOptions options;
    options.skip_lines = static_cast<std::uint64_t>(skip);
    QByteArray rest = text;
    for (int i = 0; i < skip; ++i) rest.remove(0, rest.indexOf('\n') + 1);
    const auto again = detect(rest, options, options.skip_lines + 1);
    QVERIFY(again);
    QCOMPARE(again->first_data_line, options.skip_lines + 1);
  }

  void aDetectionThatFailsSaysWhatItFound() {
    const auto found_in = [](std::initializer_list<std::string_view> lines) {
      Findings found;
      return detect_layout(std::vector(lines), 1, {}, &found) ? Findings() : found;
    };
    const Findings words = found_in({"1,2,good", "1,3,bad"});
    QCOMPARE(words.evidence.front().stage, std::string("delimiter"));
    QCOMPARE(words.evidence.front().decision, std::string("','"));
    const Findings prose = found_in({"My ratings of this year", "", "1,10,4", "2,20,5"});
    QCOMPARE(prose.advice.size(), std::size_t{1});
    QCOMPARE(prose.advice.front().option, std::string("skip-lines"));
    QCOMPARE(prose.advice.front().value, std::string("2"));
  }

  void linesAreCountedFromTheFileStart() {
    // One line was skipped already: the number to skip counts it too.
    const auto layout = detect("Ratings of five films\n1 10 4\n2 20 5\n", {}, 2);
    QVERIFY(!layout);
    QVERIFY(QString::fromStdString(layout.error().hint).endsWith("--skip-lines 2"));
  }

  void noticesSayWhatIsAssumed_data() {
    QTest::addColumn<QByteArray>("text");
    QTest::addColumn<QString>("part");
    QTest::addColumn<bool>("said");
    QTest::newRow("plain triples") << QByteArray("1,10,4\n2,20,5\n") << "first one is assumed" << true;
    QTest::newRow("header") << QByteArray("user,item,rating\n1,10,4\n") << "first one is assumed" << false;
    QTest::newRow("MovieLens") << QByteArray("1\t10\t4\t100\n2\t20\t5\t100\n") << "first one is assumed" << false;
    QTest::newRow("Amazon 2014") << QByteArray("A2EFCYXHNK06IS,B000001OMN,5.0,978480000\n") << "first one is assumed"
                                 << false;
    QTest::newRow("Amazon 2018") << QByteArray("B000001OMN,A2EFCYXHNK06IS,5.0,978480000\n") << "first one is assumed"
                                 << false;
    QTest::newRow("decimal comma") << QByteArray("1;10;4\n2;20;3,5\n") << "decimal comma" << true;
    QTest::newRow("more columns") << QByteArray("user,item,rating,city,age\n1,10,4,Rome,20\n")
                                  << "ignored columns: 4 (city), 5 (age)" << true;
    QTest::newRow("more columns without names")
        << QByteArray("1,10,4,Rome\n2,20,4,Bonn\n") << "ignored columns: 4" << true;
    QTest::newRow("plays") << QByteArray("userID\titemID\tplays\n1\t10\t13883\n") << "counts" << true;
    QTest::newRow("unknown header") << QByteArray("a,b,c\n1,10,4\n") << "header of unknown names: a, b, c" << true;
    QTest::newRow("varied separators") << QByteArray("1,1,3\n1 3 5\n1\t4\t2\n") << "read as white space" << true;
  }
  void noticesSayWhatIsAssumed() {
    QFETCH(QByteArray, text);
    QFETCH(QString, part);
    QFETCH(bool, said);
    const auto layout = detect(text);
    QVERIFY(layout);
    QVERIFY2(notices_of(*layout).contains(part) == said, qPrintable(notices_of(*layout)));
  }

  void theAssumptionComesWithAdvice() {
    const auto layout = detect("1 10 4 7\n2 20 5 8\n");
    QVERIFY(layout);
    QCOMPARE(layout->advice.size(), std::size_t{1});
    QCOMPARE(layout->advice[0].option, std::string("columns"));
    QCOMPARE(layout->advice[0].value, std::string("item,user,rating,time"));
    ReadOptions options;
    options.columns = layout->advice[0].value;
    const auto swapped = detect("1 10 4 7\n2 20 5 8\n", options);
    QVERIFY(swapped);
    QCOMPARE(swapped->user, std::size_t{1});
    QVERIFY(swapped->advice.empty());
  }

  void optionsOverrideEveryGuess() {
    ReadOptions options;
    options.delimiter = ";";
    auto layout = detect("1,5;2;3\n1,6;2;4\n", options);
    QVERIFY(layout);
    QCOMPARE(layout->field_count, std::size_t{3});
    options = {};
    options.header = false;
    layout = detect("user,item,rating\n1,2,3\n", options);
    QVERIFY(layout);
    QVERIFY(!layout->header);
    options = {};
    options.format = "item-first";
    layout = detect("1,10,4\n2,20,5\n", options);
    QVERIFY(layout);
    QCOMPARE(columns_of(*layout), QString("item,user,rating"));
    options.format = "whitespace";
    layout = detect("1,a 10 4\n2,b 20 5\n", options);
    QVERIFY(layout);
    QCOMPARE(layout->field_count, std::size_t{3});
    options = {};
    options.columns = "-,item,rating,-,user";
    layout = detect("9,10,4,8,1\n9,20,5,8,2\n", options);
    QVERIFY(layout);
    QCOMPARE(layout->user, std::size_t{4});
    for (const char* format : {"netflix", "arff"}) {
      options = {};
      options.format = format;
      QVERIFY(!detect("1,10,4\n2,20,5\n", options));
    }
    options.encoding = "utf-16";
    QVERIFY(check_options(options));
    options.format = "netflix";
    options.columns = "user,item,rating";
    QVERIFY(!check_options(options));
  }

  void quotesCanBeEscapedInTwoWays_data() {
    QTest::addColumn<QByteArray>("line");
    QTest::addColumn<QString>("fields");  // joined by |
    QTest::newRow("doubled") << QByteArray(R"("say ""x""";2)") << R"(say "x"|2)";
    QTest::newRow("backslash") << QByteArray(R"("say \"x\" ; y";2)") << R"(say "x" ; y|2)";
    QTest::newRow("backslash at the end") << QByteArray(R"("say \"x\"";2)") << R"(say "x"|2)";
    QTest::newRow("a path") << QByteArray(R"("C:\";"D:\")") << R"(C:\|D:\)";
    QTest::newRow("backslash before doubled") << QByteArray(R"("a\""b";2)") << R"(a\"b|2)";
    QTest::newRow("doubled at the start") << QByteArray(R"("""a"" b";2)") << R"("a" b|2)";
    QTest::newRow("empty") << QByteArray(R"("";"")") << QString("|");
  }
  void quotesCanBeEscapedInTwoWays() {
    QFETCH(QByteArray, line);
    QFETCH(QString, fields);
    FieldSplitter splitter({Separation::Kind::Text, ";", true}, true);
    splitter.split(std::string_view(line.constData(), static_cast<std::size_t>(line.size())));
    QStringList found;
    for (const std::string_view field : splitter.fields())
      found += QString::fromUtf8(field.data(), static_cast<qsizetype>(field.size()));
    QCOMPARE(found.join('|'), fields);
  }
};

QTEST_APPLESS_MAIN(TestDetection)
#include "test_detection.moc"
