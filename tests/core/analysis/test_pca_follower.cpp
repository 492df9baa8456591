#include <QTest>

#include <cmath>
#include <cstring>
#include <limits>
#include <vector>

#include <Eigen/Dense>

#include "core/analysis/pca_follower.h"
#include "core/base/random.h"

using namespace rowlight;
using Eigen::MatrixXd;

namespace {

/// Normal columns with the given spreads, turned so that no axis is a column.
Matrix cloud(std::size_t rows, const std::vector<double>& spreads, std::uint64_t seed, double mean = 3) {
  Random random(seed);
  const auto dim = static_cast<Eigen::Index>(spreads.size());
  const MatrixXd turn =
      Eigen::HouseholderQR<MatrixXd>(MatrixXd::NullaryExpr(dim, dim, [&] { return random.normal(); })).householderQ();
  Matrix table(rows, spreads.size());
  for (std::size_t r = 0; r < rows; ++r) {
    Eigen::VectorXd row(dim);
    for (Eigen::Index c = 0; c < dim; ++c) row[c] = random.normal() * spreads[static_cast<std::size_t>(c)];
    row = turn * row;
    for (std::size_t c = 0; c < spreads.size(); ++c) {
      table(r, c) = static_cast<float>(row[static_cast<Eigen::Index>(c)] + mean);
    }
  }
  return table;
}

std::vector<double> falling(std::size_t dim, double first = 3, double second = 2) {
  std::vector<double> spreads;
  for (std::size_t i = 0; i < dim; ++i) spreads.push_back(1.0 / (1 + 0.05 * static_cast<double>(i)));
  spreads[0] = first;
  if (dim > 1) spreads[1] = second;
  return spreads;
}

/// As training does: every number a little, some rows more.
void move(Matrix& table, double step, Random& random) {
  for (std::size_t r = 0; r < table.rows(); ++r) {
    for (float& x : table.row(r)) x += static_cast<float>(step * random.normal());
    if (r % 7 == 0) table(r, r % table.cols()) += static_cast<float>(5 * step);
  }
}

MatrixXd dense(const Matrix& m) {
  MatrixXd out(static_cast<Eigen::Index>(m.rows()), static_cast<Eigen::Index>(m.cols()));
  for (std::size_t r = 0; r < m.rows(); ++r) {
    for (std::size_t c = 0; c < m.cols(); ++c) {
      out(static_cast<Eigen::Index>(r), static_cast<Eigen::Index>(c)) = double{m(r, c)};
    }
  }
  return out;
}

bool same_bits(const Matrix& a, const Matrix& b) {
  return a.rows() == b.rows() && a.cols() == b.cols() && std::memcmp(a.data(), b.data(), a.bytes()) == 0;
}

bool same_bits(const Pca& a, const Pca& b) {
  return same_bits(a.axes, b.axes) && same_bits(a.coordinates, b.coordinates) && a.mean == b.mean &&
         a.explained_variance_ratio == b.explained_variance_ratio;
}

/// The largest difference from an eigen-decomposition in double, written down plainly: of the axes, the shares and the
/// coordinates over their largest, up to sign.
double error_of(const Pca& found, const Matrix& table, bool center = true) {
  MatrixXd x = dense(table);
  if (center) x.rowwise() -= x.colwise().mean().eval();
  const Eigen::SelfAdjointEigenSolver<MatrixXd> solver(x.transpose() * x);
  const auto k = static_cast<Eigen::Index>(found.axes.rows());
  const MatrixXd axes = solver.eigenvectors().rightCols(k).rowwise().reverse();
  const Eigen::VectorXd squares = solver.eigenvalues().tail(k).reverse();
  double worst = 0;
  for (Eigen::Index c = 0; c < k; ++c) {
    Eigen::VectorXd axis = dense(found.axes).row(c);
    if (axis.dot(axes.col(c)) < 0) axis = -axis;
    const double sign = axis.dot(dense(found.axes).row(c)) < 0 ? -1 : 1;
    const Eigen::VectorXd expected = x * axes.col(c);
    worst = std::max(worst, (axis - axes.col(c)).norm());
    worst = std::max(worst, (sign * dense(found.coordinates).col(c) - expected).cwiseAbs().maxCoeff() /
                                expected.cwiseAbs().maxCoeff());
    worst = std::max(worst, std::abs(found.explained_variance_ratio[static_cast<std::size_t>(c)] -
                                     squares[c] / solver.eigenvalues().sum()));
  }
  return worst;
}

}  // namespace

class TestPcaFollower : public QObject {
  Q_OBJECT

 private slots:
  void equalsADecompositionInDouble_data() {
    QTest::addColumn<int>("rows");
    QTest::addColumn<int>("dim");
    QTest::addColumn<double>("second");
    QTest::addColumn<double>("mean");
    QTest::newRow("MovieLens 100K") << 1682 << 50 << 2.0 << 3.0;
    QTest::newRow("several pieces") << 5000 << 64 << 2.0 << 3.0;
    QTest::newRow("variances a thousandth apart") << 3000 << 24 << 2.9985 << 3.0;
    QTest::newRow("variances nearly equal") << 3000 << 24 << 2.99997 << 3.0;
    QTest::newRow("far from zero") << 3000 << 24 << 2.0 << 3000.0;
    QTest::newRow("fewer rows than columns") << 20 << 50 << 2.0 << 3.0;
    QTest::newRow("one column") << 100 << 1 << 2.0 << 3.0;
    QTest::newRow("three columns") << 100 << 3 << 2.0 << 3.0;
  }
  void equalsADecompositionInDouble() {
    QFETCH(int, rows);
    QFETCH(int, dim);
    QFETCH(double, second);
    QFETCH(double, mean);
    const auto cols = static_cast<std::size_t>(dim);
    Matrix table = cloud(static_cast<std::size_t>(rows), falling(cols, 3, second), 1, mean);
    const PcaOptions options{std::min<std::size_t>(2, cols), true};
    QVERIFY(error_of(*pca(table.view(), options), table) < 1e-4);
    PcaFollower follower;
    Random random(2);
    for (int frame = 0; frame < 6; ++frame) {
      const auto found = follower.next(table.view(), options);
      QVERIFY(found);
      const double error = error_of(*found, table);
      QVERIFY2(error < 1e-4, qPrintable(QString("frame %1: %2").arg(frame).arg(error)));
      move(table, 1e-3, random);
    }
  }

  void smallChangesAreFollowedWarm() {
    Matrix table = cloud(4000, falling(32), 3);
    for (const bool center : {true, false}) {
      PcaFollower follower;
      Random random(4);
      int warm = 0;
      for (int frame = 0; frame < 10; ++frame) {
        const auto found = follower.next(table.view(), {2, center});
        QVERIFY(found);
        warm += follower.warm_passes() > 0 ? 1 : 0;
        QVERIFY(error_of(*found, table, center) < 1e-4);
        move(table, 2e-3, random);
      }
      QCOMPARE(warm, 9);
    }
  }

  void whatIsNotMovedTakesOnePass() {
    const Matrix table = cloud(4000, falling(32), 5);
    PcaFollower follower;
    QVERIFY(follower.next(table.view()));
    QCOMPARE(follower.warm_passes(), 0);
    QVERIFY(follower.next(table.view()));
    QCOMPARE(follower.warm_passes(), 1);
    follower.forget();
    QVERIFY(follower.next(table.view()));
    QCOMPARE(follower.warm_passes(), 0);
  }

  void otherTablesAreComputedFromTheCovariance() {
    const Matrix first = cloud(500, falling(12), 6);
    const Matrix other = cloud(500, falling(12), 7);
    PcaFollower follower;
    QVERIFY(follower.next(first.view()));
    const auto found = follower.next(other.view());
    QCOMPARE(follower.warm_passes(), 0);
    QVERIFY(same_bits(*found, *pca(other.view())));
    QVERIFY(follower.next(other.view(), {1, true}));  // other options, other shape
    QCOMPARE(follower.warm_passes(), 0);
    QVERIFY(follower.next(cloud(400, falling(12), 7).view(), {1, true}));
    QCOMPARE(follower.warm_passes(), 0);
  }

  void aNewAxisIsFoundInTime() {
    Matrix table = cloud(1000, falling(16), 8);
    const auto k = PcaOptions{2, true};
    PcaFollower follower;
    QVERIFY(follower.next(table.view(), k));
    Random random(9);
    // One column grows until it outdoes all others.
    for (int frame = 0; frame < 80; ++frame) {
      for (std::size_t r = 0; r < table.rows(); ++r) table(r, 5) += static_cast<float>(0.2 * random.normal());
      QVERIFY(follower.next(table.view(), k));
    }
    for (int frame = 0; frame < 32; ++frame) QVERIFY(follower.next(table.view(), k));
    QVERIFY(error_of(*follower.next(table.view(), k), table) < 1e-4);
  }

  void whatGrowsBesideTheFollowedAxesIsFoundInTime() {
    Matrix table = cloud(1000, falling(16), 14);
    PcaFollower follower;
    QVERIFY(follower.next(table.view()));
    // Along the eighth axis, so at right angles to all that is followed: no residual tells of it.
    const Pca all = *pca(table.view(), {16, true});
    for (int frame = 0; frame < 8; ++frame) {
      for (std::size_t r = 0; r < table.rows(); ++r) {
        for (std::size_t c = 0; c < table.cols(); ++c) {
          table(r, c) += static_cast<float>(double{all.coordinates(r, 7)} * all.axes(7, c));
        }
      }
      QVERIFY(follower.next(table.view()));
    }
    bool cold = false;
    for (int frame = 0; frame < 32 && !cold; ++frame) {
      QVERIFY(follower.next(table.view()));
      cold = follower.warm_passes() == 0;
    }
    QVERIFY(cold);
    const auto found = follower.next(table.view());
    QVERIFY(error_of(*found, table) < 1e-4);
    double along = 0;
    for (std::size_t c = 0; c < table.cols(); ++c) along += double{found->axes(0, c)} * all.axes(7, c);
    QVERIFY(std::abs(along) > 0.999);
  }

  // Where all axes are followed no residual tells that sums in float, around a mean far off, are wrong.
  void aMeanThatJumpsIsTheNextOnes_data() {
    QTest::addColumn<std::size_t>("dim");
    QTest::newRow("some axes are followed") << std::size_t{24};
    QTest::newRow("all axes are followed") << std::size_t{3};
  }
  void aMeanThatJumpsIsTheNextOnes() {
    QFETCH(std::size_t, dim);
    Matrix table = cloud(3000, falling(dim), 15);
    PcaFollower follower;
    QVERIFY(follower.next(table.view()));
    for (const float jump : {1.0F, -30.0F, 1000.0F}) {
      for (std::size_t r = 0; r < table.rows(); ++r) {
        for (float& x : table.row(r)) x += jump;
      }
      const auto found = follower.next(table.view());
      QVERIFY(found);
      QVERIFY(error_of(*found, table) < 1e-4);
      const Eigen::VectorXd mean = dense(table).colwise().mean();
      for (std::size_t c = 0; c < table.cols(); ++c) {
        QVERIFY(std::abs(found->mean[c] - mean[static_cast<Eigen::Index>(c)]) < 1e-5);
      }
    }
  }

  // One axis outgrows the others so far that float does not tell these apart any more; again no residual shows it.
  void aSpreadThatJumpsIsNotLeftToFloat() {
    Matrix table = cloud(3000, falling(3), 16);
    PcaFollower follower;
    const Pca before = *follower.next(table.view());
    for (std::size_t r = 0; r < table.rows(); ++r) {
      for (std::size_t c = 0; c < table.cols(); ++c) table(r, c) += 3e4F * before.coordinates(r, 0) * before.axes(0, c);
    }
    const auto found = follower.next(table.view());
    QVERIFY(found);
    QVERIFY(error_of(*found, table) < 1e-4);
  }

  void notFiniteIsAnErrorAndForgotten() {
    Matrix table = cloud(300, falling(8), 10);
    PcaFollower follower;
    QVERIFY(follower.next(table.view()));
    const float before = table(5, 5);
    for (const float bad : {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()}) {
      for (const bool center : {true, false}) {
        table(5, 5) = bad;
        QCOMPARE(follower.next(table.view(), {2, center}).error().kind, ErrorKind::BadInput);
        QCOMPARE(pca(table.view(), {2, center}).error().kind, ErrorKind::BadInput);
        table(5, 5) = before;
        QVERIFY(error_of(*follower.next(table.view(), {2, center}), table, center) < 1e-4);
      }
    }
    QCOMPARE(follower.next(table.view(), {0, true}).error().kind, ErrorKind::Usage);
    QCOMPARE(follower.next(table.view(), {9, true}).error().kind, ErrorKind::Usage);
  }

  void tablesWithoutVarianceStayCold() {
    Matrix table(600, 5);
    for (std::size_t r = 0; r < table.rows(); ++r) {
      for (float& x : table.row(r)) x = 0.1F;
    }
    PcaFollower follower;
    for (int frame = 0; frame < 2; ++frame) {
      const auto found = follower.next(table.view());
      QVERIFY(found);
      QCOMPARE(found->axes(1, 1), 1.0F);
      QCOMPARE(found->coordinates(599, 0), 0.0F);
      QCOMPARE(follower.warm_passes(), 0);
    }
    const Matrix line = cloud(600, {2, 0, 0, 0}, 11);  // rank 1: the second axis is nobody's
    for (int frame = 0; frame < 2; ++frame) {
      const auto found = follower.next(line.view());
      QVERIFY(found);
      QVERIFY(found->explained_variance_ratio[0] > 0.999999);
      QVERIFY((dense(found->axes) * dense(found->axes).transpose()).isIdentity(1e-6));
    }
  }

  void threadsChangeNoBit() {
    Matrix table = cloud(20'000, falling(20), 12);
    std::vector<Pca> cold;
    std::vector<Pca> warm;
    for (const unsigned threads : {0U, 1U, 2U, 5U}) {
      ThreadPool pool(threads);
      ThreadPool* const used = threads == 0 ? nullptr : &pool;
      cold.push_back(*pca(table.view(), {5, true}, used));
      PcaFollower follower;
      Matrix moving = table;
      Random random(13);
      QVERIFY(follower.next(moving.view(), {2, true}, used));
      for (const double step : {1e-3, 5e-3}) {  // the second one is too far for one pass
        move(moving, step, random);
        Pca next = *follower.next(moving.view(), {2, true}, used);
        QCOMPARE(follower.warm_passes() > 1, step > 1e-3);
        warm.push_back(std::move(next));
      }
      for (std::size_t r = 0; r < moving.rows(); ++r) {
        for (const float x : warm.back().coordinates.view().padded_row(r).subspan(2)) QCOMPARE(x, 0.0F);
      }
      QVERIFY(same_bits(cold.front(), cold.back()));
      QVERIFY(same_bits(warm[0], warm[warm.size() - 2]));
      QVERIFY(same_bits(warm[1], warm.back()));
    }
  }
};

QTEST_APPLESS_MAIN(TestPcaFollower)
#include "test_pca_follower.moc"
