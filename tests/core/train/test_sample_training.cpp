#include <QTest>

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <vector>

#include "core/analysis/pca.h"
#include "core/ratings/sample.h"
#include "core/train/trainer.h"

using namespace rowlight;

namespace {

double cosine(std::span<const float> a, std::span<const float> b) {
  double dot = 0;
  double aa = 0;
  double bb = 0;
  for (std::size_t k = 0; k < a.size(); ++k) {
    dot += double{a[k]} * b[k];
    aa += double{a[k]} * a[k];
    bb += double{b[k]} * b[k];
  }
  return dot / std::sqrt(aa * bb);
}

/// The share of the films' `count` nearest by cosine that have the film's first genre.
double share_of_same_genre(const Matrix& factors, const std::vector<std::int32_t>& genres, std::size_t count) {
  std::size_t same = 0;
  for (std::size_t film = 0; film < factors.rows(); ++film) {
    std::vector<std::pair<double, std::size_t>> others;
    for (std::size_t other = 0; other < factors.rows(); ++other) {
      if (other != film) others.emplace_back(-cosine(factors.row(film), factors.row(other)), other);
    }
    std::ranges::sort(others);
    for (std::size_t i = 0; i < count; ++i) {
      if (genres[others[i].second] == genres[film]) ++same;
    }
  }
  return static_cast<double>(same) / static_cast<double>(count * factors.rows());
}

/// What share_of_same_genre() is on average for random neighbours.
double share_by_chance(const std::vector<std::int32_t>& genres) {
  std::map<std::int32_t, double> count;
  for (const std::int32_t genre : genres) ++count[genre];
  double pairs = 0;
  for (const auto& [genre, films] : count) pairs += films * (films - 1);
  const auto n = static_cast<double>(genres.size());
  return pairs / (n * (n - 1));
}

/// The share of films whose nearest genre's centre in the plane is that of their own first genre.
double share_at_own_centre(const Matrix& points, const std::vector<std::int32_t>& genres) {
  std::map<std::int32_t, std::array<double, 3>> centres;  // sums of both coordinates, number
  for (std::size_t film = 0; film < genres.size(); ++film) {
    auto& centre = centres[genres[film]];
    centre[0] += double{points(film, 0)};
    centre[1] += double{points(film, 1)};
    centre[2] += 1;
  }
  std::size_t own = 0;
  for (std::size_t film = 0; film < genres.size(); ++film) {
    const auto distance = [&](const auto& entry) {
      const auto& [x, y, n] = entry.second;
      return std::hypot(x / n - double{points(film, 0)}, y / n - double{points(film, 1)});
    };
    if (std::ranges::min_element(centres, {}, distance)->first == genres[film]) ++own;
  }
  return static_cast<double>(own) / static_cast<double>(genres.size());
}

}  // namespace

// What the window shows with nothing but the built-in sample: training finds the genres that nobody told it.
class TestSampleTraining : public QObject {
  Q_OBJECT

 private slots:
  void initTestCase() {
    TrainerInput input;
    input.ratings = make_sample();
    input.settings.epochs = 20;
    auto trainer = Trainer::create(std::move(input));
    QVERIFY(trainer);
    QCOMPARE((*trainer)->settings().seed, std::uint64_t{42});
    for (std::int32_t i = 0; i < static_cast<std::int32_t>((*trainer)->ratings()->movie_count()); ++i) {
      genres_.push_back((*trainer)->ratings()->first_genre(MovieRow{i}));
    }
    untrained_ = (*trainer)->model().factors(Table::Movies);
    while (!(*trainer)->finished()) QVERIFY((*trainer)->advance());
    factors_ = (*trainer)->model().factors(Table::Movies);
  }

  void nearestFilmsShareTheGenre() {
    const double chance = share_by_chance(genres_);
    const double before = share_of_same_genre(untrained_, genres_, 5);
    const double after = share_of_same_genre(factors_, genres_, 5);
    qInfo("by chance %.3f, before training %.3f, after %.3f", chance, before, after);
    QVERIFY(std::abs(before - chance) < 0.05);
    QVERIFY(after >= 3 * chance);
  }

  void genresLieApartInThePlane() {
    const auto before = pca(untrained_.view());
    const auto after = pca(factors_.view());
    QVERIFY(before && after);
    const double share = share_at_own_centre(after->coordinates, genres_);
    qInfo("nearest to the own genre's centre: before training %.3f, after %.3f",
          share_at_own_centre(before->coordinates, genres_), share);
    QVERIFY(share > 0.9);
  }

 private:
  std::vector<std::int32_t> genres_;
  Matrix untrained_;
  Matrix factors_;
};

QTEST_APPLESS_MAIN(TestSampleTraining)
#include "test_sample_training.moc"
