#include "cli/main.h"

#include <cstdio>

#include "cli/commands.h"

namespace wave::cli {
namespace {

int with_configuration(const Arguments& arguments) {
  auto configuration = configure(arguments.config, definitions::Settings::Environment::process());
  if (!configuration) return fail_with(configuration.error(), arguments.json, exit_usage);
  using Function = int (*)(const Arguments&, const Configuration&);
  static const std::map<std::string, Function> commands = {
      {"run", &run_daemon},      {"check", &check},
      {"poll", &poll},           {"observe", &observe},
      {"plan", &plan},           {"status", &status},
      {"pause", &pause},         {"resume", &resume},
      {"scale", &scale},         {"backtest", &backtest_files},
      {"decisions", &decisions}, {"forecast", &forecast_file},
      {"schedules", &schedules}};
  return commands.at(arguments.command)(arguments, *configuration);
}

}  // namespace

int run(int argc, char** argv) {
  if (argc == 2 && std::string_view(argv[1]) == "demo-worker") return demo_worker();
  Arguments arguments;
  if (const auto status = parse(argc, argv, arguments)) return *status;
  if (arguments.command == "version") {
    print_line(arguments.json ? R"({"version":")" WAVE_VERSION R"("})" : "wave-autoscale " WAVE_VERSION);
    return exit_done;
  }
  if (arguments.command == "demo") return demo(arguments);
  if (arguments.command == "init") return init(arguments);
  if (arguments.command == "kinds") return kinds(arguments);
  if (arguments.command == "schema") return schema();
  if (arguments.command == "reference") return reference(arguments);
  if (arguments.command == "completion") return completion(arguments);
  return with_configuration(arguments);
}

}  // namespace wave::cli
