#include "plans/source_check.h"

#include <algorithm>

#include <nlohmann/json.hpp>

#include "base/cron.h"
#include "base/text.h"
#include "definitions/load.h"
#include "plans/functions.h"
#include "plans/javascript/names.h"
#include "plans/javascript/world.h"

namespace wave::plans {
namespace {

using nlohmann::json;

template <class List>
bool holds(const List& list, std::string_view name) {
  return std::ranges::find(list, name) != std::end(list);
}

std::optional<WindowFunction> window_function(std::string_view name) {
  constexpr std::array names = std::to_array<std::string_view>(
      {"avg", "min", "max", "sum", "count", "last", "rate", "slope", "percentile"});
  const auto found = std::ranges::find(names, name);
  if (found == names.end()) return std::nullopt;
  return static_cast<WindowFunction>(found - names.begin());
}

/// One argument of a call, as analysis_script gives it.
struct Argument {
  std::string kind = "none";
  json value;
  std::size_t begin = 0;
  std::size_t end = 0;
};

struct Call {
  std::string name;
  std::size_t at = 0;
  std::vector<Argument> arguments;
  const Argument& argument(std::size_t i) const {
    static const Argument none;
    return i < arguments.size() ? arguments[i] : none;
  }
};

class Checker {
 public:
  Checker(const std::string& text, const Names& names) : text_(text), names_(names) {}
  CheckedSource run(const json& analysis);

 private:
  void problem(std::size_t at, std::string message);
  void check_call(const Call& call);
  void check_clock(const Call& call);
  void check_name(const std::string& name, std::size_t at);
  bool read_arguments(const Call& call, Read& read);
  bool window_arguments(const Call& call, Read& read);
  bool forecast_options(const Call& call, Read& read);
  bool metric_options(const Call& call);
  bool window_text(const Argument& argument, const Call& call, Duration& out);
  bool id_argument(const Call& call, Read& read);
  void use(const Read& read, std::size_t at);

  const std::string& text_;
  const Names& names_;
  CheckedSource out_;
  std::set<std::size_t> consumed_;  // identifiers that a call has explained
};

void Checker::problem(std::size_t at, std::string message) {
  const LineColumn place = line_column(text_, at);
  out_.problems.push_back({.message = std::move(message), .line = place.line, .column = place.column});
}

std::string did_you_mean(const std::string& word, const std::set<std::string>& candidates) {
  const std::vector<std::string> list(candidates.begin(), candidates.end());
  return definitions::did_you_mean(word, list);
}

void Checker::use(const Read& read, std::size_t at) {
  const std::uint32_t column = names_.column(read);
  const LineColumn place = line_column(text_, at);
  out_.reads.insert(column);
  out_.uses.push_back({.column = column, .line = place.line, .line_column = place.column});
}

bool Checker::id_argument(const Call& call, Read& read) {
  const Argument& id = call.argument(0);
  const bool component = call.name == "current" || call.name == "ready";
  if (id.kind == "id") consumed_.insert(id.begin);
  if (id.kind != "text" && id.kind != "id") {
    const std::string what = component ? "component" : "metric";
    std::string message = call.name + " needs the id of a " + what +
                          " written out as its first argument: " + call.name + "('my-" + what + "'" +
                          (window_function(call.name) ? ", '5m')" : ")");
    if ((call.name == "min" || call.name == "max") && call.arguments.size() != 2) {
      message += "; for numbers there is Math." + call.name;
    }
    problem(id.kind == "none" ? call.at : id.begin, std::move(message));
    return false;
  }
  read.id = id.value.get<std::string>();
  if (component || names_.metrics.contains(read.id)) return true;
  const bool variable =
      std::ranges::any_of(names_.variables, [&](const auto& v) { return v.first == read.id; });
  problem(id.begin, variable ? call.name + " needs a metric; " + read.id + " is a variable"
                             : "unknown metric '" + read.id + "'" + did_you_mean(read.id, names_.metrics));
  return false;
}

bool Checker::window_text(const Argument& argument, const Call& call, Duration& out) {
  const auto window =
      argument.kind == "text" ? parse_duration(argument.value.get<std::string>()) : std::nullopt;
  if (window && *window > Duration{0}) {
    out = *window;
    return true;
  }
  problem(argument.kind == "none" ? call.at : argument.begin,
          call.name + " needs a length of time written out, like '5m' or '1h30m'");
  return false;
}

bool Checker::window_arguments(const Call& call, Read& read) {
  const bool percentile = read.function == WindowFunction::percentile;
  if (percentile) {
    const Argument& p = call.argument(1);
    if (p.kind != "number" || p.value.get<double>() < 0 || p.value.get<double>() > 100) {
      problem(p.kind == "none" ? call.at : p.begin,
              "percentile needs a number from 0 to 100 written out: percentile(id, 95, '10m')");
      return false;
    }
    read.percentile = p.value.get<double>();
  }
  return window_text(call.argument(percentile ? 2 : 1), call, read.window);
}

bool Checker::forecast_options(const Call& call, Read& read) {
  const std::string lead = call.name == "forecast" ? "in" : "within";
  const Argument& options = call.argument(1);
  const std::string usage = call.name + "(id, {" + lead + ": '10m', quantile: 0.9})";
  bool found = false;
  read.percentile = 0.5;
  if (options.kind == "options") {
    for (const json& option : options.value) {
      const std::string key = option.is_array() ? option[0].get<std::string>() : "";
      if (key == lead && option[1].is_string()) {
        const Argument text{.kind = "text", .value = option[1], .begin = options.begin, .end = options.end};
        found = window_text(text, call, read.window);
        if (!found) return false;
      } else if (key == "quantile" && option[1].is_number() && option[1] > 0.0 && option[1] < 1.0) {
        read.percentile = option[1].get<double>();
      } else {
        problem(options.begin,
                "wrong option of " + call.name + ": write " + usage + ", the quantile between 0 and 1");
        return false;
      }
    }
  }
  if (!found) problem(options.kind == "none" ? call.at : options.begin, "write " + usage);
  return found;
}

bool Checker::metric_options(const Call& call) {
  const Argument& options = call.argument(1);
  if (options.kind == "none") return true;
  const bool known = options.kind == "options" && options.value.size() == 1 && options.value[0].is_array() &&
                     options.value[0][0] == "otherwise";
  if (!known) problem(options.begin, "the only option of metric is {otherwise: a number}");
  return known;
}

bool Checker::read_arguments(const Call& call, Read& read) {
  if (!id_argument(call, read)) return false;
  std::size_t most = 1;
  if (const auto function = window_function(call.name)) {
    read.what = Read::What::window;
    read.function = *function;
    most = read.function == WindowFunction::percentile ? 3 : 2;
    if (!window_arguments(call, read)) return false;
  } else if (call.name == "series") {
    read.what = Read::What::series;
  } else if (call.name == "forecast" || call.name == "forecastMax") {
    read.what = call.name == "forecast" ? Read::What::forecast : Read::What::forecast_max;
    most = 2;
    if (!forecast_options(call, read)) return false;
  } else if (call.name == "current") {
    read.what = Read::What::current;
    most = 2;
    if (call.arguments.size() > 1 && call.argument(1).kind != "text") {
      problem(call.argument(1).begin,
              "current needs the name of the value written out: current('my-component', 'max')");
      return false;
    }
    if (call.arguments.size() > 1) read.value = call.argument(1).value.get<std::string>();
  } else if (call.name == "ready") {
    read.what = Read::What::ready;
  } else {
    most = 2;
    if (!metric_options(call)) return false;
  }
  if (call.arguments.size() <= most) return true;
  problem(call.argument(most).begin, call.name + " takes at most " + std::to_string(most) + " arguments");
  return false;
}

void Checker::check_clock(const Call& call) {
  out_.reads_clock = true;
  if (call.name == "now") return;
  const std::size_t index = call.name == "between" ? 2 : 0;
  for (std::size_t i = 0; i < index; ++i) {
    const Argument& time = call.argument(i);
    const bool literal_wrong =
        time.kind == "text" && !javascript::parse_minutes(time.value.get<std::string>());
    if (time.kind == "none" || time.kind == "number" || literal_wrong) {
      problem(time.kind == "none" ? call.at : time.begin,
              "between needs times like '09:00': between('09:00', '18:00', zone)");
      return;
    }
  }
  const Argument& zone = call.argument(index);
  if (zone.kind == "none") return;
  if (zone.kind != "text") {
    problem(zone.begin, call.name + " needs a time zone written out, like 'Asia/Seoul'");
    return;
  }
  const auto name = zone.value.get<std::string>();
  if (!is_timezone(name)) {
    const auto similar = similar_timezone(name);
    problem(zone.begin,
            "unknown time zone '" + name + "'" + (similar ? " (did you mean '" + *similar + "'?)" : ""));
    return;
  }
  out_.edits.push_back({.begin = zone.begin, .end = zone.end, .text = std::to_string(names_.zone(name))});
}

void Checker::check_call(const Call& call) {
  consumed_.insert(call.at);
  if (is_clock_function(call.name)) return check_clock(call);
  Read read;
  if (!read_arguments(call, read)) return;
  use(read, call.at);
  const Argument& id = call.argument(0);
  out_.edits.push_back({.begin = id.begin, .end = id.end, .text = std::to_string(names_.column(read))});
}

void Checker::check_name(const std::string& name, std::size_t at) {
  if (consumed_.contains(at)) return;
  if (std::ranges::any_of(names_.variables, [&](const auto& v) { return v.first == name; })) {
    out_.variables.insert(name);
    return;
  }
  if (is_reading_function(name) || is_clock_function(name)) {
    problem(at,
            "'" + name + "' is a function and must be called: " + name + "(...)" +
                (names_.metrics.contains(name) ? "; the metric of that name is metric('" + name + "')" : ""));
    return;
  }
  if (holds(javascript::kept_globals, name) || holds(javascript::dropped_globals, name)) return;
  if (names_.metrics.contains(name)) {
    const Read read{.what = Read::What::metric, .id = name};
    use(read, at);
    names_.bare(name, names_.column(read));
    return;
  }
  std::set<std::string> candidates = names_.metrics;
  for (const auto& [variable, source] : names_.variables) candidates.insert(variable);
  for (const Function& known : reading_functions) candidates.emplace(known.name);
  for (const Function& known : clock_functions) candidates.emplace(known.name);
  for (const auto known : javascript::kept_globals) candidates.emplace(known);
  problem(at, "unknown name '" + name + "'" + did_you_mean(name, candidates));
}

CheckedSource Checker::run(const json& analysis) {
  for (const json& item : analysis.at("calls")) {
    Call call{.name = item.at("name"), .at = item.at("at"), .arguments = {}};
    if (!is_reading_function(call.name) && !is_clock_function(call.name)) continue;
    if (std::ranges::any_of(names_.variables, [&](const auto& v) { return v.first == call.name; })) continue;
    for (const json& argument : item.at("arguments")) {
      call.arguments.push_back({.kind = argument.at("kind"),
                                .value = argument.value("value", json()),
                                .begin = argument.at("begin"),
                                .end = argument.at("end")});
    }
    check_call(call);
  }
  for (const json& item : analysis.at("free")) check_name(item.at(0), item.at(1));
  if (const json& wrong = analysis.at("problem"); wrong.is_array()) problem(wrong.at(1), wrong.at(0));
  for (const json& at : analysis.at("returns")) {
    out_.edits.push_back({.begin = at, .end = at, .text = "return "});
  }
  std::ranges::stable_sort(out_.edits, {}, &Edit::begin);
  std::size_t done = 0;
  for (const Edit& edit : out_.edits) {
    if (edit.begin < done || edit.end < edit.begin || edit.end > text_.size())
      throw json::other_error::create(501, "edits", nullptr);
    out_.text.append(text_, done, edit.begin - done).append(edit.text);
    done = edit.end;
  }
  out_.text.append(text_, done);
  return std::move(out_);
}

std::size_t offset_of(const std::string& text, LineColumn place) {
  std::size_t i = 0;
  for (int line = 1; line < place.line; ++line) {
    const std::size_t next = text.find('\n', i);
    if (next == std::string::npos) return text.size();
    i = next + 1;
  }
  for (int column = 1; column < place.column && i < text.size(); ++column) {
    ++i;
    while (i < text.size() && is_continuation(text[i])) ++i;
  }
  return i;
}

}  // namespace

LineColumn line_column(const std::string& text, std::size_t offset) {
  LineColumn out;
  for (std::size_t i = 0; i < std::min(offset, text.size()); ++i) {
    if (text[i] == '\n') {
      ++out.line;
      out.column = 1;
    } else if (!is_continuation(text[i])) {
      ++out.column;
    }
  }
  return out;
}

LineColumn original_place(const std::string& original, const std::vector<Edit>& edits, LineColumn edited) {
  std::string text;
  std::vector<std::pair<std::size_t, const Edit*>> starts;  // in the edited text
  std::size_t done = 0;
  for (const Edit& edit : edits) {
    text.append(original, done, edit.begin - done);
    starts.emplace_back(text.size(), &edit);
    text += edit.text;
    done = edit.end;
  }
  text.append(original, done);
  const std::size_t at = offset_of(text, edited);
  for (auto i = starts.rbegin(); i != starts.rend(); ++i) {
    const auto& [start, edit] = *i;
    if (at < start) continue;
    const std::size_t after = start + edit->text.size();
    return line_column(original, at < after ? edit->begin : edit->end + (at - after));
  }
  return line_column(original, at);
}

CheckedSource check_source(const std::string& text, const javascript::Analysis& analysis,
                           const Names& names) {
  CheckedSource out;
  if (!analysis.problem.empty()) {
    out.problems.push_back({.message = analysis.problem,
                            .line = std::max(1, static_cast<int>(analysis.place.line)),
                            .column = std::max(1, static_cast<int>(analysis.place.column))});
    return out;
  }
  try {
    return Checker(text, names).run(json::parse(analysis.json));
  } catch (const json::exception&) {
    // The child answered nonsense: not the user's fault, but nothing may start on it.
    out.problems.push_back({.message = "could not be compiled"});
    return out;
  }
}

bool is_free_name(const std::string& name) {
  constexpr std::array reserved = std::to_array<std::string_view>(
      {"arguments", "await",      "break",  "case",   "catch",   "class",    "const",     "continue",
       "debugger",  "default",    "delete", "do",     "else",    "enum",     "export",    "extends",
       "false",     "finally",    "for",    "if",     "import",  "function", "in",        "instanceof",
       "interface", "let",        "new",    "null",   "package", "private",  "protected", "public",
       "return",    "static",     "super",  "switch", "this",    "throw",    "true",      "try",
       "typeof",    "implements", "var",    "void",   "while",   "with",     "yield"});
  const auto letter = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '$';
  };
  const auto digit = [](char c) { return c >= '0' && c <= '9'; };
  return !name.empty() && letter(name[0]) &&
         std::ranges::all_of(name, [&](char c) { return letter(c) || digit(c); }) && !holds(reserved, name) &&
         !holds(javascript::kept_globals, name) && !holds(javascript::dropped_globals, name) &&
         !is_reading_function(name) && !is_clock_function(name);
}

}  // namespace wave::plans
