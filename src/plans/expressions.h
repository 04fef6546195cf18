#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <variant>
#include <vector>

#include "base/error.h"
#include "base/task.h"
#include "base/time.h"

namespace wave::plans {

/// The functions of samples within a window, design.md section 2.
enum class WindowFunction { avg, min, max, sum, count, last, rate, slope, percentile };

/// Something outside that an expression reads, known from its source. Equal reads share a column.
struct Read {
  enum class What { metric, series, window, current, ready, forecast, forecast_max } what = What::metric;
  std::string id;  ///< of the metric or component
  WindowFunction function = WindowFunction::avg;
  Duration window{0};             ///< of window functions; the lead of a forecast
  double percentile = 0;          ///< 0..100; the quantile of a forecast, 0..1
  std::string value = "desired";  ///< of `current`
  auto operator<=>(const Read&) const = default;
};

/// What an expression reads and whether it asks the clock.
struct Source {
  std::string text;
  std::vector<std::pair<std::string, std::string>>
      variables;        ///< the plan's, by name: lazily evaluated JavaScript
  std::string plan_id;  ///< plans share variables' compiled form
};

using ExpressionId = std::uint32_t;

/// A place in a source that reads a column; line and column count from 1 as in CompileProblem.
struct ColumnUse {
  std::uint32_t column = 0;  ///< index into Expressions::columns
  int line = 1;
  int line_column = 1;
  std::string variable;  ///< set when the place is in a variable
};

struct Compiled {
  ExpressionId id = 0;
  std::vector<std::uint32_t> reads;  ///< columns (indices into Expressions::columns), of its variables too
  bool reads_clock = false;          ///< now, hour, weekday, between
  std::vector<ColumnUse> uses;       ///< where; those in variables once per plan, with its first source
};

/// Where in a source something is wrong; line and column count from 1, within `Source::text` (or that
/// variable's text).
struct CompileProblem {
  std::string message;
  int line = 1;
  int column = 1;
  std::string variable;  ///< set when the problem is in a variable
};

/// The content of a column. Not fresh: `problem` says why, and reading it throws that.
struct Cell {
  double value = 0;
  bool fresh = false;
  std::string problem;      ///< `metric api_rps is stale: last sample 4m12s ago`
  std::string series_json;  ///< for What::series: `[{"labels":{},"value":1}]`
};

struct Evaluation {
  /// `other`: a value that is neither a number nor a boolean; `error` says which.
  enum class Outcome { number, boolean, error, other } outcome = Outcome::error;
  double number = 0;  ///< finite and >= 0 is the caller's check
  bool boolean = false;
  std::string error;  ///< `metric api_rps is stale: ...`, `ran longer than 30 ms`, `TypeError: ... (line 1,
                      ///< column 7)`
  std::vector<std::uint32_t> read;       ///< columns that were read this time
  std::vector<std::uint32_t> not_fresh;  ///< of those, the ones that were not fresh
  std::vector<std::uint32_t> excused;    ///< of those, the ones that `otherwise` stood in for
  bool read_clock = false;
  bool is_unknown = false;  ///< an error that says nothing of the expression: it was not evaluated at all
};

struct Limits {
  Duration time = 30ms;        ///< of one expression
  Duration kill_after = 70ms;  ///< of CPU without a sign of life: the child is killed and restarted
  std::size_t memory_bytes = 64u << 20;
};

/// Compiles and evaluates JavaScript in a child process that can be killed (docs/decisions: JavaScript
/// engine).
///
/// One loop's thread. Components and their values are checked by the caller on `columns()` and
/// `Compiled::uses`; unknown metrics, time zones and identifiers are compile problems.
///
/// An expression that hits a limit is evaluated in a process of its own from then on, and after 1 s, 2 s, ...
/// 60 s only: until then it answers its last error. Those that were never evaluated go there, too, as soon as
/// one of them hits a limit, and are `is_unknown` until they ended in time. So a batch waits for one such at
/// most, and only for the first time: `kill_after` and a restart (tens of milliseconds).
class Expressions {
 public:
  virtual ~Expressions() = default;

  /// Tells which names are metrics: only these become variables. Call before `compile`; a reload makes a new
  /// Expressions.
  virtual void declare_metrics(const std::set<std::string>& ids) = 0;
  virtual Result<std::vector<std::variant<Compiled, std::vector<CompileProblem>>>> compile(
      std::vector<Source> sources) = 0;
  virtual const std::vector<Read>& columns() const = 0;

  struct Batch {
    UtcTime now;
    std::vector<std::pair<std::uint32_t, Cell>> changed;  ///< columns that differ from the last batch
    std::vector<ExpressionId> run;
    /// Waits for all of them, as without a loop; nothing `is_unknown`.
    bool is_patient = false;
  };
  /// In the order of `run`. A killed child costs the culprit its result ("error") and nothing else; the rest
  /// is evaluated again.
  virtual Task<Result<std::vector<Evaluation>>> evaluate(Batch batch) = 0;
};

}  // namespace wave::plans
