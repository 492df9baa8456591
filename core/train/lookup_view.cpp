// A pass as of a step: what the window shows.

#include <algorithm>
#include <ranges>

#include "core/train/lookup_pass_state.h"

namespace rowlight {

namespace {

constexpr std::size_t most_touched = 4096;

/// The first `rows` rows of a matrix.
Matrix head_of(const Matrix& matrix, std::size_t rows) {
  Matrix part(std::min(rows, matrix.rows()), matrix.cols());
  std::copy_n(matrix.data(), part.rows() * part.stride(), part.data());
  return part;
}

Matrix window_of(ConstMatrixView matrix, std::size_t first, std::size_t count) {
  Matrix part(count, matrix.cols);
  for (std::size_t i = 0; i < count; ++i) std::ranges::copy(matrix.row(first + i), part.row(i).begin());
  return part;
}

template <class T>
std::vector<T> head_of(std::span<const T> values, std::size_t count) {
  return {values.begin(), values.begin() + static_cast<std::ptrdiff_t>(std::min(count, values.size()))};
}

SparseGradient head_of(const SparseGradient& gradient, std::size_t entries) {
  return {head_of(std::span(gradient.indices), entries), head_of(gradient.values, entries)};
}

RowName name_of_row(const LookupPass::State& pass, std::int32_t row) {
  if (pass.input.name_of_row) return pass.input.name_of_row(row);
  if (!pass.follows()) return {std::to_string(row), {}};
  return row_name(*pass.trainer->ratings(), pass.table, row);
}

bool holds(const std::vector<std::int32_t>& rows, std::int32_t row) {
  return std::ranges::find(rows, row) != rows.end();
}

/// Puts rows of the window back to what they were before `saved` changed them.
void take_back(const LookupPass::State::Undo& saved, std::size_t first, Matrix& window) {
  for (std::size_t i = 0; i < window.rows(); ++i) {
    const std::size_t row = first + i;
    if (saved.all) {
      std::ranges::copy(saved.values.row(row), window.row(i).begin());
      continue;
    }
    const auto found = std::ranges::lower_bound(saved.rows, static_cast<std::int32_t>(row));
    if (found == saved.rows.end() || *found != static_cast<std::int32_t>(row)) continue;
    std::ranges::copy(saved.values.row(static_cast<std::size_t>(found - saved.rows.begin())), window.row(i).begin());
  }
}

/// Fills one view; each part knows the step from which on it is shown.
class ViewBuilder {
 public:
  ViewBuilder(const LookupPass::State& pass, int shown, std::size_t first_row, std::size_t row_count)
      : pass_(pass), view_(std::make_shared<LookupView>()) {
    view_->shown_step = std::clamp(shown, 0, pass.computed);
    view_->first_row = std::min(first_row, pass.weight().rows);
    window_ = std::min(row_count, pass.weight().rows - view_->first_row);
  }

  std::shared_ptr<LookupView> build() {
    describe();
    batch();
    table();
    forward();
    backward();
    return view_;
  }

 private:
  [[nodiscard]] bool shows(LookupStep step) const { return view_->shown_step >= static_cast<int>(step); }

  void describe() {
    LookupView& v = *view_;
    v.setup = pass_.setup();
    v.pass = pass_.pass;
    v.computed_step = pass_.computed;
    v.part_of_step =
        static_cast<double>(pass_.cursor) / static_cast<double>(std::max<std::size_t>(1, pass_.weight().rows));
    v.rows = pass_.weight().rows;
    v.dim = pass_.weight().cols;
    v.trace.assign(pass_.trace.begin(), pass_.trace.end());
    v.verdict = shows(LookupStep::Bias) ? pass_.verdict : pass_.plain_verdict;
    v.verdict.compared = v.verdict.compared && shows(LookupStep::Compare);
    if (!v.verdict.compared) v.verdict.reason.clear();
  }

  /// The batch stands before the first step already.
  void batch() {
    LookupView& v = *view_;
    constexpr std::size_t most = LookupView::most_positions;
    batch_rows_ = pass_.bags.rows;
    v.outputs = pass_.outputs();
    if (pass_.follows() && !shows(LookupStep::Indices)) {  // until the next batch is drawn, the training's last one
      const BatchStep& step = pass_.trainer->step();
      batch_rows_ = pass_.table == Table::Users ? step.users() : step.movies();
      v.outputs = batch_rows_.size();
    }
    v.positions = batch_rows_.size();
    const auto shown = batch_rows_.first(std::min(most, batch_rows_.size()));
    v.indices.assign(shown.begin(), shown.end());
    for (const std::int64_t index : v.indices) {
      v.raw_ids.push_back(name_of_row(pass_, static_cast<std::int32_t>(index)).id);
    }
    v.shares = head_of(std::span(pass_.shares), most);
    for (std::size_t bag = 0; pass_.has_bags() && bag < pass_.bags.count(); ++bag) {
      for (std::size_t p = pass_.bags.begin[bag]; p < std::min(most, pass_.bags.begin[bag + 1]); ++p) {
        v.bag_of.push_back(static_cast<std::int32_t>(bag));
      }
    }
    if (batch_rows_.data() == pass_.bags.rows.data()) v.touched_rows = head_of(std::span(pass_.touched), most_touched);
  }

  void table() {
    LookupView& v = *view_;
    v.weight = window_of(pass_.weight(), v.first_row, window_);
    const auto latest_first = std::views::reverse(pass_.undo);
    for (const auto& saved : latest_first) {
      if (!shows(saved.step)) take_back(saved, v.first_row, v.weight);
    }
    v.first_weight = v.weight;
    for (const auto& saved : latest_first) {
      if (shows(saved.step)) take_back(saved, v.first_row, v.first_weight);
    }
    const auto padding = pass_.padding();
    v.marks.resize(window_);
    for (std::size_t i = 0; i < window_; ++i) {
      const auto row = static_cast<std::int32_t>(v.first_row + i);
      const RowName name = name_of_row(pass_, row);
      // Words are their own ids: what says nothing more is not said again.
      v.row_names.push_back(name.title.empty() || name.title == name.id ? name.id : name.id + "  " + name.title);
      RowMark& mark = v.marks[i];
      mark.padding = row == padding;
      mark.moved = shows(LookupStep::OptimizerStep) && !pass_.moved.empty() && pass_.moved[v.first_row + i];
      mark.shrunk = (shows(LookupStep::OneHot) && holds(pass_.shrunk_first, row)) ||
                    (shows(LookupStep::MaxNorm) && holds(pass_.shrunk_next, row));
      if (pass_.setup().bias == BiasKind::PerRow) v.row_bias.push_back(pass_.input.bias[v.first_row + i]);
    }
    for (const std::int32_t row : batch_rows_) {
      const auto at = static_cast<std::size_t>(row);
      if (at >= v.first_row && at < v.first_row + window_) ++v.marks[at - v.first_row].looked_up;
    }
    if (shows(LookupStep::OptimizerStep)) {
      v.rows_moved = pass_.rows_moved;
      v.rows_moved_only = pass_.rows_moved_only;
    }
    if (shows(LookupStep::OneHot)) v.shrunk_rows = head_of(std::span(pass_.shrunk_first), most_touched);
    if (shows(LookupStep::MaxNorm)) v.shrunk_rows = head_of(std::span(pass_.shrunk_next), most_touched);
  }

  void forward() {
    LookupView& v = *view_;
    constexpr std::size_t most = LookupView::most_positions;
    if (shows(LookupStep::OneHot) && !pass_.one_hot.empty()) {
      v.one_hot = Matrix(std::min(most, pass_.one_hot.rows()), window_);
      for (std::size_t b = 0; b < v.one_hot.rows(); ++b) {
        std::ranges::copy(pass_.one_hot.row(b).subspan(v.first_row, window_), v.one_hot.row(b).begin());
      }
    }
    const bool biased = shows(LookupStep::Bias);
    if (shows(LookupStep::Matmul)) {
      v.one_hot_output = head_of(biased ? pass_.one_hot_output : pass_.plain_one_hot, most);
    }
    if (shows(LookupStep::LookUp)) v.output = head_of(biased ? pass_.output : pass_.plain_output, most);
    if (biased) {
      if (pass_.adds_vector()) v.bias = pass_.input.bias;
      v.position_bias = head_of(std::span(pass_.position_bias), most);
    }
    if (shows(LookupStep::Loss)) v.loss = pass_.loss;
    // The trainer's buffers are those of this batch until the next one begins.
    if (shows(LookupStep::Loss) && pass_.follows() && pass_.trainer->step().size() > 0) {
      const DotModel& model = pass_.trainer->model();
      v.scores = head_of(model.scores(), most);
      v.predictions = head_of(model.predictions(), most);
      v.ratings = head_of(pass_.trainer->step().ratings(), most);
    }
    if (shows(LookupStep::Bag)) v.bag_output = head_of(pass_.bag_output, most);
  }

  void backward() {
    LookupView& v = *view_;
    constexpr std::size_t most = LookupView::most_positions;
    if (shows(LookupStep::LossGradient)) v.grad_output = head_of(pass_.grad_output, most);
    if (shows(LookupStep::DenseGradient) && !pass_.one_hot_grad.empty()) {
      v.one_hot_grad = window_of(pass_.one_hot_grad.view(), v.first_row, window_);
    }
    if (shows(LookupStep::ScatterAdd) && !pass_.dense_grad.empty()) {
      v.dense_grad = window_of(pass_.dense_grad.view(), v.first_row, window_);
    }
    if (shows(LookupStep::SparseGradient)) {
      v.sparse = head_of(pass_.sparse, most);
      v.coalesced = head_of(pass_.coalesced, most);
      v.sparse_entries = pass_.sparse.indices.size();
      v.coalesced_entries = pass_.coalesced.indices.size();
    }
    if (shows(LookupStep::BiasGradient) && !pass_.grad_bias.empty()) {
      const std::span<const float> all = pass_.grad_bias;
      v.grad_bias = pass_.adds_vector() ? pass_.grad_bias : head_of(all.subspan(v.first_row), window_);
    }
  }

  const LookupPass::State& pass_;
  std::shared_ptr<LookupView> view_;
  std::size_t window_ = 0;
  std::span<const std::int32_t> batch_rows_;  // table rows of the batch that is shown
};

}  // namespace

std::shared_ptr<LookupView> LookupPass::view(int shown, std::size_t first_row, std::size_t row_count) const {
  return ViewBuilder(*state_, shown, first_row, row_count).build();
}

RowName row_name(const RatingSet& ratings, Table table, std::int32_t row) {
  const Vocabulary& ids = table == Table::Users ? ratings.user_ids : ratings.movie_ids;
  RowName name{std::string(ids.id(row)), {}};
  const auto at = static_cast<std::size_t>(row);
  if (table == Table::Movies && at < ratings.movie_info.size()) name.title = ratings.movie_info[at].title;
  return name;
}

}  // namespace rowlight
