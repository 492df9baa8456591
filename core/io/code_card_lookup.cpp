// The program of one pass: see code_card.h.

#include <algorithm>
#include <cmath>
#include <string_view>
#include <vector>

#include "core/io/code_card.h"
#include "core/io/code_card_texts.h"
#include "core/io/python_text.h"

namespace rowlight {

namespace {

std::string text(std::size_t number) { return std::to_string(number); }
std::string_view python_bool(bool value) { return value ? "True" : "False"; }

std::size_t outputs_of(const LookupSetup& setup) {
  if (!setup.bag) return setup.indices.size();
  const std::size_t offsets = std::max<std::size_t>(1, setup.bag->offsets.size());
  return offsets - (setup.bag->include_last_offset ? 1 : 0);
}

bool is_finite(std::span<const float> values) {
  return std::ranges::all_of(values, [](float x) { return std::isfinite(x); });
}

/// Writes the program section by section.
class Program : private io::PythonScript {
 public:
  Program(const LookupInput& input, const LookupResults& results, const std::string& weight_npy)
      : input_(input),
        setup_(input.setup),
        results_(results),
        weight_npy_(weight_npy),
        rows_(input.weight.rows()),
        dim_(input.weight.cols()),
        outputs_(outputs_of(input.setup)),
        by_rows_(rows_ * dim_ > most_numbers_in_a_program) {
    shape_ = text(rows_) + ", " + text(dim_);
    choose_rows();
  }

  std::string write() {
    inputs();
    forward();
    one_hot();
    backward();
    one_hot_backward();
    bias_backward();
    optimizer_step();
    closing();
    std::string head(io::introduction);
    const std::string& body = lines();
    if (body.find("nan") != std::string::npos || body.find("inf") != std::string::npos) {
      head += "\nfrom math import inf, nan\n";
    }
    if (reads_npy()) head += "\nimport numpy";
    return head + "\nimport torch\n" + std::string(io::helpers) + body;
  }

 private:
  [[nodiscard]] bool has_bags() const { return setup_.bag.has_value(); }
  [[nodiscard]] bool is_max() const { return has_bags() && setup_.bag->mode == BagMode::Max; }
  [[nodiscard]] bool has_weights() const { return has_bags() && !setup_.bag->per_sample_weights.empty(); }
  [[nodiscard]] bool adds_vector() const { return setup_.bias == BiasKind::Shared || setup_.bias == BiasKind::Linear; }
  /// The last offset, an end, comes before the end of the indices: these are not in any bag.
  [[nodiscard]] bool ends_early() const { return in_bags() < setup_.indices.size(); }
  [[nodiscard]] std::size_t in_bags() const {
    const bool ends = has_bags() && setup_.bag->include_last_offset && !setup_.bag->offsets.empty();
    return ends ? static_cast<std::size_t>(setup_.bag->offsets.back()) : setup_.indices.size();
  }
  /// The indices that are in bags.
  [[nodiscard]] std::string places() const { return ends_early() ? "placed" : "indices"; }
  /// Where torch's EmbeddingBag fails on the CPU.
  [[nodiscard]] bool reduces_by_hand() const {
    return (has_bags() && setup_.options.scale_grad_by_freq) || (setup_.options.freeze && has_weights());
  }
  [[nodiscard]] bool has_one_hot() const { return !results_.one_hot_output.empty(); }
  [[nodiscard]] bool reads_npy() const { return !weight_npy_.empty(); }
  /// "[rows]" where only some rows of a table stand in the program.
  [[nodiscard]] std::string picked() const { return by_rows_ ? "[rows]" : ""; }

  [[nodiscard]] Matrix chosen(const Matrix& values) const {
    Matrix part(chosen_.size(), values.cols());
    for (std::size_t i = 0; i < chosen_.size(); ++i) {
      std::ranges::copy(values.row(static_cast<std::size_t>(chosen_[i])), part.row(i).begin());
    }
    return part;
  }
  /// A tensor of the table's shape; rows that do not stand in the program are zero.
  void table(const std::string& name, const Matrix& values, const std::string& comment = {}) {
    if (!by_rows_) return matrix(name, values, comment);
    assign(name, "torch.zeros(" + text(values.rows()) + ", " + text(values.cols()) + ")", comment);
    matrix(name + "_rows", chosen(values));
    line(name + "[rows] = " + name + "_rows");
  }
  /// What picked() leaves of a table.
  void table_rows(const std::string& name, const Matrix& values) { matrix(name, by_rows_ ? chosen(values) : values); }
  /// One number for each row.
  void column(const std::string& name, std::span<const float> values, const std::string& comment = {}) {
    if (!by_rows_) return assign(name, io::python_tensor(values), comment);
    std::vector<float> part;
    part.reserve(chosen_.size());
    for (const std::int64_t row : chosen_) part.push_back(values[static_cast<std::size_t>(row)]);
    assign(name, "torch.zeros(" + text(values.size()) + ")", comment);
    line(name + "[rows] = " + io::python_tensor(std::span<const float>(part)));
  }

  void choose_rows() {
    if (!by_rows_) return;
    chosen_ = setup_.indices;
    for (std::size_t r = 0; r < rows_ && !reads_npy(); ++r) {
      if (!is_finite(input_.weight.row(r))) chosen_.push_back(static_cast<std::int64_t>(r));
    }
    std::ranges::sort(chosen_);
    chosen_.erase(std::ranges::unique(chosen_).begin(), chosen_.end());
  }

  void inputs() {
    const std::string shape = "(" + shape_ + "): rows, length of a row";
    heading("The table, the batch, and the gradient that the loss sends back.");
    if (by_rows_) {
      line("# Only these rows of the large table are looked up and compared" +
           std::string(reads_npy() ? "." : "; the others are zero here."));
      assign("rows", io::python_tensor(std::span<const std::int64_t>(chosen_)));
    }
    if (reads_npy()) {
      assign("weight",
             "torch.from_numpy(numpy.load(" + io::python_string(weight_npy_) + ").astype(\"float32\").reshape(" +
                 shape_ + "))",
             shape);
    } else {
      table("weight", input_.weight, shape);
    }
    assign("indices", io::python_tensor(std::span<const std::int64_t>(setup_.indices)));
    if (has_bags()) {
      std::vector<std::int64_t> offsets = setup_.bag->offsets;
      if (offsets.empty()) offsets.push_back(0);
      assign("offsets", io::python_tensor(std::span<const std::int64_t>(offsets)), "where each bag begins");
    }
    if (has_weights()) {
      assign("per_sample_weights",
             io::python_tensor(std::span<const float>(setup_.bag->per_sample_weights).first(in_bags())));
      if (!results_.grad_per_sample_weights.empty()) line("per_sample_weights.requires_grad_()");
    }
    if (adds_vector()) {
      assign("bias", io::python_tensor(std::span<const float>(input_.bias)), "one number for each column");
      line("bias.requires_grad_()");
    }
    const std::string grad_shape = "(" + text(outputs_) + ", " + text(dim_) + ")";
    if (input_.grad_output) {
      matrix("grad_output", *input_.grad_output, grad_shape);
    } else {
      assign("grad_output", "torch.ones(" + text(outputs_) + ", " + text(dim_) + ")");
    }
  }

  [[nodiscard]] std::string layer_options() const {
    const EmbeddingOptions& o = setup_.options;
    std::string options = "weight.clone(), freeze=" + std::string(python_bool(o.freeze));
    if (has_bags() && !reduces_by_hand()) {
      options += ", mode=\"" + std::string(name_of(setup_.bag->mode)) + "\"";
      if (setup_.bag->include_last_offset) options += ", include_last_offset=True";
    }
    if (o.padding_idx) options += ", padding_idx=" + std::to_string(*o.padding_idx);
    if (o.max_norm) {
      options += ", max_norm=" + io::python_number(*o.max_norm) + ", norm_type=" + io::python_number(o.norm_type);
    }
    if (o.scale_grad_by_freq) options += ", scale_grad_by_freq=True";
    if (o.sparse) options += ", sparse=True";
    return options;
  }

  void forward() {
    heading("Forward by lookup: rows of the table are copied" + std::string(has_bags() ? " and reduced." : "."));
    const std::string options = layer_options();
    const std::string layer = has_bags() && !reduces_by_hand() ? "EmbeddingBag" : "Embedding";
    const std::string call = "embedding = torch.nn." + layer + ".from_pretrained(";
    const bool fits = call.size() + options.size() < longest_line;
    line(fits ? call + options + ")" : call + "\n    " + options + "\n)");
    if (ends_early()) {
      line("# The last offset ends the bags before the indices end.");
      assign("placed", "indices[: offsets[-1]]");
    }
    if (has_bags()) bag_places();
    const std::string arguments = !has_bags() || reduces_by_hand() ? "indices"
                                  : has_weights()                  ? places() + ", offsets, per_sample_weights"
                                                                   : places() + ", offsets";
    if (setup_.options.max_norm) max_norm(arguments);
    if (reduces_by_hand()) {
      line(
          setup_.options.scale_grad_by_freq
              ? "# On the CPU EmbeddingBag scales by the frequency of another index: the rows are reduced here instead."
              : "# EmbeddingBag has no gradient for the weights of a frozen table's rows: they are reduced here "
                "instead.");
      assign("kept", "counts > 0");
      assign("rows_of_places", "embedding(indices)" + std::string(ends_early() ? "[: offsets[-1]]" : "") + "[kept]");
      if (has_weights()) line("rows_of_places = per_sample_weights[kept][:, None] * rows_of_places");
      line("looked_up = torch.zeros(bags, " + text(dim_) + ").index_add(0, bag_of[kept], rows_of_places)");
      if (setup_.bag->mode == BagMode::Mean) line("looked_up = looked_up / sizes.clamp(min=1)[:, None]");
    } else {
      line("looked_up = embedding(" + arguments + ")");
    }
    assign("output", adds_vector() ? "looked_up + bias" : "looked_up");
    if (results_.output.empty()) return;
    matrix("rowlight_output", results_.output);
    if (!has_bags() && !adds_vector()) {
      check("same_bits(output, rowlight_output)", "the output");
      return;
    }
    output_terms();
    check("close(output, rowlight_output, output_terms)", "the output");
  }

  void max_norm(const std::string& arguments) {
    line("# max_norm acts in the forward pass: looked-up rows with a larger norm are shrunk in the table.");
    if (ends_early()) {  // it acts on all indices, also on those in no bag
      line("torch.embedding_renorm_(embedding.weight.data, indices, " + io::python_number(*setup_.options.max_norm) +
           ", " + io::python_number(setup_.options.norm_type) + ")");
    } else {
      line("embedding(" + arguments + ")");
    }
    table_rows("rowlight_weight", results_.weight_after_forward);
    check("close(embedding.weight" + picked() + ", rowlight_weight, magnitude(rowlight_weight))",
          "the table after max_norm");
    line("# From here on with Rowlight's table, which may differ in the last bits, and without shrinking it again.");
    line(by_rows_ ? "embedding.weight.data[rows] = rowlight_weight" : "embedding.weight.data.copy_(rowlight_weight)");
    line("embedding.max_norm = None");
  }

  /// `bag_of` and `share` by position.
  void bag_places() {
    const bool last = setup_.bag->include_last_offset;
    line("# Which bag each index belongs to, and what its row contributes with.");
    assign("begins", last ? "offsets[:-1]" : "offsets");
    assign("ends", last ? "offsets[1:]" : "torch.cat([offsets[1:], torch.tensor([len(indices)])])");
    assign("bags", "len(begins)");
    assign("bag_of", "torch.repeat_interleave(torch.arange(bags), ends - begins)");
    const auto padding = padding_row(setup_.options, rows_);
    assign("counts",
           padding ? "(" + places() + " != " + std::to_string(*padding) + ").float()" : "torch.ones(len(bag_of))",
           padding ? "padding does not count" : "");
    if (setup_.bag->mode == BagMode::Mean) {
      assign("sizes", "torch.zeros(bags).index_add(0, bag_of, counts)");
      assign("share", "counts / sizes[bag_of].clamp(min=1)");
    } else if (has_weights()) {
      assign("share", "torch.where(counts > 0, per_sample_weights.detach(), counts)");
    } else {
      assign("share", "counts");
    }
  }

  /// The absolute terms of the output.
  void output_terms() {
    const std::string bias_terms = adds_vector() ? " + magnitude(bias)" : "";
    if (!has_bags()) {
      assign("output_terms", "magnitude(embedding.weight)[indices]" + bias_terms);
    } else if (is_max()) {
      assign("output_terms", "magnitude(output)" + bias_terms);
    } else {
      line("shared_sizes = magnitude(share)[:, None] * magnitude(embedding.weight)[" + places() + "]");
      line("output_terms = torch.zeros(bags, " + text(dim_) +
           ", dtype=torch.float64).index_add(0, bag_of, shared_sizes)" + bias_terms);
    }
  }

  void one_hot() {
    if (!has_one_hot()) {
      if (outputs_ == 0 || dim_ == 0) return;
      heading(is_max() ? "There is no matrix product for the maximum of several rows."
                       : "The one-hot matrix is too large to be made; a lookup does not need it.");
      return;
    }
    heading("The same by a matrix product: every row of the table is multiplied, nearly always by zero.");
    if (has_bags()) {
      assign("one_hot",
             "torch.zeros(bags, " + text(rows_) + ").index_put((bag_of, " + places() + "), share, accumulate=True)");
    } else {
      assign("one_hot", "torch.nn.functional.one_hot(indices, " + text(rows_) + ").float()",
             "(" + text(outputs_) + ", " + text(rows_) + ")");
    }
    assign("table", "embedding.weight.detach().clone().requires_grad_()",
           setup_.options.max_norm ? "as max_norm left it" : "");
    assign("product", "one_hot @ table");
    assign("product_terms",
           "magnitude(one_hot) @ magnitude(table)" + std::string(adds_vector() ? " + magnitude(bias)" : ""));
    matrix("rowlight_onehot_output", results_.one_hot_output);
    check("close(product" + std::string(adds_vector() ? " + bias" : "") + ", rowlight_onehot_output, product_terms)",
          "the product");
    if (setup_.bias == BiasKind::Linear) {
      line("# nn.Linear stores (out, in): its weight is the table's transpose, and its bias is the same.");
      check("close(torch.nn.functional.linear(one_hot, table.t(), bias), rowlight_onehot_output, product_terms)",
            "the Linear layer");
    }
    line("print(\"lookup and product have the same bits:\", same_bits(looked_up, product.detach()))");
  }

  void backward() {
    const bool trains = !setup_.options.freeze;
    const bool has_gradient = trains || adds_vector() || !results_.grad_per_sample_weights.empty();
    heading("Backward: " + std::string(trains ? "each row's gradient is the sum over the places that looked it up."
                                              : "a frozen table gets no gradient."));
    const std::string of_place = has_bags() ? "[bag_of]" : "";
    const std::string share = has_bags() ? "magnitude(share)[:, None] * " : "";
    line("contributions = " + share + "magnitude(grad_output)" + of_place);
    line("grad_terms = torch.zeros(" + shape_ + ", dtype=torch.float64).index_add(0, " + places() + ", contributions)");
    if (has_gradient) line("output.backward(grad_output)");
    if (!trains) {
      check("embedding.weight.grad is None", "the gradient of a frozen table");
    } else if (setup_.options.sparse) {
      sparse_gradient();
    } else if (!results_.grad.empty()) {
      table("rowlight_grad", results_.grad);
      std::string terms = "grad_terms";
      if (setup_.options.scale_grad_by_freq) {
        assign("frequency", "torch.bincount(indices, minlength=" + text(rows_) + ").clamp(min=1)");
        terms += " / frequency[:, None]";
      }
      check("close(embedding.weight.grad, rowlight_grad, " + terms + ")", "the gradient");
    }
    if (!results_.grad_per_sample_weights.empty()) {
      assign("rowlight_grad_of_weights",
             io::python_tensor(std::span<const float>(results_.grad_per_sample_weights).first(in_bags())));
      line("weight_terms = (magnitude(embedding.weight)[" + places() +
           "] * magnitude(grad_output)[bag_of]).sum(dim=1)");
      check("close(per_sample_weights.grad, rowlight_grad_of_weights, weight_terms)",
            "the gradient of the per-sample weights");
    }
  }

  void sparse_gradient() {
    const SparseGradient& sparse = results_.sparse_grad;
    line("# sparse=True: an entry for each place, repeated indices kept" +
         std::string(setup_.options.padding_idx ? ", padding left out." : "."));
    assign("grad", "embedding.weight.grad");
    assign("rowlight_grad_indices", io::python_tensor(std::span<const std::int64_t>(sparse.indices)));
    matrix("rowlight_grad_values", sparse.values);
    check("torch.equal(grad._indices()[0], rowlight_grad_indices)", "the indices of the gradient");
    check(has_bags() ? "close(grad._values(), rowlight_grad_values, magnitude(rowlight_grad_values))"
                     : "same_bits(grad._values(), rowlight_grad_values)",
          "the values of the gradient");
    const SparseGradient& summed = results_.coalesced;
    if (summed.indices.empty()) return;
    line("# Coalesced, repeated indices are summed.");
    assign("summed", "grad.coalesce()");
    assign("rowlight_indices", io::python_tensor(std::span<const std::int64_t>(summed.indices)));
    matrix("rowlight_values", summed.values);
    check("torch.equal(summed.indices()[0], rowlight_indices)", "the indices of the coalesced gradient");
    check("close(summed.values(), rowlight_values, grad_terms[rowlight_indices])",
          "the values of the coalesced gradient");
  }

  void one_hot_backward() {
    if (!has_one_hot() || results_.one_hot_grad.empty()) return;
    heading("Backward by a matrix product: the transposed one-hot matrix times the gradient.");
    const EmbeddingOptions& o = setup_.options;
    // In bags padding has share 0 in the matrix itself.
    const bool padded = o.padding_idx && !has_bags();
    if (padded || o.scale_grad_by_freq) {
      line("# A product knows nothing of " + std::string(padded ? "padding_idx" : "") +
           (padded && o.scale_grad_by_freq ? " and " : "") + (o.scale_grad_by_freq ? "scale_grad_by_freq." : "."));
    }
    line("product.backward(grad_output)");
    table("rowlight_onehot_grad", results_.one_hot_grad);
    check("close(table.grad, rowlight_onehot_grad, grad_terms)", "the gradient of the product");
  }

  void bias_backward() {
    if (results_.grad_bias.empty()) return;
    if (adds_vector()) {
      heading("The gradient of the bias: column sums, padding included.");
      assign("rowlight_grad_bias", io::python_tensor(std::span<const float>(results_.grad_bias)));
      check("close(bias.grad, rowlight_grad_bias, magnitude(grad_output).sum(dim=0))", "the gradient of the bias");
      return;
    }
    heading(
        "fastai's bias: a table of one number for each row. The number is added to a score, whose gradient is 1 here.");
    column("bias", input_.bias);
    assign("bias_table", "torch.nn.Embedding.from_pretrained(bias[:, None].clone(), freeze=False)");
    line("bias_table(indices).sum().backward()");
    column("rowlight_grad_bias", results_.grad_bias);
    check("close(bias_table.weight.grad[:, 0], rowlight_grad_bias, magnitude(rowlight_grad_bias))",
          "the gradient of the bias");
  }

  [[nodiscard]] std::string optimizer() const {
    const OptimizerSettings& o = setup_.optimizer;
    const auto option = [](const char* name, double value) {
      return std::string(", ") + name + "=" + io::python_number(value);
    };
    const std::string rate = "[embedding.weight]" + option("lr", o.learning_rate);
    const std::string decay = o.weight_decay > 0 ? option("weight_decay", o.weight_decay) : "";
    const std::string momentum = o.momentum > 0 ? option("momentum", o.momentum) : "";
    const std::string betas = ", betas=(" + io::python_number(o.beta1) + ", " + io::python_number(o.beta2) + ")";
    switch (o.kind) {
      case OptimizerKind::Sgd: return "SGD(" + rate + momentum + decay + ")";
      case OptimizerKind::Adagrad: return "Adagrad(" + rate + option("eps", o.eps) + decay + ")";
      case OptimizerKind::Adam: return "Adam(" + rate + betas + option("eps", o.eps) + decay + ")";
      case OptimizerKind::AdamW:
        return "AdamW(" + rate + betas + option("eps", o.eps) + option("weight_decay", o.weight_decay) + ")";
      case OptimizerKind::SparseAdam: return "SparseAdam(" + rate + betas + option("eps", o.eps) + ")";
    }
    return {};
  }

  /// The absolute terms of the first step, before + rate * step.
  void step_terms() {
    const OptimizerSettings& o = setup_.optimizer;
    const std::string rate = io::python_number(o.learning_rate);
    const std::string decay = io::python_number(o.weight_decay);
    const bool decoupled = o.kind == OptimizerKind::AdamW;
    const bool decays = o.weight_decay > 0;
    const std::string pulled = decays && !decoupled ? " + " + decay + " * magnitude(before)" : "";
    assign("step", rate + " * " + (pulled.empty() ? "magnitude(gradient)" : "(magnitude(gradient)" + pulled + ")"));
    if (o.kind != OptimizerKind::Sgd) {
      line("# The first step of this optimizer divides the gradient by its own size.");
      const std::string divisor = decays && !decoupled ? "gradient + " + decay + " * before" : "gradient";
      line("step = step.clamp(min=2.0**-126)  # smaller float32 numbers have few digits");
      assign("step", "step / (magnitude(" + divisor + ") + " + io::python_number(o.eps) + ")");
    }
    if (decays && decoupled) assign("step", "step + " + rate + " * " + decay + " * magnitude(before)");
    line("step_terms = magnitude(before) + step");
  }

  void optimizer_step() {
    if (setup_.options.freeze || results_.weight_after_step.empty() || results_.grad.empty()) return;
    if (setup_.options.sparse && results_.sparse_grad.indices.empty()) {
      heading("No row has a gradient, so the optimizer moves none.");
      table_rows("rowlight_weight_after_step", results_.weight_after_step);
      check("same_bits(embedding.weight" + picked() + ", rowlight_weight_after_step)", "the table after the step");
      return;
    }
    heading("The optimizer's first step, from Rowlight's gradient: a step may magnify what differs in the last bits.");
    if (setup_.options.sparse) {
      line("embedding.weight.grad = torch.sparse_coo_tensor(\n    rowlight_indices[None], rowlight_values, (" + shape_ +
           ")\n)");
      assign("gradient", "embedding.weight.grad.to_dense()");
    } else {
      line("embedding.weight.grad = rowlight_grad.clone()");
      assign("gradient", "rowlight_grad");
    }
    assign("before", "embedding.weight.detach().clone()");
    line("torch.optim." + optimizer() + ".step()");
    table_rows("rowlight_weight_after_step", results_.weight_after_step);
    step_terms();
    check("close(embedding.weight" + picked() + ", rowlight_weight_after_step, step_terms" + picked() + ")",
          "the table after the step");
  }

  void closing() {
    line();
    line("print(\"torch\", torch.__version__, \"gets the numbers of Rowlight\")");
  }

  const LookupInput& input_;
  const LookupSetup& setup_;
  const LookupResults& results_;
  const std::string& weight_npy_;
  std::size_t rows_;
  std::size_t dim_;
  std::size_t outputs_;
  bool by_rows_;  // the table is large: only chosen_ rows stand in the program
  std::string shape_;
  std::vector<std::int64_t> chosen_;  // ascending
};

}  // namespace

std::string pytorch_program(const LookupInput& input, const LookupResults& results, const std::string& weight_npy) {
  return Program(input, results, weight_npy).write();
}

}  // namespace rowlight
