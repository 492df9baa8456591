#include <iostream>

#include <nlohmann/json.hpp>

#include "app/cli/common.h"
#include "app/cli/lookup_options.h"
#include "core/io/code_card.h"

namespace rowlight::cli {

namespace {

struct PytorchArguments {
  std::string session;
  LookupArguments lookup;
};

Expected<std::string> program_of(const PytorchArguments& arguments, const Context& context) {
  if (!arguments.session.empty()) {
    const auto file = read_safetensors(arguments.session);
    if (!file) return tl::make_unexpected(file.error());
    auto program = pytorch_program(*file, arguments.session);
    if (program) return program;
    Error error = program.error();
    error.file = arguments.session;
    return tl::make_unexpected(error);
  }
  const auto input = read_lookup(arguments.lookup, context.seed);
  if (!input) return tl::make_unexpected(input.error());
  const auto pass = LookupPass::create(*input);
  if (!pass) return tl::make_unexpected(with_file(pass.error(), arguments.lookup));
  const auto results = run_whole(**pass);
  if (!results) return tl::make_unexpected(results.error());
  const bool large = input->weight.rows() * input->weight.cols() > most_numbers_in_a_program;
  return pytorch_program(*input, *results, large ? arguments.lookup.weight : std::string());
}

}  // namespace

void add_pytorch(CLI::App& app, Context& context) {
  CLI::App* command = app.add_subcommand(
      "pytorch",
      "Print a PyTorch program that computes a lookup, or a saved run's predictions, and checks the numbers");
  auto arguments = std::make_shared<PytorchArguments>();
  add_common_options(*command, context);
  command->add_option("SESSION", arguments->session, "A saved run (.safetensors); else a pass as lookup makes it");
  const std::size_t common = command->get_options().size();
  add_lookup_options(*command, arguments->lookup);
  command->footer("A table of more than " + std::to_string(most_numbers_in_a_program) +
                  " numbers is read from --weight; one that is drawn has only its looked-up rows in the program.");
  command->callback([arguments, command, common, &context] {
    const auto options = command->get_options();
    for (std::size_t i = common; i < options.size() && !arguments->session.empty(); ++i) {
      if (options[i]->count() == 0) continue;
      return context.report({ErrorKind::Usage,
                             options[i]->get_name() + " is of a pass of its own",
                             "leave it out: " + arguments->session + " brings its tables along",
                             {},
                             0,
                             0});
    }
    const auto program = program_of(*arguments, context);
    if (!program) return context.report(program.error());
    if (context.json) {
      print_line({{"program", *program}});
    } else {
      std::cout << *program << std::flush;
    }
  });
}

}  // namespace rowlight::cli
