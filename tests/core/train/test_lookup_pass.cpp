#include <QTest>

#include <cmath>
#include <limits>

#include "core/train/lookup_pass.h"
#include "tests/support/training.h"

using namespace rowlight;
using rowlight::test::make_ratings;
using rowlight::test::same_bits;

namespace {

std::unique_ptr<LookupPass> make_pass(LookupInput input) {
  auto pass = LookupPass::create(std::move(input));
  if (!pass) qWarning("%s", pass.error().message().c_str());
  return pass ? std::move(*pass) : nullptr;
}

std::unique_ptr<LookupPass> run_toy(const LookupSetup& setup = {}, int steps = lookup_step_count) {
  auto pass = make_pass(toy_input(setup));
  for (int i = 0; pass && i < steps; ++i) {
    if (!pass->run_step()) return nullptr;
  }
  return pass;
}

/// Table (1682, 50), 64 indices without repetition.
LookupInput large_input() {
  LookupInput input;
  input.weight = make_embedding_weight(1682, 50, {}, Random(3));
  input.setup.options = {};
  input.setup.indices.clear();
  for (std::int64_t b = 0; b < 64; ++b) input.setup.indices.push_back(b * 26);
  return input;
}

const StepTrace& at(const LookupPass& pass, LookupStep step) {
  return pass.trace()[static_cast<std::size_t>(step) - 1];
}

std::unique_ptr<Trainer> make_trainer(ModelKind model = ModelKind::DotBias) {
  TrainerInput input;
  input.ratings = make_ratings(20, 30, 251, 1);
  input.settings.model = model;
  input.settings.factors = 6;
  input.settings.epochs = 2;
  input.settings.batch_size = 16;
  auto trainer = Trainer::create(std::move(input));
  return trainer ? std::move(*trainer) : nullptr;
}

QString error_of(const LookupInput& input) {
  LookupInput copy = input;
  const auto pass = LookupPass::create(std::move(copy));
  return pass ? QString("none") : QString::fromStdString(pass.error().field + ": " + pass.error().message());
}

}  // namespace

class TestLookupPass : public QObject {
  Q_OBJECT

 private slots:
  void theToyCostsWhatLayersSays() {
    const auto pass = run_toy();
    QVERIFY(pass);
    const Cost& matmul = *at(*pass, LookupStep::Matmul).one_hot;
    QCOMPARE(matmul.multiplies, std::uint64_t{72});
    QCOMPARE(matmul.multiplies_by_zero, std::uint64_t{60});
    QCOMPARE(matmul.adds, std::uint64_t{60});
    QVERIFY(!at(*pass, LookupStep::Matmul).lookup.has_value());
    const Cost& lookup = *at(*pass, LookupStep::LookUp).lookup;
    QCOMPARE(lookup.multiplies, std::uint64_t{0});
    QCOMPARE(lookup.adds, std::uint64_t{0});
    QCOMPARE(lookup.bytes_read, std::uint64_t{4 * 3 * 4});
    QCOMPARE(at(*pass, LookupStep::LookUp).rows_touched, std::size_t{3});
    QVERIFY(pass->verdict().equal_bits);
  }

  void theLargeCaseCostsWhatLayersSays() {
    const auto pass = make_pass(large_input());
    for (int i = 0; i < lookup_step_count; ++i) QVERIFY(pass->run_step());
    QCOMPARE(at(*pass, LookupStep::OneHot).one_hot->bytes_allocated, std::uint64_t{430'592});
    QCOMPARE(at(*pass, LookupStep::OneHot).lookup->bytes_allocated, std::uint64_t{512});
    const Cost& matmul = *at(*pass, LookupStep::Matmul).one_hot;
    QCOMPARE(matmul.multiplies, std::uint64_t{5'382'400});
    QCOMPARE(matmul.multiplies - matmul.multiplies_by_zero, std::uint64_t{3'200});
    QCOMPARE(matmul.bytes_read, std::uint64_t{336'400});
    QCOMPARE(at(*pass, LookupStep::LookUp).lookup->bytes_read, std::uint64_t{12'800});
    QCOMPARE(at(*pass, LookupStep::DenseGradient).one_hot->multiplies, std::uint64_t{5'382'400});
    QCOMPARE(at(*pass, LookupStep::ScatterAdd).lookup->adds, std::uint64_t{3'200});
    QCOMPARE(at(*pass, LookupStep::SparseGradient).lookup->bytes_allocated, std::uint64_t{13'312});
    QVERIFY(pass->verdict().equal_bits);
    QVERIFY(same_bits(pass->output(), pass->one_hot_output()));
  }

  void denseAdamPassesOverTheWholeTable() {
    LookupInput input = large_input();
    input.setup.optimizer = default_optimizer(OptimizerKind::Adam);
    const auto pass = make_pass(std::move(input));
    for (int i = 0; i < lookup_step_count; ++i) QVERIFY(pass->run_step());
    const Cost& cost = *at(*pass, LookupStep::OptimizerStep).lookup;
    QCOMPARE(cost.bytes_read + cost.bytes_written, std::uint64_t{2'354'800});
    QCOMPARE(at(*pass, LookupStep::OptimizerStep).rows_touched, std::size_t{64});  // the first step has no moments
    for (int i = 0; i <= lookup_step_count; ++i) QVERIFY(pass->run_step());
    QCOMPARE(pass->pass(), std::uint64_t{2});
  }

  void denseAdamMovesRowsOfEarlierBatchesToo() {
    LookupSetup setup;
    setup.optimizer = default_optimizer(OptimizerKind::Adam);
    setup.options.padding_idx.reset();
    auto pass = run_toy(setup);
    QCOMPARE(pass->view(lookup_step_count, 0, 6)->rows_moved, std::size_t{3});
    QVERIFY(pass->run_step());  // the next pass begins
    setup.indices = {1};
    LookupInput next = toy_input(setup);
    next.weight = pass->weight_after(0);
    const auto other = make_pass(std::move(next));
    other->take_optimizer(*pass);
    for (int i = 0; i < lookup_step_count; ++i) QVERIFY(other->run_step());
    const auto view = other->view(lookup_step_count, 0, 6);
    QCOMPARE(view->rows_moved, std::size_t{4});  // 1, and 0, 2 and 5 by their moments
    QCOMPARE(view->rows_moved_only, std::size_t{3});
    QVERIFY(view->marks[2].moved && view->marks[2].looked_up == 0);
  }

  void anUndonePassLeavesNoMoments() {
    LookupSetup setup;
    setup.optimizer = default_optimizer(OptimizerKind::Adam);
    const auto pass = run_toy(setup);
    const Matrix once = pass->weight_after(lookup_step_count);
    QVERIFY(pass->set_weight(1, 1, -0.7F));  // what it was
    for (int i = 0; i < lookup_step_count; ++i) QVERIFY(pass->run_step());
    QVERIFY(same_bits(once.view(), pass->weight()));
  }

  void frequenciesDivideTheGradient() {
    LookupSetup setup;
    setup.options.scale_grad_by_freq = true;
    const auto pass = run_toy(setup);
    QCOMPARE(pass->dense_gradient()(2, 0), 0.1F / 2 + 0.7F / 2);
    QCOMPARE(pass->dense_gradient()(5, 0), 0.4F);
    QVERIFY(QString::fromStdString(at(*pass, LookupStep::ScaleByFrequency).sentence).contains("row 2's by 2"));
  }

  void maxNormActsInTheNextForwardToo() {
    LookupSetup setup;
    setup.options.max_norm = 1.5;
    setup.optimizer.learning_rate = 2;  // moves rows beyond the norm
    const auto pass = run_toy(setup);
    const auto view = pass->view(lookup_step_count, 0, 6);
    QVERIFY(!view->shrunk_rows.empty());
    for (const std::int32_t row : view->shrunk_rows) {
      double squares = 0;
      for (const float x : view->weight.row(static_cast<std::size_t>(row))) squares += double{x} * x;
      QVERIFY(std::abs(std::sqrt(squares) - 1.5) < 1e-5);
    }
    QVERIFY(pass->view(16, 0, 6)->shrunk_rows.empty());
  }

  void oneBagOfTheBatchIsTheMeanOfTheCopiedRows() {
    const auto pass = run_toy();
    const auto view = pass->view(lookup_step_count, 0, 6);
    QCOMPARE(view->bag_output.rows(), std::size_t{1});
    QVERIFY(std::abs(view->bag_output(0, 1) - (0.9F - 0.2F + 0.9F) / 3) < 1e-6F);  // without the padding row
    QVERIFY(QString::fromStdString(at(*pass, LookupStep::Bag).sentence).contains("3 rows"));
  }

  void theTrainingsOwnBatchesHaveNoOptions_data() {
    QTest::addColumn<QString>("field");
    for (const char* field : {"padding_idx", "max_norm", "scale_grad_by_freq", "sparse", "freeze", "bag", "bias"}) {
      QTest::newRow(field) << QString(field);
    }
  }
  void theTrainingsOwnBatchesHaveNoOptions() {
    QFETCH(QString, field);
    LookupSetup setup = live_setup(LookupSource::Movies);
    if (field == "padding_idx") setup.options.padding_idx = 0;
    if (field == "max_norm") setup.options.max_norm = 1;
    setup.options.scale_grad_by_freq = field == "scale_grad_by_freq";
    setup.options.sparse = field == "sparse";
    setup.options.freeze = field == "freeze";
    if (field == "bag") setup.bag = BagSetup{};
    if (field == "bias") setup.bias = BiasKind::Shared;
    const auto trainer = make_trainer();
    const auto refused = LookupPass::follow(*trainer, setup);
    QVERIFY(!refused.has_value());
    QCOMPARE(QString::fromStdString(refused.error().field), field);
  }

  void aTableBeyondMemoryIsRefused() {
    QVERIFY(LookupPass::check_size(60'000, 128).has_value());
    const auto refused = LookupPass::check_size(2'000'000'000, 65'536);
    QVERIFY(!refused.has_value());
    QCOMPARE(refused.error().kind, ErrorKind::Usage);
  }

  void sparseAdamTouchesOnlyLookedUpRows() {
    LookupSetup setup;
    setup.optimizer = default_optimizer(OptimizerKind::SparseAdam);
    setup.options.sparse = true;
    const auto pass = run_toy(setup);
    QVERIFY(pass);
    const auto view = pass->view(lookup_step_count, 0, 6);
    QCOMPARE(view->rows_moved, std::size_t{2});  // rows 2 and 5; the padding row has no entry
    QVERIFY(view->marks[2].moved && view->marks[5].moved && !view->marks[0].moved);
  }

  void aRowThatOccursTwiceGetsBothGradients() {
    const auto pass = run_toy();
    const ConstMatrixView grad = pass->dense_gradient();
    for (std::size_t k = 0; k < 3; ++k) {
      const float g0 = static_cast<float>(k + 1) / 10;
      const float g2 = static_cast<float>(6 + k + 1) / 10;
      QCOMPARE(grad(2, k), g0 + g2);
      QCOMPARE(grad(0, k), 0.0F);                                                    // padding
      QCOMPARE(pass->one_hot_gradient()(0, k), static_cast<float>(9 + k + 1) / 10);  // one-hot knows no padding
    }
    QCOMPARE(pass->sparse().indices, (std::vector<std::int64_t>{2, 5, 2}));
    QCOMPARE(pass->coalesced().indices, (std::vector<std::int64_t>{2, 5}));
  }

  void aPoisonedRowSpreadsThroughTheProductAlone() {
    LookupInput input = toy_input({});
    input.weight(3, 1) = std::numeric_limits<float>::quiet_NaN();
    input.setup.indices = {1};
    input.setup.options = {};
    input.grad_output.reset();
    const auto pass = make_pass(std::move(input));
    for (int i = 0; i < 5; ++i) QVERIFY(pass->run_step());
    QVERIFY(std::isfinite(pass->output()(0, 1)));
    QVERIFY(std::isnan(pass->one_hot_output()(0, 1)));
    QVERIFY(std::isfinite(pass->one_hot_output()(0, 0)) && std::isfinite(pass->one_hot_output()(0, 2)));
    QVERIFY(!pass->verdict().equal_bits);
    QVERIFY(QString::fromStdString(pass->verdict().reason).contains("row 3"));
  }

  void aNegativeZeroIsCopiedButNotSummed() {
    LookupInput input = toy_input({});
    input.weight(2, 1) = -0.0F;
    const auto pass = make_pass(std::move(input));
    for (int i = 0; i < 5; ++i) QVERIFY(pass->run_step());
    QVERIFY(std::signbit(pass->output()(0, 1)));
    QVERIFY(!std::signbit(pass->one_hot_output()(0, 1)));
    QCOMPARE(pass->verdict().max_abs_diff, 0.0);
    QVERIFY(!pass->verdict().equal_bits);
    QVERIFY(QString::fromStdString(pass->verdict().reason).contains("sign"));
  }

  void biasesAreAddedToBothLanes_data() {
    QTest::addColumn<int>("kind");
    QTest::newRow("shared") << static_cast<int>(BiasKind::Shared);
    QTest::newRow("linear") << static_cast<int>(BiasKind::Linear);
  }
  void biasesAreAddedToBothLanes() {
    QFETCH(int, kind);
    LookupSetup setup;
    setup.bias = static_cast<BiasKind>(kind);
    const auto pass = run_toy(setup);
    QVERIFY(same_bits(pass->output(), pass->one_hot_output()));
    QCOMPARE(pass->output()(3, 0), 0.1F);  // the padding row is zero
    QCOMPARE(at(*pass, LookupStep::Bias).lookup->adds, std::uint64_t{12});
    float sum = 0;  // the column sum of G counts padding positions too
    for (int b = 0; b < 4; ++b) sum += static_cast<float>(b * 3 + 1) / 10;
    QCOMPARE(pass->bias_gradient()[0], sum);
    QVERIFY(pass->view(6, 0, 6)->bias.empty());
    QCOMPARE(pass->view(6, 0, 6)->output(3, 0), 0.0F);  // as of a step before the bias
  }

  void maxNormShrinksInTheForwardPass() {
    LookupSetup setup;
    setup.options.max_norm = 0.5;
    const auto pass = run_toy(setup, 5);
    QVERIFY(pass->verdict().equal_bits);
    const auto view = pass->view(5, 0, 6);
    QCOMPARE(view->shrunk_rows, (std::vector<std::int32_t>{2, 5}));
    QVERIFY(!view->marks[1].shrunk);
    QCOMPARE(pass->view(1, 0, 6)->weight(2, 1), 0.9F);  // as of before
    QVERIFY(view->weight(2, 1) < 0.9F);
    QCOMPARE(view->weight(1, 0), 0.4F);  // not looked up, not shrunk
  }

  void bagsReduceTheSameRows_data() {
    QTest::addColumn<int>("mode");
    for (const BagMode mode : {BagMode::Sum, BagMode::Mean, BagMode::Max}) {
      QTest::newRow(name_of(mode).data()) << static_cast<int>(mode);
    }
  }
  void bagsReduceTheSameRows() {
    QFETCH(int, mode);
    LookupSetup setup;
    setup.options = {};
    setup.indices = {2, 5, 1, 3};
    setup.bag = BagSetup{static_cast<BagMode>(mode), {0, 2, 2}, false, {}};
    const auto pass = run_toy(setup);
    QVERIFY(pass);
    QCOMPARE(pass->output().rows, std::size_t{3});
    QCOMPARE(pass->output()(1, 0), 0.0F);  // an empty bag
    const float expected[] = {-0.3F + 0.6F, (-0.3F + 0.6F) / 2, 0.6F};
    QVERIFY(std::abs(pass->output()(0, 0) - expected[mode]) < 1e-6F);
    QCOMPARE(pass->verdict().one_hot_possible, mode != static_cast<int>(BagMode::Max));
    QCOMPARE(pass->one_hot_output().rows, mode != static_cast<int>(BagMode::Max) ? std::size_t{3} : std::size_t{0});
  }

  void errorsNameTheField() {
    LookupInput input = toy_input({});
    input.setup.indices = {2, 6};
    QVERIFY(error_of(input).startsWith("indices: index 6 at position 1"));
    input = toy_input({});
    input.setup.options.padding_idx = 9;
    QVERIFY(error_of(input).startsWith("padding_idx: "));
    input = toy_input({});
    input.setup.options.sparse = input.setup.options.scale_grad_by_freq = true;
    QVERIFY(error_of(input).startsWith("scale_grad_by_freq: "));
    input = toy_input({});
    input.setup.bag = BagSetup{BagMode::Mean, {0, 3, 1}, false, {}};
    QVERIFY(error_of(input).startsWith("offsets: "));
    input.setup.bag = BagSetup{BagMode::Mean, {0}, false, {1, 1, 1, 1}};
    QVERIFY(error_of(input).startsWith("per_sample_weights: "));
    input = toy_input({});
    input.setup.options.sparse = true;
    input.setup.optimizer = default_optimizer(OptimizerKind::Adam);
    QVERIFY(error_of(input).startsWith("optimizer: "));
    input = toy_input({});
    input.grad_output = Matrix(3, 3);
    QVERIFY(error_of(input).startsWith("grad: "));
    input = toy_input({});
    input.setup.bias = BiasKind::Shared;
    input.bias = {1, 2};
    QVERIFY(error_of(input).startsWith("bias: "));
  }

  void aOneHotMatrixThatWouldNotFitIsNotMade() {
    auto pass = LookupPass::create(large_input(), 400'000);
    for (int i = 0; i < lookup_step_count; ++i) QVERIFY((*pass)->run_step());
    QVERIFY(!(*pass)->verdict().one_hot_possible);
    QVERIFY((*pass)->one_hot_output().rows == 0);
    QVERIFY(QString::fromStdString(at(**pass, LookupStep::OneHot).sentence).contains("not made"));
    QCOMPARE((*pass)->output().rows, std::size_t{64});
  }

  void editingAWeightBeginsThePassAnew() {
    const auto pass = run_toy();
    const Matrix first = pass->weight_after_forward();
    QVERIFY(!same_bits(first.view(), pass->weight()));  // the optimizer moved it
    QVERIFY(pass->set_weight(1, 1, 42));
    QCOMPARE(pass->computed(), 0);
    QCOMPARE(pass->weight()(1, 1), 42.0F);
    QCOMPARE(pass->weight()(2, 0), first(2, 0));  // what the optimizer did is taken back
    QVERIFY(!pass->set_weight(6, 0, 1).has_value());
  }

  void viewsHoldTheWindowOnly() {
    const auto pass = make_pass(large_input());
    for (int i = 0; i < lookup_step_count; ++i) QVERIFY(pass->run_step());
    const auto view = pass->view(lookup_step_count, 1000, 30);
    QCOMPARE(view->weight.rows(), std::size_t{30});
    QCOMPARE(view->one_hot.cols(), std::size_t{30});
    QCOMPARE(view->dense_grad.rows(), std::size_t{30});
    QCOMPARE(view->marks.size(), std::size_t{30});
    QVERIFY(view->marks[14].looked_up == 1 && view->marks[15].looked_up == 0);  // 1014 = 26 * 39
    QCOMPARE(pass->view(0, 1680, 30)->weight.rows(), std::size_t{2});
    QVERIFY(pass->view(0, 0, 5)->output.empty());
  }

  void totalsCompareTheSameWork() {
    QVERIFY(counts_in_total(LookupStep::Matmul, false) && counts_in_total(LookupStep::BiasGradient, true));
    QVERIFY(counts_in_total(LookupStep::ScatterAdd, false) && !counts_in_total(LookupStep::SparseGradient, false));
    QVERIFY(!counts_in_total(LookupStep::ScatterAdd, true) && counts_in_total(LookupStep::SparseGradient, true));
    QVERIFY(!counts_in_total(LookupStep::OptimizerStep, false) && !counts_in_total(LookupStep::Bag, false));
    // What both do alike is in both lanes, with the time that it took once.
    const auto pass = run_toy();
    QCOMPARE(at(*pass, LookupStep::LossGradient).one_hot->seconds, at(*pass, LookupStep::LossGradient).lookup->seconds);
    QVERIFY(at(*pass, LookupStep::Loss).one_hot->seconds > 0);
  }

  void everyStepSaysOneSentence() {
    for (const bool bags : {false, true}) {
      LookupSetup setup;
      if (bags) setup.bag = BagSetup{};
      const auto pass = run_toy(setup);
      for (const StepTrace& step : pass->trace()) {
        QVERIFY(step.ran);
        QVERIFY2(step.sentence.size() > 20, name_of(step.step).data());
        QVERIFY(step.sentence.ends_with('.'));
      }
    }
    const auto fresh = run_toy({}, 0);
    for (const StepTrace& step : fresh->trace()) QVERIFY(!step.ran && !step.sentence.empty());
  }

  void followingIsTraining_data() {
    QTest::addColumn<int>("model");
    QTest::addColumn<int>("source");
    for (const ModelKind model : model_kinds) {
      for (const LookupSource source : {LookupSource::Users, LookupSource::Movies}) {
        QTest::addRow("%s %s", name_of(model).data(), source == LookupSource::Users ? "users" : "movies")
            << static_cast<int>(model) << static_cast<int>(source);
      }
    }
  }
  void followingIsTraining() {
    QFETCH(int, model);
    QFETCH(int, source);
    const auto alone = make_trainer(static_cast<ModelKind>(model));
    const auto followed = make_trainer(static_cast<ModelKind>(model));
    const auto pass = std::move(*LookupPass::follow(*followed, live_setup(static_cast<LookupSource>(source))));
    const Table table = source == static_cast<int>(LookupSource::Users) ? Table::Users : Table::Movies;
    for (int batch = 0; batch < 3; ++batch) {
      QVERIFY(alone->advance());
      for (int i = 0; i < lookup_step_count; ++i) {
        QVERIFY(pass->run_step());
        if (pass->computed() == static_cast<int>(LookupStep::LookUp)) {
          QVERIFY(same_bits(pass->output(), followed->model().looked_up(table)));
        }
      }
      QCOMPARE(test::difference(*alone, *followed), std::string());
      QVERIFY(pass->verdict().equal_bits);
      const auto view = pass->view(lookup_step_count, 0, 10);
      QCOMPARE(*view->loss, alone->step().loss());
      QCOMPARE(view->predictions.size(), std::size_t{16});
      QVERIFY(pass->run_step());  // the next pass begins
    }
  }

  void aFinishedTrainingHasNoNextBatch() {
    const auto trainer = make_trainer();
    QVERIFY(test::finish(*trainer));
    const auto pass = std::move(*LookupPass::follow(*trainer, live_setup(LookupSource::Movies)));
    const auto refused = pass->run_step();
    QVERIFY(!refused.has_value());
    QCOMPARE(pass->computed(), 0);
    QVERIFY(QString::fromStdString(refused.error().message()).contains("epochs"));
  }
};

QTEST_APPLESS_MAIN(TestLookupPass)
#include "test_lookup_pass.moc"
