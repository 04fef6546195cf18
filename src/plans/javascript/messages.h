#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <vector>

#include "plans/javascript/wire.h"

namespace wave::plans::javascript {

/// A metric that expressions name as a variable.
struct Name {
  std::string name;
  std::uint32_t column = 0;
};
struct Variable {
  std::string name;
  std::string text;
};
/// The variables of one plan. Scopes count from 1; 0 is a plan without variables.
struct Scope {
  std::uint32_t id = 0;
  std::vector<Variable> variables;
};
/// An expression as function body: what it reads from outside is replaced by column numbers.
struct Function {
  std::uint32_t id = 0;
  std::uint32_t scope = 0;
  std::string text;
};
/// New content of a column: a number, the JSON of several series, or why there is nothing.
struct CellUpdate {
  enum class State : std::uint8_t { not_fresh, number, series } state = State::not_fresh;
  std::uint32_t column = 0;
  double value = 0;
  std::string text;
};
struct Zone {
  std::uint32_t zone = 0;
  std::int32_t offset_seconds = 0;  ///< east of UTC, at the request's `now`
};

/// What the daemon asks: look into texts (compiling), then take over what is new, then run.
struct Request {
  std::vector<std::string> analyse;
  std::vector<Name> names;
  std::vector<Scope> scopes;
  std::vector<Function> functions;
  std::vector<CellUpdate> cells;
  std::vector<Zone> zones;
  std::vector<std::uint32_t> run;     ///< functions
  std::uint32_t trusted = 0;          ///< so many of `run` always get the whole time
  bool stops_at_hit = false;          ///< at a limit that one of the others hits, or at the third
                                      ///< of the trusted, nothing more is run
  double now = 0;                     ///< seconds since 1970
  std::uint64_t time_us = 30'000;     ///< of CPU, for each of `run`
  std::uint64_t overrun_us = 60'000;  ///< what those that are not trusted may waste together
  std::uint64_t memory_bytes = 64u << 20;
};

/// An error's place, within the text that was sent: code points from 1; line 0: unknown.
struct Place {
  std::uint32_t line = 0;
  std::uint32_t column = 0;
};
/// What the parser says about a text, or the JSON of script_analysis.
struct Analysis {
  std::string json;
  std::string problem;
  Place place;
};
struct InstallProblem {
  std::uint32_t id = 0;  ///< of the function; of the scope where `variable` is set
  std::string variable;
  std::string message;
  Place place;
};
struct RunResult {
  enum class Outcome : std::uint8_t { number, boolean, error, other } outcome = Outcome::error;
  bool hit_limit = false;
  bool read_clock = false;
  double number = 0;
  std::string error;
  std::string variable;  ///< in whose text `place` is
  Place place;
  std::vector<std::uint32_t> read;
  std::vector<std::uint32_t> not_fresh;
  std::vector<std::uint32_t> excused;
};
struct Reply {
  std::vector<Analysis> analyses;
  std::vector<InstallProblem> problems;
  std::vector<RunResult> results;
};

/// Shared memory: what the child is at, so that a kill finds the one to blame without asking.
struct Progress {
  enum Phase : std::uint32_t { idle, analysing, installing, running };
  std::atomic<std::uint32_t> phase;
  std::atomic<std::uint32_t> index;  ///< within the request's list of that phase
  std::atomic<std::uint64_t> beat;   ///< grows with every step
  void at(Phase now, std::size_t i) {
    phase.store(now, std::memory_order_relaxed);
    index.store(static_cast<std::uint32_t>(i), std::memory_order_relaxed);
    beat.fetch_add(1, std::memory_order_release);
  }
};

template <class Archive>
void fields(Archive& archive, Name& v) {
  archive(v.name, v.column);
}
template <class Archive>
void fields(Archive& archive, Variable& v) {
  archive(v.name, v.text);
}
template <class Archive>
void fields(Archive& archive, Scope& v) {
  archive(v.id, v.variables);
}
template <class Archive>
void fields(Archive& archive, Function& v) {
  archive(v.id, v.scope, v.text);
}
template <class Archive>
void fields(Archive& archive, CellUpdate& v) {
  archive(v.state, v.column, v.value, v.text);
}
template <class Archive>
void fields(Archive& archive, Zone& v) {
  archive(v.zone, v.offset_seconds);
}
template <class Archive>
void fields(Archive& archive, Request& v) {
  archive(v.analyse, v.names, v.scopes, v.functions, v.cells, v.zones, v.run, v.trusted, v.stops_at_hit,
          v.now, v.time_us, v.overrun_us, v.memory_bytes);
}
template <class Archive>
void fields(Archive& archive, Place& v) {
  archive(v.line, v.column);
}
template <class Archive>
void fields(Archive& archive, Analysis& v) {
  archive(v.json, v.problem, v.place);
}
template <class Archive>
void fields(Archive& archive, InstallProblem& v) {
  archive(v.id, v.variable, v.message, v.place);
}
template <class Archive>
void fields(Archive& archive, RunResult& v) {
  archive(v.outcome, v.hit_limit, v.read_clock, v.number, v.error, v.variable, v.place, v.read, v.not_fresh,
          v.excused);
}
template <class Archive>
void fields(Archive& archive, Reply& v) {
  archive(v.analyses, v.problems, v.results);
}

}  // namespace wave::plans::javascript
