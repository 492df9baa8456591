// rowlight-cli: everything that the engine can do without a window. Links no Qt.

#include <iostream>

#include "app/cli/common.h"

namespace {

using namespace rowlight;

/// CLI11 says of an unknown command that one is required; this says which there are. Empty when all is well.
std::string unknown_command(const CLI::App& app, int argc, char** argv) {
  if (argc < 2 || argv[1][0] == '-') return {};
  std::vector<std::string> names;
  for (const CLI::App* command : app.get_subcommands(nullptr)) {
    if (command->check_name(argv[1])) return {};
    names.push_back(command->get_name());
  }
  return "there is no command '" + std::string(argv[1]) + "'; it must be " + cli::listed(names);
}

}  // namespace

// Options are added before anything is parsed: CLI11 throws there only for a mistake in this program.
int main(int argc, char** argv) {  // NOLINT(bugprone-exception-escape)
  CLI::App app("Rowlight without a window: read rating files, train embeddings, look at what they learnt",
               "rowlight-cli");
  app.set_version_flag("--version", std::string(ROWLIGHT_VERSION));
  app.require_subcommand(1);
  cli::Context context;
  cli::add_inspect(app, context);
  cli::add_train(app, context);
  cli::add_lookup(app, context);
  cli::add_pca(app, context);
  cli::add_pytorch(app, context);
  cli::add_sample(app, context);
  cli::add_bench(app, context);
  cli::handle_interrupts();
  // A command's callback runs inside parse(); the target has to be chosen before it.
  app.parse_complete_callback([&] {
    if (const auto chosen = cli::choose_target(context.target); !chosen) {
      context.report(chosen.error());
      throw CLI::RuntimeError(context.exit_code);
    }
  });
  constexpr int wrong_usage = 2;
  if (const std::string unknown = unknown_command(app, argc, argv); !unknown.empty()) {
    std::cerr << unknown << '\n';
    return wrong_usage;
  }
  try {
    app.parse(argc, argv);
  } catch (const CLI::RuntimeError&) {
    return context.exit_code;
  } catch (const CLI::RequiredError& error) {
    // A mistyped option is the mistake, rather than what is missing besides.
    const std::vector<std::string> unknown = app.remaining(true);
    if (unknown.empty()) {
      app.exit(error);
    } else {
      app.exit(CLI::ExtrasError(unknown));
    }
    return wrong_usage;
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : wrong_usage;
  }
  return context.exit_code;
}
