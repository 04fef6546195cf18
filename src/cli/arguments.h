#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/time.h"

namespace wave::cli {

/// What was typed, checked as far as the words themselves go.
struct Arguments {
  std::string command;
  std::vector<std::filesystem::path> definitions;  ///< -f; empty: the default places
  std::filesystem::path config;                    ///< empty: wave-config.yaml if it is there
  bool json = false;

  std::vector<std::string> names;         ///< metrics, components or kinds
  std::map<std::string, double> set;      ///< plan --set
  std::map<std::string, double> current;  ///< plan --current
  std::map<std::string, double> values;   ///< scale
  std::string at;                         ///< plan --at, a time
  std::string until;                      ///< pause --until, a time or a duration
  std::optional<Duration> since;          ///< decisions --since
  std::optional<Duration> hold_for;       ///< scale --for
  std::string component;                  ///< decisions --component; init --component
  std::string metric;                     ///< init --metric
  std::string reason;
  std::filesystem::path output;  ///< init, reference
  std::optional<Duration> lead;  ///< schedules --lead
  std::string shell;
  std::string prometheus;                                               ///< demo
  double seconds = 180;                                                 ///< demo
  bool reactive = false;                                                ///< demo
  std::filesystem::path input;                                          ///< forecast
  std::optional<Duration> step;                                         ///< forecast --step
  std::size_t horizon = 0;                                              ///< forecast, in steps
  std::vector<std::pair<std::string, double>> quantiles{{"0.5", 0.5}};  ///< forecast, as typed
  std::vector<Duration> seasons;                                        ///< forecast; empty: found
  std::vector<std::string> inputs;                                      ///< backtest, METRIC=FILE
  std::optional<UtcTime> from;                                          ///< backtest
  std::optional<UtcTime> to;                                            ///< backtest
  std::optional<double> capacity;  ///< backtest: load that one unit can carry
  bool series = false;             ///< backtest
  bool suggest = false;            ///< backtest
  std::filesystem::path html;      ///< backtest
  bool from_prometheus = false;    ///< backtest
  bool dry_run = false;
  bool force = false;
};

/// Parses the command line. Help and usage errors are printed here: the exit status to leave with.
std::optional<int> parse(int argc, char** argv, Arguments& arguments);

/// What `--help` tells of a command, for completion.
struct CommandWords {
  struct Option {
    std::vector<std::string> names;  ///< `-f`, `--definitions`
    std::string about;
    bool takes_value = false;
  };
  std::string name;
  std::string about;
  std::vector<Option> options;
};
std::vector<CommandWords> command_words();

}  // namespace wave::cli
