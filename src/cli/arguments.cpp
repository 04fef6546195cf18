#include "cli/arguments.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <functional>

#include <CLI/CLI.hpp>

#include "cli/output.h"
#include "definitions/load.h"

namespace wave::cli {
namespace {

struct Command {
  const char* name;
  const char* about;
  const char* examples;
  std::function<void(CLI::App&, Arguments&)> options;
};

std::optional<double> number_of(const std::string& text) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || !std::isfinite(value)) return std::nullopt;
  return value;
}

void add_number(const std::string& text, std::map<std::string, double>& to) {
  const auto equals = text.find('=');
  const auto value = equals == std::string::npos ? std::nullopt : number_of(text.substr(equals + 1));
  if (!value || equals == 0) throw CLI::ValidationError("'" + text + "' is not NAME=NUMBER");
  to[text.substr(0, equals)] = *value;
}

Duration duration_of(const std::string& text) {
  const auto value = parse_duration(text);
  if (!value) throw CLI::ValidationError("'" + text + "' is not a duration such as 15m or 1h30m");
  return *value;
}

std::string check_time(std::string text, bool duration_too) {
  if (parse_time(text) || (duration_too && parse_duration(text))) return text;
  throw CLI::ValidationError("'" + text + "' is not a time such as 2026-01-31T12:00:00Z" +
                             (duration_too ? ", nor a duration such as 2h" : ""));
}

/// One value each time it is given, as often as one likes: what stands behind it is not its own.
CLI::Option* repeatable(CLI::Option* option) {
  return option->expected(1)->take_all()->allow_extra_args(false);
}

void forecast_options(CLI::App& app, Arguments& to) {
  app.add_option("--input", to.input, "CSV: timestamp,value or series,timestamp,value.")
      ->required()
      ->type_name("FILE");
  app.add_option_function<std::string>(
         "--step", [&to](const std::string& text) { to.step = duration_of(text); },
         "The distance of two values; without it the most common one.")
      ->type_name("DURATION");
  app.add_option("--horizon", to.horizon, "How many steps to look ahead.")
      ->required()
      ->check(CLI::Range(1, 100'000));
  repeatable(app.add_option_function<std::vector<std::string>>(
                 "--quantiles",
                 [&to](const std::vector<std::string>& all) {
                   to.quantiles.clear();
                   for (const auto& one : all) {
                     const auto value = number_of(one);
                     if (!value || *value <= 0 || *value >= 1)
                       throw CLI::ValidationError("'" + one + "' is no quantile: more than 0, less than 1");
                     to.quantiles.emplace_back(one, *value);
                   }
                 },
                 "Which quantiles, separated by commas; default 0.5."))
      ->delimiter(',')
      ->type_name("P,...");
  repeatable(app.add_option_function<std::vector<std::string>>(
                 "--season",
                 [&to](const std::vector<std::string>& all) {
                   for (const auto& one : all)
                     if (one != "auto") to.seasons.push_back(duration_of(one));
                 },
                 "auto, or the lengths of its cycles, such as 1d,7d."))
      ->delimiter(',')
      ->type_name("auto|DURATION,...");
}

void numbers(CLI::App& app, const char* name, std::map<std::string, double>& to, const char* help) {
  repeatable(app.add_option_function<std::vector<std::string>>(
                 name,
                 [&to](const std::vector<std::string>& all) {
                   for (const auto& one : all) add_number(one, to);
                 },
                 help))
      ->type_name("NAME=NUMBER");
}

void backtest_options(CLI::App& app, Arguments& to) {
  const auto time = [&app](const char* name, std::optional<UtcTime>& where, const char* help) {
    app.add_option_function<std::string>(
           name, [&where](const std::string& text) { where = parse_time(check_time(text, false)); }, help)
        ->type_name("TIME");
  };
  repeatable(app.add_option("--input", to.inputs,
                            "A metric's recording, `timestamp,value` a line; may be given again."))
      ->type_name("METRIC=FILE.csv");
  app.add_flag("--from-prometheus", to.from_prometheus,
               "Metrics without --input are read from their own source, of any kind that keeps a past.");
  app.final_callback([&to] {
    if (to.inputs.empty() && !to.from_prometheus)
      throw CLI::ValidationError("--input METRIC=FILE.csv or --from-prometheus is required");
  });
  time("--from", to.from, "The test begins here; what is before is history. Default: the last week.");
  time("--to", to.to, "The test ends here. Default: the recording's end.");
  app.add_option("--load", to.metric, "The metric that the units carry; default: the target's.");
  app.add_option("--component", to.component, "Whose capacity is judged; default: the target's.");
  app.add_option(
         "--capacity", to.capacity,
         "The load that one unit can carry; default: per_unit / 0.6. Units needed are load / (0.6 x this), "
         "rounded up, at least 1; a violation is load above 0.85 x this x ready units.")
      ->check(CLI::PositiveNumber);
  app.add_flag("--series", to.series, "With --json: load, desired and ready of each minute, too.");
  app.add_flag("--suggest", to.suggest,
               "Tries violation_cost, target and scale-in window on what comes before the test, and prints "
               "those that no other beats in violations and cost, with what they do in the test. 28 runs.");
  app.add_option("--html", to.html, "Writes a page with figures, charts and changes; it loads nothing.")
      ->type_name("FILE");
}

const std::vector<Command>& commands() {
  static const std::vector<Command> table = {
      {"run", "The daemon: polls, decides, scales; reloads when files change.",
       "  wave-autoscale run -f definitions/\n  wave-autoscale run --dry-run",
       [](CLI::App& app, Arguments& to) {
         app.add_flag("--dry-run", to.dry_run, "Decides and records; applies nothing.");
       }},
      {"demo", "The whole thing on this machine without any cloud: real Prometheus, real processes.",
       "  wave-autoscale demo\n  wave-autoscale demo --reactive\n  wave-autoscale demo --seconds 60 --json",
       [](CLI::App& app, Arguments& to) {
         app.add_option("--seconds", to.seconds, "How long the recorded day takes.")
             ->check(CLI::Range(5.0, 86400.0));
         app.add_flag("--reactive", to.reactive, "Does not look ahead, to see what that changes.");
         app.add_option("--prometheus", to.prometheus, "Prometheus' program; without it, from PATH.");
       }},
      {"init", "Writes a commented starting set of definitions.",
       "  wave-autoscale init\n  wave-autoscale init --metric cloudwatch --component aws-ec2-autoscaling",
       [](CLI::App& app, Arguments& to) {
         app.add_option("--metric", to.metric, "The metric's kind; default prometheus.");
         app.add_option("--component", to.component, "The component's kind; default kubernetes-deployment.");
         app.add_option("-o,--output", to.output, "The file; without it wave-definitions.yaml.");
         app.add_flag("--force", to.force, "Overwrites the file.");
       }},
      {"check", "Validates definitions: everything that is wrong, at once.",
       "  wave-autoscale check\n  wave-autoscale check definitions/ --json",
       [](CLI::App& app, Arguments& to) {
         app.add_option("PATH", to.definitions, "Files and folders; the same as --definitions.");
       }},
      {"poll", "Reads metrics once.", "  wave-autoscale poll\n  wave-autoscale poll api_rps --json",
       [](CLI::App& app, Arguments& to) { app.add_option("METRIC", to.names, "Which; without it all."); }},
      {"observe", "Reads components once.", "  wave-autoscale observe\n  wave-autoscale observe api --json",
       [](CLI::App& app, Arguments& to) { app.add_option("COMPONENT", to.names, "Which; without it all."); }},
      {"plan", "Decides once, applies and stores nothing.",
       "  wave-autoscale plan\n  wave-autoscale plan --set api_rps=4200 --current api=4\n"
       "  wave-autoscale plan --set cpu=45 --at 2026-01-31T09:00:00Z --json",
       [](CLI::App& app, Arguments& to) {
         numbers(app, "--set", to.set, "A metric's value; it is fresh and not polled.");
         numbers(app, "--current", to.current, "A component's capacity; it is not observed.");
         app.final_callback([&to] {
           for (const auto& [id, capacity] : to.current)
             if (capacity < 0 || capacity != std::floor(capacity))
               throw CLI::ValidationError("--current " + id + " must be a whole number from 0 up");
         });
         app.add_option_function<std::string>(
                "--at", [&to](const std::string& text) { to.at = check_time(text, false); },
                "The time to decide at.")
             ->type_name("TIME");
       }},
      {"status", "One screen of the running daemon, for three in the morning.",
       "  wave-autoscale status\n  wave-autoscale status api",
       [](CLI::App& app, Arguments& to) { app.add_option("COMPONENT", to.names, "Which; without it all."); }},
      {"pause", "Stops changes to a component; the running daemon goes on deciding and recording.",
       "  wave-autoscale pause api --until 2h --reason 'load test'\n  wave-autoscale pause api --until "
       "2026-01-31T12:00:00Z",
       [](CLI::App& app, Arguments& to) {
         app.add_option("COMPONENT", to.names, "Which.")->required()->expected(1);
         app.add_option_function<std::string>(
                "--until", [&to](const std::string& text) { to.until = check_time(text, true); },
                "A time or a duration; without it until resumed.")
             ->type_name("TIME");
         app.add_option("--reason", to.reason, "Shown with every decision meanwhile.");
       }},
      {"resume", "Ends a pause.", "  wave-autoscale resume api",
       [](CLI::App& app, Arguments& to) {
         app.add_option("COMPONENT", to.names, "Which.")->required()->expected(1);
       }},
      {"scale", "Scales by hand, within min and max; through the running daemon if there is one.",
       "  wave-autoscale scale api desired=12 --for 15m\n  wave-autoscale scale orders read_capacity=400 "
       "--dry-run",
       [](CLI::App& app, Arguments& to) {
         app.add_option("COMPONENT", to.component, "Which.")->required();
         app.add_option_function<std::vector<std::string>>(
                "VALUES",
                [&to](const std::vector<std::string>& all) {
                  for (const auto& one : all) add_number(one, to.values);
                },
                "desired=N and other values of its kind.")
             ->required();
         app.add_option_function<std::string>(
                "--for", [&to](const std::string& text) { to.hold_for = duration_of(text); },
                "Pauses the component for that time; a longer pause stays.")
             ->type_name("DURATION");
         app.add_flag("--dry-run", to.dry_run, "Says what would be set.");
       }},
      {"decisions", "What was decided, and why.",
       "  wave-autoscale decisions --since 1h\n  wave-autoscale decisions --component api --json",
       [](CLI::App& app, Arguments& to) {
         app.add_option("--component", to.component, "Only this one's.");
         app.add_option_function<std::string>(
                "--since", [&to](const std::string& text) { to.since = duration_of(text); },
                "How far back; default 24h.")
             ->type_name("DURATION");
       }},
      {"forecast", "What comes after recorded series.",
       "  wave-autoscale forecast --input rps.csv --horizon 48\n"
       "  wave-autoscale forecast --input rps.csv --step 5m --horizon 288 --quantiles 0.5,0.9 --season 1d,7d "
       "--json\n"
       "  wave-autoscale forecast -f definitions/ --input api_rps.csv --horizon 48   # with its known events",
       &forecast_options},
      {"backtest", "What the definitions would have done to a recorded load, beside other policies.",
       "  wave-autoscale backtest --input api_rps=rps.csv --html report.html\n"
       "  wave-autoscale backtest --input api_rps=month.csv --suggest\n"
       "  wave-autoscale backtest --from-prometheus --from 2026-10-01T00:00:00Z\n"
       "  wave-autoscale backtest --input api_rps=rps.csv --from 2026-10-01T00:00:00Z --series --json",
       &backtest_options},
      {"kinds", "The metric and component kinds and their keys.",
       "  wave-autoscale kinds\n  wave-autoscale kinds prometheus",
       [](CLI::App& app, Arguments& to) {
         app.add_option("KIND", to.names, "Which; without it all.")->expected(0, 1);
       }},
      {"schedules", "Known events as schedules: a plan for who does without forecasts.",
       "  wave-autoscale schedules > definitions/schedules.yaml\n  wave-autoscale schedules final --json\n"
       "  wave-autoscale schedules --lead 10m",
       [](CLI::App& app, Arguments& to) {
         app.add_option("EVENT", to.names, "Which; without it all.");
         app.add_option_function<std::string>(
                "--lead",
                [&to](const std::string& text) {
                  to.lead = duration_of(text);
                  if (*to.lead > 7 * 24h) throw CLI::ValidationError("a lead is at most 7d");
                },
                "How much earlier each begins; without it what new capacity takes to serve, as written, "
                "learned or usual for its kind.")
             ->type_name("DURATION");
       }},
      {"schema", "The JSON Schema of the definitions, for editors.",
       "  wave-autoscale schema > wave.schema.json", nullptr},
      {"reference", "Writes the reference pages that stand in docs/reference.",
       "  wave-autoscale reference docs/reference",
       [](CLI::App& app, Arguments& to) { app.add_option("FOLDER", to.output, "Where to.")->required(); }},
      {"completion", "A script that completes the commands in a shell.",
       "  source <(wave-autoscale completion bash)",
       [](CLI::App& app, Arguments& to) {
         app.add_option("SHELL", to.shell, "bash, zsh or fish.")
             ->required()
             ->check(CLI::IsMember({"bash", "zsh", "fish"}));
       }},
      {"version", "The version.", "  wave-autoscale version", nullptr},
  };
  return table;
}

/// All commands with their options, and `help` about `topic`, which is given back.
CLI::App* add_commands(CLI::App& app, Arguments& arguments, std::string& topic) {
  app.require_subcommand(1);
  app.set_help_flag("-h,--help", "This help.");
  app.set_version_flag("--version", "wave-autoscale " WAVE_VERSION, "The version.");
  app.footer("Exit status: 0 done; 1 it could not be done; 2 usage; 3 the definitions are invalid.");
  CLI::App* help = app.add_subcommand("help", "This help, or a command's.");
  help->add_option("COMMAND", topic, "Which.");
  for (const auto& command : commands()) {
    CLI::App* sub = app.add_subcommand(command.name, command.about);
    sub->footer(std::string("Examples:\n") + command.examples);
    repeatable(sub->add_option("-f,--definitions", arguments.definitions,
                               "Files and folders; without it wave-definitions.yaml or definitions/ here."))
        ->type_name("PATH");
    sub->add_option("--config", arguments.config, "Settings; without it wave-config.yaml if it is here.")
        ->type_name("FILE");
    sub->add_flag("--json", arguments.json, "JSON on standard output, for programs.");
    if (command.options) command.options(*sub, arguments);
  }
  return help;
}

bool is_command(const CLI::App& app, const std::string& word) {
  return std::ranges::any_of(app.get_subcommands({}),
                             [&word](const CLI::App* one) { return one->get_name() == word; });
}

Error no_command(const CLI::App& app, const std::string& word) {
  std::vector<std::string> names;
  for (const auto* one : app.get_subcommands({})) names.push_back(one->get_name());
  return {.code = ErrorCode::invalid_argument,
          .message = "there is no command '" + word + "'" + definitions::did_you_mean(word, names),
          .hint = "`wave-autoscale help` lists them"};
}

}  // namespace

std::vector<CommandWords> command_words() {
  CLI::App app;
  Arguments arguments;
  std::string topic;
  add_commands(app, arguments, topic);
  std::vector<CommandWords> out;
  for (const auto* sub : app.get_subcommands({})) {
    CommandWords words{.name = sub->get_name(), .about = sub->get_description(), .options = {}};
    for (const auto* option : sub->get_options()) {
      CommandWords::Option one{.names = {},
                               .about = option->get_description(),
                               .takes_value = option->get_items_expected_max() > 0};
      for (const auto& name : option->get_snames()) one.names.push_back("-" + name);
      for (const auto& name : option->get_lnames()) one.names.push_back("--" + name);
      if (!one.names.empty()) words.options.push_back(std::move(one));
    }
    out.push_back(std::move(words));
  }
  return out;
}

std::optional<int> parse(int argc, char** argv, Arguments& arguments) {
  CLI::App app{"Wave Autoscale: capacity that follows the load, safely, and says why.", "wave-autoscale"};
  std::string topic;
  const CLI::App* help = add_commands(app, arguments, topic);
  const std::vector<std::string> words(argv + 1, argv + argc);
  const bool json = std::ranges::find(words, "--json") != words.end();
  if (!words.empty() && !words.front().starts_with('-') && !is_command(app, words.front()))
    return fail_with(no_command(app, words.front()), json, exit_usage);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    if (app.exit(error) == 0) return exit_done;
    if (json) fail_with({.code = ErrorCode::invalid_argument, .message = error.what()}, json, exit_usage);
    return exit_usage;
  }
  if (help->parsed()) {
    const auto found = app.get_subcommands([&](const CLI::App* one) { return one->get_name() == topic; });
    if (!topic.empty() && found.empty()) return fail_with(no_command(app, topic), arguments.json, exit_usage);
    std::fputs((topic.empty() ? &app : found.front())->help().c_str(), stdout);
    return 0;
  }
  arguments.command = app.get_subcommands().front()->get_name();
  return std::nullopt;
}

}  // namespace wave::cli
