#include <algorithm>
#include <array>

#include <nlohmann/json.hpp>

#include "api/api.h"
#include "cli/commands.h"
#include "cli/world.h"
#include "history/sqlite.h"
#include "net/http.h"

namespace wave::cli {
namespace {

using nlohmann::json;

/// The daemon answers from what it knows.
constexpr Duration answers_within = 5s;
/// It observes and sets first.
constexpr Duration scales_within = 60s;

/// Says which token was sent: where it came from is known here, and whose it is there.
Error not_its_token(const Configuration& configuration) {
  const auto& file = configuration.token_file;
  const std::string sent = configuration.token.empty() ? "in " + file.string() : "in WAVE_TOKEN";
  return {.code = ErrorCode::unauthorized,
          .message = "the token " + sent + " is not that of the daemon at " + configuration.url(),
          .hint =
              "the daemon's is what it was given as WAVE_TOKEN, else in the file that its `token_file:` "
              "names (wave.token in the folder that it runs in)"};
}

/// What the daemon answered; unavailable when nobody listens there.
Result<net::HttpResponse> exchange(World& world, const Configuration& configuration,
                                   const std::string& method, const std::string& path,
                                   const json& body = nullptr, Duration within = answers_within) {
  net::HttpRequest request{
      .method = method,
      .url = configuration.url() + path,
      .timeout = within,
      .transport = std::make_shared<const net::Transport>(net::Transport{.proxy_url = "none"})};
  if (method == "POST") {
    auto token = read_token(configuration, false);
    if (!token) return std::unexpected(token.error());
    request.headers = {{"Authorization", "Bearer " + *token}, {"Content-Type", "application/json"}};
    request.body = body.dump();
  }
  auto answer = world.loop.run_until(world.http->send(std::move(request)));
  if (answer && answer->status == 401) return std::unexpected(not_its_token(configuration));
  if (!answer && answer.error().code == ErrorCode::unavailable)
    answer.error().hint = "is the daemon running? start it with `wave-autoscale run`";
  if (!answer && answer.error().code == ErrorCode::timeout)
    answer.error().hint = std::string(
                              "the daemon is there and does not answer: it hangs, is stopped or has no "
                              "CPU; its log may tell") +
                          (method == "POST" ? "; it may still do what it was told" : "");
  return answer;
}

/// The JSON of an answer, or what the daemon said went wrong.
Result<json> told(const Result<net::HttpResponse>& answer) {
  if (!answer) return std::unexpected(answer.error());
  json value = json::parse(answer->body, nullptr, false);
  if (answer->status == 200 && !value.is_discarded()) return value;
  Error error{.code = ErrorCode::bad_response,
              .message = "the daemon answered HTTP " + std::to_string(answer->status)};
  if (value.is_object() && value.contains("error") && value["error"].is_object()) {
    const auto& wrong = value["error"];
    error.message = wrong.value("message", error.message);
    error.hint = wrong.value("hint", "");
    for (int code = 0; code <= static_cast<int>(ErrorCode::internal); ++code)
      if (name(static_cast<ErrorCode>(code)) == wrong.value("code", ""))
        error.code = static_cast<ErrorCode>(code);
  }
  return std::unexpected(error);
}

Result<json> ask(World& world, const Configuration& configuration, const std::string& method,
                 const std::string& path, const json& body = nullptr) {
  return told(exchange(world, configuration, method, path, body));
}

std::string text_of(const json& value) {
  if (value.is_string()) return value.get<std::string>();
  if (value.is_number()) return show(value.get<double>());
  return "-";
}

std::string span_of(const json& value) {
  return format_duration(std::chrono::floor<std::chrono::seconds>(from_seconds(value.get<double>())));
}

std::string age_of(const json& value) {
  return value.is_number() ? span_of(value) + " ago" : "-";
}

std::string values_of(const json& values) {
  std::string out;
  for (const auto& [value, number] : values.items()) out += value + "=" + text_of(number) + " ";
  return out;
}

/// `until TIME`, `until resumed`, and the reason where one was given.
std::string pause_of(const json& until, const json& reason) {
  const std::string why = reason.is_string() ? reason.get<std::string>() : "";
  return (until.is_string() ? "until " + text_of(until) : "until resumed") +
         (why.empty() ? "" : " (" + why + ")");
}

void show_component(const json& one) {
  print_line(coloured(text_of(one["component_id"]), Colour::bold) + " (" + text_of(one["kind"]) +
             "): " + values_of(one["current"]) + "ready=" + text_of(one["ready"]) +
             (one["changing"] == json(true) ? coloured(" changing", Colour::yellow) : "") +
             (one["known"] == json(true) ? "" : coloured(" NOT OBSERVED", Colour::red)));
  if (one["paused"] == json(true))
    print_line("  " + coloured("paused", Colour::yellow) + " " +
               pause_of(one["paused_until"], one.value("paused_reason", json())));
  if (one.contains("steered_by"))
    print_line("  " + coloured("steered by " + text_of(one["steered_by"]), Colour::red));
  if (one["error"].is_object()) print_line("  " + coloured(text_of(one["error"]["message"]), Colour::red));
  for (const auto& warning : one["warnings"]) print_line("  " + coloured(text_of(warning), Colour::yellow));
  for (const auto& decision : one["decisions"]) print_line("  " + text_of(decision["text"]));
  if (one["last_attempt"].is_object()) {
    const auto& attempt = one["last_attempt"];
    print_line("  last set " + values_of(attempt["values"]) + "at " + text_of(attempt["at"]) +
               (attempt["error"].is_object()
                    ? coloured(" FAILED: " + text_of(attempt["error"]["message"]), Colour::red)
                    : ""));
    if (one["next_try_in_seconds"].is_number())
      print_line(
          "  the same is tried again in " + span_of(one["next_try_in_seconds"]) +
          (attempt["error"]["retryable"] == json(false) ? ", or when definitions are loaded again" : ""));
  }
}

/// The next of the known events; `--json` has all.
constexpr std::size_t most_events_shown = 10;

void show_events(const json& metrics) {
  std::vector<std::array<std::string, 4>> rows;  // they begin with when they begin
  for (const auto& metric : metrics)
    for (const auto& one : metric.value("events", json::array()))
      rows.push_back({text_of(one["begin"]) + " to " + text_of(one["end"]), text_of(one["event_id"]),
                      text_of(metric["metric_id"]),
                      one["stands_aside"] == json(true) ? "stands aside: " + text_of(one["problem"])
                      : one["in_force"] == json(true)   ? "in force, " + text_of(one["expected"])
                                                        : text_of(one["expected"])});
  if (rows.empty()) return;
  std::ranges::sort(rows);
  Table table({"EVENT", "METRIC", "WHEN", "EXPECTED"});
  for (std::size_t i = 0; i < std::min(rows.size(), most_events_shown); ++i)
    table.add({rows[i][1], rows[i][2], rows[i][0], rows[i][3]});
  std::fputs(("\n" + table.text()).c_str(), stdout);
  if (rows.size() > most_events_shown)
    print_line("and " + std::to_string(rows.size() - most_events_shown) + " more");
}

void show_status(const json& status) {
  if (const auto problem = status.find("definitions_problem");
      problem != status.end() && problem->is_object()) {
    const double others = problem->value("count", 1.0) - 1;
    print_line(coloured("the definitions on disk are invalid, earlier ones are at work: " +
                            definitions::Problem{.file = problem->value("file", ""),
                                                 .line = problem->value("line", 0),
                                                 .column = problem->value("column", 0),
                                                 .message = problem->value("message", "")}
                                .text() +
                            (others > 0 ? " (and " + show(others) + " more)" : ""),
                        Colour::red));
  }
  for (const auto& one : status["components"]) show_component(one);
  Table table({"METRIC", "VALUE", "AGE", "PROBLEM"});
  for (const auto& one : status["metrics"])
    table.add({text_of(one["metric_id"]), text_of(one["value"]), age_of(one["age_seconds"]),
               text_of(one["problem"])});
  std::fputs(("\n" + table.text()).c_str(), stdout);
  show_events(status["metrics"]);
  for (const auto& plan : status["plans"])
    for (const auto& item : plan["items"])
      if (item["error"].is_string())
        print_line(coloured("plan " + text_of(plan["plan_id"]) + " > " + text_of(item["item_id"]) + ": " +
                                text_of(item["error"]),
                            Colour::red));
  const auto& history = status["history"];
  if (history["writable"] != json(true))
    print_line(coloured("history: " + text_of(history["problem"]), Colour::red));
}

int report(Result<json> answer, const Arguments& arguments, const std::function<std::string(json&)>& text) {
  if (!answer) return fail_with(answer.error(), arguments.json);
  print_line(arguments.json ? answer->dump() : text(*answer));
  return exit_done;
}

/// What was asked for is not there yet, and nobody goes on with it.
bool is_in_part(const json& all) {
  return all.back().contains("rest") && !all.back()["rest"].is_null();
}

void show_decisions(const json& all) {
  for (const auto& one : all) {
    const bool in_part = one.contains("reached");
    print_line(text_of(one["component_id"]) + " " + text_of(one["value"]) + ": " + text_of(one["current"]) +
               " -> " + text_of(one[in_part ? "reached" : "final"]) +
               (in_part ? " of " + text_of(one["final"]) : "") +
               (one["applied"] == json(true) ? " (applied)" : " (not applied)"));
    for (const auto& reason : one["reasons"])
      print_line("  " + text_of(reason["rule"]) + ": " + text_of(reason["text"]));
  }
  const json& last = all.back();
  if (is_in_part(all))
    print_line("not all at once: " + text_of(last["rest"]) + "; run it again for the rest");
  if (last.value("paused", false))
    print_line(text_of(last["component_id"]) + " is paused " +
               pause_of(last["paused_until"], last["paused_reason"]));
}

/// No daemon runs here: reads, decides and sets by itself, with the daemon's stored state.
Result<json> scale_directly(World& world, definitions::Loaded loaded, const Arguments& arguments,
                            const Configuration& configuration) {
  auto store = history::open_sqlite(world.loop, configuration.database, configuration.retention);
  if (!store) return std::unexpected(store.error());
  engine::Engine engine(world.parts(store->get()), {.self_driven = false});
  auto problems = engine.load(std::move(loaded.definitions));
  if (!problems) return std::unexpected(problems.error());
  if (!problems->empty()) return fail(ErrorCode::invalid_argument, problems->front().text());
  const auto* component = engine.generation().component(arguments.component);
  if (component != nullptr && component->definition().kind->ephemeral && !arguments.dry_run)
    return std::unexpected(Error{.code = ErrorCode::unavailable,
                                 .message = "no daemon runs, and what component " + arguments.component +
                                            " starts would end with this command",
                                 .hint = "start the daemon with `wave-autoscale run`"});
  auto outcome = world.loop.run_until(engine.scale(
      arguments.component,
      {.values = arguments.values, .pause_for = arguments.hold_for, .dry_run = arguments.dry_run}));
  if (!outcome) return std::unexpected(outcome.error());
  (void)world.loop.run_until((*store)->flush(5s));
  if (outcome->attempt && outcome->attempt->error) return std::unexpected(*outcome->attempt->error);
  return json::parse(api::scaled_json(*outcome));
}

}  // namespace

int status(const Arguments& arguments, const Configuration& configuration) {
  World world(LogLevel::error);
  auto answer = ask(world, configuration, "GET", "/api/v1/status");
  if (!answer) return fail_with(answer.error(), arguments.json);
  if (arguments.names.empty()) {
    if (arguments.json) {
      print_line(answer->dump());
    } else {
      show_status(*answer);
    }
    return exit_done;
  }
  const auto& components = (*answer)["components"];
  const auto found = std::ranges::find_if(
      components, [&](const json& one) { return one["component_id"] == json(arguments.names.front()); });
  if (found == components.end()) {
    const auto& asked = arguments.names.front();
    std::vector<std::string> ids;
    for (const auto& one : components) ids.push_back(text_of(one["component_id"]));
    return fail_with(
        {.code = ErrorCode::not_found,
         .message = "the daemon has no component '" + asked + "'" + definitions::did_you_mean(asked, ids)},
        arguments.json);
  }
  if (arguments.json) {
    print_line(found->dump());
  } else {
    show_component(*found);
  }
  return exit_done;
}

int pause(const Arguments& arguments, const Configuration& configuration) {
  World world(LogLevel::error);
  json body = {{"reason", arguments.reason}};
  if (!arguments.until.empty()) {
    const auto wait = parse_duration(arguments.until);
    const auto until = wait ? std::optional(world.loop.utc() + *wait) : parse_time(arguments.until);
    body["until"] = iso8601(*until);
  }
  const auto& id = arguments.names.front();
  auto answer =
      ask(world, configuration, "POST", "/api/v1/components/" + net::percent_encode(id) + "/pause", body);
  return report(answer, arguments,
                [&](json& told) { return id + " is paused " + pause_of(told["until"], told["reason"]); });
}

int resume(const Arguments& arguments, const Configuration& configuration) {
  World world(LogLevel::error);
  const auto& id = arguments.names.front();
  auto answer = ask(world, configuration, "POST", "/api/v1/components/" + net::percent_encode(id) + "/resume",
                    json::object());
  return report(answer, arguments, [&](json& told) {
    return id + (told["was_paused"] == json(true) ? " is resumed" : " was not paused");
  });
}

int scale(const Arguments& arguments, const Configuration& configuration) {
  for (const auto& [value, number] : arguments.values)
    if (number < 0)
      return fail_with({.code = ErrorCode::invalid_argument, .message = value + " must not be below 0"},
                       arguments.json, exit_usage);
  World world(LogLevel::error);
  json body = {{"values", arguments.values}, {"dry_run", arguments.dry_run}};
  if (arguments.hold_for) body["for"] = format_duration(*arguments.hold_for);
  // A daemon that tells of a target that is not available is there.
  const auto nobody = [](const auto& sent) { return !sent && sent.error().code == ErrorCode::unavailable; };
  const auto sent = exchange(world, configuration, "POST",
                             "/api/v1/components/" + net::percent_encode(arguments.component) + "/scale",
                             body, scales_within);
  bool no_daemon = nobody(sent);
  if (!sent && sent.error().message.starts_with("no token"))
    no_daemon = nobody(exchange(world, configuration, "GET", "/api/v1/status"));
  auto answer = told(sent);
  if (no_daemon) {
    const auto paths = definition_paths(arguments, configuration);
    if (!paths) return fail_with(paths.error(), arguments.json);
    auto loaded = load_and_check(*paths);
    if (!loaded.ok()) return fail_invalid(loaded.errors, {}, arguments.json);
    answer = scale_directly(world, std::move(loaded), arguments, configuration);
  }
  if (!answer) return fail_with(answer.error(), arguments.json);
  if (arguments.json) {
    // One value: the decision itself, as documented; several: a list of them.
    print_line(answer->size() == 1 ? (*answer)[0].dump() : answer->dump());
  } else {
    show_decisions(*answer);
  }
  return is_in_part(*answer) ? exit_failed : exit_done;
}

}  // namespace wave::cli
