#include <QTest>

#include <cmath>
#include <limits>
#include <numeric>
#include <vector>

#include <Eigen/Dense>

#include "core/analysis/pca.h"
#include "core/base/random.h"

using namespace rowlight;
using Eigen::MatrixXd;

namespace {

MatrixXd dense(const Matrix& m) {
  MatrixXd out(static_cast<Eigen::Index>(m.rows()), static_cast<Eigen::Index>(m.cols()));
  for (Eigen::Index r = 0; r < out.rows(); ++r) {
    for (Eigen::Index c = 0; c < out.cols(); ++c) {
      out(r, c) = static_cast<double>(m(static_cast<std::size_t>(r), static_cast<std::size_t>(c)));
    }
  }
  return out;
}

Matrix table(const MatrixXd& m) {
  Matrix out(static_cast<std::size_t>(m.rows()), static_cast<std::size_t>(m.cols()));
  for (Eigen::Index r = 0; r < m.rows(); ++r) {
    for (Eigen::Index c = 0; c < m.cols(); ++c) {
      out(static_cast<std::size_t>(r), static_cast<std::size_t>(c)) = static_cast<float>(m(r, c));
    }
  }
  return out;
}

MatrixXd normals(Eigen::Index rows, Eigen::Index cols, std::uint64_t seed) {
  Random random(seed);
  return MatrixXd::NullaryExpr(rows, cols, [&] { return random.normal(); });
}

MatrixXd random_orthogonal(Eigen::Index n, std::uint64_t seed) {
  return Eigen::HouseholderQR<MatrixXd>(normals(n, n, seed)).householderQ();
}

/// Uncorrelated unit columns scaled by `deviations`, so that the planted axes are those of the sample too.
MatrixXd cloud(Eigen::Index rows, const std::vector<double>& deviations, std::uint64_t seed) {
  const auto dim = static_cast<Eigen::Index>(deviations.size());
  MatrixXd x = normals(rows, dim, seed);
  x.rowwise() -= x.colwise().mean().eval();
  const MatrixXd thin = MatrixXd::Identity(rows, dim);
  MatrixXd white = Eigen::HouseholderQR<MatrixXd>(x).householderQ() * thin;
  for (Eigen::Index c = 0; c < dim; ++c) white.col(c) *= deviations[static_cast<std::size_t>(c)];
  return white * std::sqrt(static_cast<double>(rows));
}

double sum(const std::vector<double>& values) { return std::accumulate(values.begin(), values.end(), 0.0); }

MatrixXd projector(const Matrix& axes) { return dense(axes).transpose() * dense(axes); }

}  // namespace

class TestPca : public QObject {
  Q_OBJECT

 private slots:
  void plantedAxesAreFound() {
    const MatrixXd basis = random_orthogonal(8, 1);
    const MatrixXd x = cloud(500, {5, 3, 1, 0.5, 0.4, 0.3, 0.2, 0.1}, 2) * basis.transpose();
    const Matrix rows = table((x.array() + 7).matrix());
    const auto found = pca(rows.view(), {3, true});
    QVERIFY(found);
    const double total = 25 + 9 + 1 + 0.25 + 0.16 + 0.09 + 0.04 + 0.01;
    const double planted[3] = {25 / total, 9 / total, 1 / total};
    for (std::size_t c = 0; c < 3; ++c) {
      const double cosine =
          dense(found->axes).row(static_cast<Eigen::Index>(c)) * basis.col(static_cast<Eigen::Index>(c));
      QVERIFY(std::abs(std::abs(cosine) - 1) < 1e-6);
      QVERIFY(std::abs(found->explained_variance_ratio[c] - planted[c]) < 1e-6);
    }
    for (const double mean : found->mean) QVERIFY(std::abs(mean - 7) < 1e-5);
  }

  void agreesWithAnSvdOfTheCentredTable_data() {
    QTest::addColumn<int>("rows");
    QTest::addColumn<int>("dim");
    QTest::addColumn<bool>("center");
    QTest::newRow("tall") << 1000 << 20 << true;
    QTest::newRow("not centred") << 1000 << 20 << false;
    QTest::newRow("wide: fewer rows than dimensions") << 6 << 17 << true;
    QTest::newRow("one block and one row") << 257 << 5 << true;
    QTest::newRow("embedding") << 1682 << 50 << true;
  }
  void agreesWithAnSvdOfTheCentredTable() {
    QFETCH(int, rows);
    QFETCH(int, dim);
    QFETCH(bool, center);
    MatrixXd raw = normals(rows, dim, 3);
    for (Eigen::Index c = 0; c < raw.cols(); ++c) raw.col(c) *= 1.0 + 2.0 / static_cast<double>(c + 1);
    raw.array() += 3;
    const Matrix values = table(raw * random_orthogonal(dim, 4));
    const std::size_t k = std::min<std::size_t>(4, static_cast<std::size_t>(dim));
    const auto found = pca(values.view(), {k, center});
    QVERIFY(found);

    MatrixXd x = dense(values);
    if (center) x.rowwise() -= x.colwise().mean().eval();
    const Eigen::JacobiSVD<MatrixXd> svd(x, Eigen::ComputeThinU | Eigen::ComputeThinV);
    const double total = svd.singularValues().squaredNorm();
    for (std::size_t c = 0; c < k; ++c) {
      const auto i = static_cast<Eigen::Index>(c);
      const double s = svd.singularValues()[i];
      QVERIFY(std::abs(found->explained_variance_ratio[c] - s * s / total) < 1e-6);
      Eigen::VectorXd axis = svd.matrixV().col(i);
      Eigen::Index largest = 0;
      axis.cwiseAbs().maxCoeff(&largest);
      if (axis[largest] < 0) axis = -axis;
      QVERIFY((dense(found->axes).row(i).transpose() - axis).norm() < 1e-6);
      const Eigen::VectorXd expected = x * axis;
      QVERIFY((dense(found->coordinates).col(i) - expected).cwiseAbs().maxCoeff() < 1e-6 * s);
    }
  }

  void allComponentsExplainEverything() {
    for (std::size_t dim : {1U, 2U, 5U, 33U}) {
      const Matrix rows = table(normals(60, static_cast<Eigen::Index>(dim), 5));
      const auto found = pca(rows.view(), {dim, true});
      QVERIFY(found);
      QVERIFY(std::abs(sum(found->explained_variance_ratio) - 1) < 1e-12);
      const MatrixXd gram = dense(found->axes) * dense(found->axes).transpose();
      QVERIFY(gram.isIdentity(1e-6));
      QVERIFY(std::is_sorted(found->explained_variance_ratio.rbegin(), found->explained_variance_ratio.rend()));
    }
  }

  void paddingStaysZero() {
    const auto found = pca(table(normals(10, 5, 6)).view(), {3, true});
    for (const Matrix* m : {&found->axes, &found->coordinates}) {
      for (std::size_t r = 0; r < m->rows(); ++r) {
        for (const float x : m->view().padded_row(r).subspan(m->cols())) QCOMPARE(x, 0.0F);
      }
    }
  }

  void degenerateTables() {
    Matrix filled(7, 4);
    for (std::size_t r = 0; r < 7; ++r) {
      for (std::size_t c = 0; c < 4; ++c) filled(r, c) = 0.1F * static_cast<float>(c + 1);
    }
    const Matrix none(0, 4);
    const Matrix one = table(normals(1, 4, 7));
    for (const Matrix* rows : {static_cast<const Matrix*>(&filled), &none, &one}) {
      const auto found = pca(rows->view());
      QVERIFY(found);
      QCOMPARE(found->coordinates.rows(), rows->rows());
      QCOMPARE(sum(found->explained_variance_ratio), 0.0);
      QCOMPARE(found->axes(0, 0), 1.0F);
      QCOMPARE(found->axes(1, 1), 1.0F);
      for (const float x : found->coordinates.view().flat()) QCOMPARE(x, 0.0F);
      Pca aligned = *found;
      align_axes(aligned, found->axes);
      QCOMPARE(aligned.axes(1, 1), 1.0F);
      QCOMPARE(sum(aligned.explained_variance_ratio), 0.0);
    }
  }

  void fewerDirectionsThanComponents() {
    const MatrixXd line = normals(50, 1, 8) * normals(1, 6, 9);
    const auto found = pca(table(line).view(), {3, true});
    QVERIFY(found);
    QVERIFY(found->explained_variance_ratio[0] > 0.999999);
    QVERIFY(found->explained_variance_ratio[2] >= 0);
    QVERIFY((dense(found->axes) * dense(found->axes).transpose()).isIdentity(1e-6));
  }

  void scaleDoesNotMatter() {
    for (const double scale : {1e-38, 1e-20, 1e20, 1e38}) {
      const Matrix rows = table(normals(100, 3, 10).cwiseMin(3).cwiseMax(-3) * scale);
      const auto found = pca(rows.view(), {3, true});
      QVERIFY(found);
      QVERIFY(std::abs(sum(found->explained_variance_ratio) - 1) < 1e-12);
      for (const float x : found->coordinates.view().flat()) QVERIFY(std::isfinite(x));
    }
  }

  void optionsAndValuesAreChecked() {
    Matrix rows(3, 2);
    QCOMPARE(pca(rows.view(), {0, true}).error().kind, ErrorKind::Usage);
    QCOMPARE(pca(rows.view(), {3, true}).error().kind, ErrorKind::Usage);
    QCOMPARE(pca(Matrix(3, 0).view(), {1, true}).error().kind, ErrorKind::Usage);
    for (const float bad : {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()}) {
      rows(1, 1) = bad;
      rows(2, 1) = -bad;
      QCOMPARE(pca(rows.view()).error().kind, ErrorKind::BadInput);
    }
  }

  void alignmentUndoesTurnsAndFlips() {
    const Matrix rows = table(cloud(300, {4, 3, 2, 1, 0.5}, 11));
    for (std::size_t k : {1U, 2U, 3U}) {
      const Pca before = *pca(rows.view(), {k, true});
      const MatrixXd turn = random_orthogonal(static_cast<Eigen::Index>(k), 12);
      Pca turned = before;
      turned.axes = table(turn * dense(before.axes));
      turned.coordinates = table(dense(before.coordinates) * turn.transpose());
      align_axes(turned, before.axes);
      QVERIFY((dense(turned.axes) - dense(before.axes)).norm() < 1e-6);
      QVERIFY((dense(turned.coordinates) - dense(before.coordinates)).cwiseAbs().maxCoeff() < 1e-5);
      for (std::size_t c = 0; c < k; ++c) {
        QVERIFY(std::abs(turned.explained_variance_ratio[c] - before.explained_variance_ratio[c]) < 1e-6);
      }
    }
  }

  void alignmentKeepsThePlaneAndTheDistances() {
    const Matrix rows = table(cloud(300, {4, 3, 2, 1, 0.5}, 13));
    const Pca before = *pca(rows.view(), {2, true});
    Pca next = before;
    const Matrix target = table(random_orthogonal(5, 14).topRows(2));
    align_axes(next, target);
    QVERIFY((projector(next.axes) - projector(before.axes)).norm() < 1e-6);
    QVERIFY((dense(next.axes) - dense(target)).norm() <= (dense(before.axes) - dense(target)).norm() + 1e-9);
    const Eigen::VectorXd lengths = dense(before.coordinates).rowwise().norm();
    QVERIFY((dense(next.coordinates).rowwise().norm() - lengths).cwiseAbs().maxCoeff() < 1e-5);
    QVERIFY(std::abs(sum(next.explained_variance_ratio) - sum(before.explained_variance_ratio)) < 1e-12);
    // The shares are those of the axes shown: the variance of the coordinates, over the table's.
    const double total = dense(rows).squaredNorm();
    for (std::size_t c = 0; c < 2; ++c) {
      const double share = dense(next.coordinates).col(static_cast<Eigen::Index>(c)).squaredNorm() / total;
      QVERIFY(std::abs(next.explained_variance_ratio[c] - share) < 1e-6);
    }
    Pca twice = next;
    align_axes(twice, target);
    QVERIFY((dense(twice.axes) - dense(next.axes)).norm() < 1e-6);
    QVERIFY(std::abs(twice.explained_variance_ratio[0] - next.explained_variance_ratio[0]) < 1e-6);
  }

  void alignmentNeedsAPicture() {
    const Pca before = *pca(table(normals(20, 4, 15)).view());
    Matrix broken(2, 4);
    broken(0, 0) = std::numeric_limits<float>::quiet_NaN();
    for (const Matrix& previous : {Matrix(), Matrix(2, 3), Matrix(3, 4), broken}) {
      Pca next = before;
      align_axes(next, previous);
      QVERIFY(dense(next.axes) == dense(before.axes));
    }
  }

  void crossingEigenvaluesDoNotJump() {
    // The two large variances trade places half way while the cloud turns slowly in space. Without alignment the
    // axes swap; the noise makes their signs and angles wander where the two are equal.
    const MatrixXd noise = normals(400, 6, 17) * 0.02;
    const MatrixXd unit = cloud(400, {1, 1, 1, 1, 1, 1}, 16);
    Matrix previous_axes;
    MatrixXd previous;
    double largest_aligned = 0;
    double largest_plain = 0;
    MatrixXd plain;
    const int frames = 200;
    for (int f = 0; f < frames; ++f) {
      const double t = static_cast<double>(f) / frames;
      Eigen::VectorXd deviations(6);
      deviations << 3 - t, 2 + t, 0.5, 0.4, 0.3, 0.2;
      const double angle = 0.5 * t;
      MatrixXd spin = MatrixXd::Identity(6, 6);
      spin(0, 0) = spin(3, 3) = std::cos(angle);
      spin(0, 3) = -(spin(3, 0) = std::sin(angle));
      const Matrix rows = table((unit * deviations.asDiagonal() + noise) * spin);
      Pca next = *pca(rows.view());
      const MatrixXd unaligned = dense(next.coordinates);
      align_axes(next, previous_axes);
      const MatrixXd shown = dense(next.coordinates);
      if (f > 0) {
        largest_aligned = std::max(largest_aligned, (shown - previous).rowwise().norm().maxCoeff());
        largest_plain = std::max(largest_plain, (unaligned - plain).rowwise().norm().maxCoeff());
      }
      previous = shown;
      plain = unaligned;
      previous_axes = next.axes;
    }
    // The points lie up to 10 from the middle and move by about 0.03 a frame by themselves.
    QVERIFY2(largest_aligned < 0.05, qPrintable(QString::number(largest_aligned)));
    QVERIFY2(largest_plain > 0.5, qPrintable(QString::number(largest_plain)));  // the test would show a jump
  }
};

QTEST_APPLESS_MAIN(TestPca)
#include "test_pca.moc"
