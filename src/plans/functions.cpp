#include "plans/functions.h"

#include <algorithm>
#include <span>

#include "plans/expressions.h"
#include "plans/javascript/names.h"
#include "plans/windows.h"

namespace wave::plans {
namespace {

std::string list(std::span<const std::string_view> names) {
  std::string out;
  for (const auto name : names) out += (out.empty() ? "`" : ", `") + std::string(name) + "`";
  return out;
}

std::string code(std::string_view text) {
  return "`" + std::string(text) + "`";
}

}  // namespace

bool is_reading_function(std::string_view name) {
  return std::ranges::find(reading_functions, name, &Function::name) != reading_functions.end();
}

bool is_clock_function(std::string_view name) {
  return std::ranges::find(clock_functions, name, &Function::name) != clock_functions.end();
}

std::string javascript_markdown() {
  const Limits limits;
  std::string out =
      "# JavaScript in plans\n\n"
      "An expression is one or more statements; the last has to be an expression, whose value is the result. "
      "A "
      "metric's id is a variable, and so are the plan's `variables`. Reading a metric or a component without "
      "fresh data throws: that item is skipped, the decision says why, and the component may then rise but "
      "not "
      "fall. Ids, lengths of time, time zones and options are written out, not computed, so that a wrong one "
      "is "
      "found when the definitions are loaded.\n\n"
      "One evaluation has " +
      format_duration(limits.time) + " and " + std::to_string(limits.memory_bytes >> 20) +
      " MiB; one that takes more is an error of that item.\n\n"
      "## Metrics and components\n\n"
      "`window` and lengths are such as `'5m'` or `'1h30m'`. A window holds the samples of (now - window, "
      "now], "
      "at most " +
      std::to_string(Windows::max_samples) +
      " of them: more time than they cover throws. Values are in the unit of the metric or the component.\n\n"
      "| function | what it answers | without data | example |\n|---|---|---|---|\n";
  for (const Function& one : reading_functions)
    out += "| " + code(one.call) + " | " + std::string(one.answer) + " | " + std::string(one.without) +
           " | " + code(one.example) + " |\n";
  out +=
      "\n## The clock\n\n"
      "`zone` is an IANA name; without it UTC. There is always an answer. All expressions that are evaluated "
      "together see the same time.\n\n"
      "| function | what it answers | example |\n|---|---|---|\n";
  for (const Function& one : clock_functions)
    out += "| " + code(one.call) + " | " + std::string(one.answer) + " | " + code(one.example) + " |\n";
  return out + "\n## Of the language\n\nThere are " + list(javascript::kept_globals) +
         ". All are frozen; `Math.random`, and `Date` without arguments, are not there.\n\nThere are not " +
         list(javascript::dropped_globals) + ".\n";
}

}  // namespace wave::plans
