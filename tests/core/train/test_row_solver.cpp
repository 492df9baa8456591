#include <QTest>

#include <cmath>
#include <vector>

#include <Eigen/Dense>

#include "core/train/factor_prior.h"
#include "core/train/row_solver.h"
#include "tests/support/training.h"

using namespace rowlight;
using rowlight::test::make_ratings;

namespace {

using Eigen::MatrixXd;
using Eigen::VectorXd;

Matrix random_matrix(std::size_t rows, std::size_t cols, std::uint64_t seed) {
  Random random(seed);
  Matrix matrix(rows, cols);
  for (std::size_t r = 0; r < rows; ++r) {
    for (float& x : matrix.row(r)) x = static_cast<float>(0.5 * random.normal());
  }
  return matrix;
}

/// Everything a solve works on.
struct Problem {
  std::shared_ptr<RatingSet> ratings;
  ThreadPool pool{2};
  RatingLists lists;
  RowSolver solver;
  Matrix tables[2];
  Matrix bias[2];
  RowRidge ridge;

  Problem(std::uint32_t users, std::uint32_t movies, std::size_t count, std::size_t factors)
      : ratings(make_ratings(users, movies, count, 3)),
        lists(*ratings, {}, pool),
        solver(lists, padded_stride(factors), pool),
        tables{random_matrix(users, factors, 1), random_matrix(movies, factors, 2)},
        bias{random_matrix(users, 1, 3), random_matrix(movies, 1, 4)} {
    ridge.base.assign(padded_stride(factors), 0.8F);
    ridge.spread.assign(padded_stride(factors), 7.0F);
    ridge.bias = 1.5F;
    ridge.bias_centre = 2.0F;
  }

  FactorTables views() {
    return {{tables[0].view(), tables[1].view()}, {bias[0].view().flat(), bias[1].view().flat()}};
  }

  SolveSums solve(Table table, int iterations, bool biased = true) {
    SolveSums total;
    FactorTables views = this->views();
    if (!biased) views.bias[0] = views.bias[1] = {};
    for (const RowSolver::Part& part : solver.parts(table)) {
      const SolveSums sums = solver.solve(table, part, views, ridge, {iterations, 1, SIZE_MAX});
      total.squares += sums.squares;
      total.ratings += sums.ratings;
    }
    return total;
  }

  /// The movie's factors and, last, its bias less the centre, from the normal equations in double precision.
  [[nodiscard]] VectorXd exact(std::size_t movie) const {
    const auto k = static_cast<Eigen::Index>(tables[0].cols());
    MatrixXd normal = MatrixXd::Zero(k + 1, k + 1);
    VectorXd right = VectorXd::Zero(k + 1);
    for (std::size_t i = 0; i < ratings->size(); ++i) {
      if (static_cast<std::size_t>(ratings->movies[i]) != movie) continue;
      const auto user = static_cast<std::size_t>(ratings->users[i]);
      VectorXd row = VectorXd::Ones(k + 1);
      for (Eigen::Index c = 0; c < k; ++c) row(c) = tables[0](user, static_cast<std::size_t>(c));
      normal += row * row.transpose();
      right += row * double{ratings->ratings[i] - bias[0](user, 0) - ridge.bias_centre};
    }
    const double n = static_cast<double>(lists.count(Table::Movies, movie));
    const double share = n / (lists.partner_count(Table::Movies, movie) + 7.0);
    for (Eigen::Index c = 0; c < k; ++c) normal(c, c) += 0.8 * (1 + share);
    normal(k, k) += 1.5;
    return normal.llt().solve(right);
  }
};

}  // namespace

class TestRowSolver : public QObject {
  Q_OBJECT

 private slots:
  void solvesTheNormalEquations_data() {
    QTest::addColumn<std::uint32_t>("movies");
    QTest::addColumn<std::size_t>("factors");
    QTest::newRow("short rows") << 30U << std::size_t{9};
    QTest::newRow("long rows, shared by the threads") << 2U << std::size_t{9};
    QTest::newRow("one factor") << 30U << std::size_t{1};
    QTest::newRow("more factors than ratings") << 4000U << std::size_t{20};
  }
  void solvesTheNormalEquations() {
    QFETCH(std::uint32_t, movies);
    QFETCH(std::size_t, factors);
    Problem problem(200, movies, 36000, factors);
    problem.solve(Table::Movies, 40);
    for (std::size_t movie = 0; movie < std::min(movies, 30U); ++movie) {
      const VectorXd expected = problem.exact(movie);
      for (std::size_t k = 0; k < factors; ++k) {
        const double difference = problem.tables[1](movie, k) - expected(static_cast<Eigen::Index>(k));
        QVERIFY2(std::abs(difference) < 2e-3, qPrintable(QString("%1 %2: %3").arg(movie).arg(k).arg(difference)));
      }
      const double bias = problem.bias[1](movie, 0) - 2.0 - expected(static_cast<Eigen::Index>(factors));
      QVERIFY2(std::abs(bias) < 2e-3, qPrintable(QString("bias of %1: %2").arg(movie).arg(bias)));
    }
  }

  void sumsAreTheSquaredErrorsAfterIt_data() {
    QTest::addColumn<std::uint32_t>("movies");
    QTest::newRow("short rows") << 30U;
    QTest::newRow("long rows") << 2U;
  }
  void sumsAreTheSquaredErrorsAfterIt() {
    QFETCH(std::uint32_t, movies);
    Problem problem(200, movies, 36000, 9);
    const SolveSums sums = problem.solve(Table::Movies, 2);
    double squares = 0;
    for (std::size_t i = 0; i < problem.ratings->size(); ++i) {
      const auto user = static_cast<std::size_t>(problem.ratings->users[i]);
      const auto movie = static_cast<std::size_t>(problem.ratings->movies[i]);
      double error = problem.ratings->ratings[i] - problem.bias[0](user, 0) - problem.bias[1](movie, 0);
      for (std::size_t k = 0; k < 9; ++k) error -= double{problem.tables[0](user, k)} * problem.tables[1](movie, k);
      squares += error * error;
    }
    QCOMPARE(sums.ratings, problem.ratings->size());
    QVERIFY2(std::abs(sums.squares / squares - 1) < 1e-4, qPrintable(QString::number(sums.squares / squares)));
  }

  void everyIterationLowersTheErrors() {
    double before = 1e30;
    for (const int iterations : {0, 1, 2, 4}) {
      Problem problem(200, 30, 9000, 9);
      for (const bool biased : {true, false}) {
        Problem one(200, 30, 9000, 9);
        one.solve(Table::Users, iterations, biased);
      }
      const double squares = problem.solve(Table::Movies, iterations).squares;
      QVERIFY(squares < before);
      before = squares;
    }
  }

  // Products of the tables stay; the columns of both become uncorrelated, with equal mean squares, in falling order.
  void axesKeepTheProducts() {
    ThreadPool pool(2);
    Matrix u = random_matrix(300, 20, 1);
    Matrix v = random_matrix(200, 20, 2);
    const auto product = [](const Matrix& a, const Matrix& b, std::size_t i, std::size_t j) {
      double sum = 0;
      for (std::size_t k = 0; k < a.cols(); ++k) sum += double{a(i, k)} * b(j, k);
      return sum;
    };
    const double before = product(u, v, 17, 31);
    turn_to_axes(u.view(), v.view(), pool);
    QVERIFY(std::abs(product(u, v, 17, 31) - before) < 1e-4);
    std::vector<double> squares;
    for (std::size_t i = 0; i < 20; ++i) {
      for (std::size_t j = 0; j <= i; ++j) {
        double of_u = 0;
        double of_v = 0;
        for (std::size_t r = 0; r < u.rows(); ++r) of_u += double{u(r, i)} * u(r, j) / 300;
        for (std::size_t r = 0; r < v.rows(); ++r) of_v += double{v(r, i)} * v(r, j) / 200;
        QVERIFY(std::abs(of_u - of_v) < 1e-4);
        if (i != j) QVERIFY(std::abs(of_u) < 1e-4);
        if (i == j) squares.push_back(of_u);
      }
    }
    QVERIFY(std::ranges::is_sorted(squares, std::greater()));
  }
};

QTEST_APPLESS_MAIN(TestRowSolver)
#include "test_row_solver.moc"
