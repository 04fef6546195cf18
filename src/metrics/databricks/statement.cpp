#include "metrics/databricks/statement.h"

#include <algorithm>
#include <cmath>

#include <nlohmann/json.hpp>

namespace wave::metrics {
namespace {

using nlohmann::json;

constexpr std::size_t most_rows_of_statement = 10'000;
constexpr Duration least_wait = 5s;
constexpr Duration most_wait = 50s;
/// What is left of the time-out for the answer to arrive and for a statement to be cancelled.
constexpr Duration spare_of_statement = 1s;

/// Cells are texts or null, whatever the column's type.
Result<Row> row_of(const JsonValue& cells, const std::vector<std::pair<std::string, bool>>& columns) {
  auto list = cells.list();
  if (!list) return std::unexpected(list.error());
  if (list->size() != columns.size())
    return std::unexpected(bad_answer("a row has another number of cells than there are columns"));
  Row row;
  for (std::size_t i = 0; i < columns.size(); ++i) {
    const JsonValue& value = (*list)[i];
    Cell cell{.name = columns[i].first, .text = {}, .empty = value.is_null()};
    if (!cell.empty) {
      auto text = value.text();
      if (!text) return std::unexpected(text.error());
      cell.text = *text;
      if (columns[i].second) {
        cell.number = number_of_text(cell.text);
        if (!cell.number) return std::unexpected(value.wrong("a number"));
        cell.empty = !std::isfinite(*cell.number);
      }
    }
    row.cells.push_back(std::move(cell));
  }
  return row;
}

bool is_number_type(std::string_view type) {
  static constexpr std::string_view types[] = {"BYTE", "SHORT", "INT", "LONG", "FLOAT", "DOUBLE", "DECIMAL"};
  return std::ranges::find(types, type) != std::end(types);
}

Result<std::vector<std::pair<std::string, bool>>> columns_of(const JsonValue& schema) {
  auto list = schema["columns"].list();
  if (!list) return std::unexpected(list.error());
  std::vector<std::pair<std::string, bool>> out;
  for (const JsonValue& column : *list) {
    auto name = column["name"].text();
    if (!name) return std::unexpected(name.error());
    out.emplace_back(*name, is_number_type(column["type_name"].text_or("")));
  }
  return out;
}

Error failure_of(const JsonValue& status, std::string_view state) {
  std::string why = "the statement ended as " + std::string(state);
  const auto error = status["error"];
  const auto code = error["error_code"].text_or("");
  const auto message = error["message"].text_or("");
  if (!code.empty()) why += ": " + net::excerpt(code, 80);
  if (!message.empty()) why += ": " + net::excerpt(message, 300);
  const bool may_pass = code == "TEMPORARILY_UNAVAILABLE" || code == "SERVICE_UNDER_MAINTENANCE" ||
                        code == "INTERNAL_ERROR" || code == "DEADLINE_EXCEEDED";
  return {.code = may_pass ? ErrorCode::unavailable : ErrorCode::bad_response,
          .message = std::move(why),
          .retryable = true};
}

}  // namespace

DatabricksStatement::DatabricksStatement(const definitions::Settings& settings)
    : picker_(settings),
      warehouse_(settings.text("warehouse_id")),
      query_(settings.text("query")),
      catalog_(settings.text("catalog")),
      schema_(settings.text("schema")),
      wait_(settings.duration("wait_timeout")),
      poll_(std::max<Duration>(settings.duration("poll_interval"), 100ms)),
      allow_start_(settings.flag("allow_start")) {}

Result<DatabricksStatement> DatabricksStatement::create(const definitions::Settings& settings) {
  const Duration wait = settings.duration("wait_timeout");
  if (wait != Duration{0} && (wait < least_wait || wait > most_wait))
    return fail(ErrorCode::invalid_argument, "'wait_timeout' is 0s, or from 5s to 50s");
  return DatabricksStatement(settings);
}

Task<Status> DatabricksStatement::check_warehouse(JsonApi& api) {
  if (allow_start_) co_return Status{};
  std::string target = "/api/2.0/sql/warehouses/" + net::percent_encode(warehouse_);
  auto answer = co_await api.get(std::move(target));
  if (!answer) co_return std::unexpected(std::move(answer.error()));
  auto state = (*answer)["state"].text();
  if (!state) co_return std::unexpected(std::move(state.error()));
  if (*state == "RUNNING" || *state == "STARTING") co_return Status{};
  co_return std::unexpected(
      Error{.code = ErrorCode::busy,
            .message = "the warehouse is " + net::excerpt(*state, 40) + ", and a statement would start it",
            .retryable = true,
            .hint = "allow_start: true starts it, which costs money"});
}

/// Databricks waits for 5 s or more, or not at all; never longer than the metric does.
std::string DatabricksStatement::body(Duration timeout) const {
  const Duration wait = std::min(wait_, timeout - spare_of_statement);
  json out = {{"warehouse_id", warehouse_},
              {"statement", query_},
              {"wait_timeout", wait < least_wait ? "0s" : std::to_string(wait / 1s) + "s"},
              {"on_wait_timeout", "CONTINUE"},
              {"format", "JSON_ARRAY"},
              {"disposition", "INLINE"}};
  if (!catalog_.empty()) out["catalog"] = catalog_;
  if (!schema_.empty()) out["schema"] = schema_;
  return out.dump(-1, ' ', false, json::error_handler_t::replace);
}

Task<Result<std::vector<Series>>> DatabricksStatement::run(JsonApi& api, Runtime& runtime, Duration timeout) {
  const MonoTime end = runtime.mono() + timeout - std::min(spare_of_statement, timeout / 5);
  auto allowed = co_await check_warehouse(api);
  if (!allowed) co_return std::unexpected(std::move(allowed.error()));
  std::string first = body(timeout);
  auto answer = co_await api.post("/api/2.0/sql/statements", std::move(first));
  for (;;) {
    if (!answer) co_return std::unexpected(std::move(answer.error()));
    auto id = (*answer)["statement_id"].text();
    if (!id) co_return std::unexpected(std::move(id.error()));
    auto state = (*answer)["status"]["state"].text();
    if (!state) co_return std::unexpected(std::move(state.error()));
    if (*state == "SUCCEEDED") co_return read(answer->root());
    if (*state != "PENDING" && *state != "RUNNING")
      co_return std::unexpected(failure_of((*answer)["status"], *state));
    const std::string target = "/api/2.0/sql/statements/" + net::percent_encode(*id);
    if (runtime.mono() + poll_ >= end) {
      const std::string cancel = target + "/cancel";
      auto cancelled = co_await api.send("POST", cancel, "{}");
      co_return fail(ErrorCode::timeout,
                     "the statement took longer than " + format_duration(timeout) +
                         (cancelled ? " and was cancelled" : ""),
                     true);
    }
    co_await runtime.sleep(poll_);
    auto next = co_await api.get(target);
    answer = std::move(next);
  }
}

Result<std::vector<Series>> DatabricksStatement::read(const JsonValue& answer) const {
  const auto columns = columns_of(answer["manifest"]["schema"]);
  if (!columns) return std::unexpected(columns.error());
  const bool is_cut =
      answer["manifest"]["truncated"].is_true() || answer["result"]["next_chunk_index"].exists();
  if (is_cut) return fail(ErrorCode::limit_exceeded, "the statement gives more rows than one answer holds");
  // Zero rows have no data_array, but are counted.
  const JsonValue data = answer["result"]["data_array"];
  if (!data.exists()) {
    const auto count = answer["manifest"]["total_row_count"];
    if (count.exists() && count.number().value_or(1) != 0) return std::unexpected(data.wrong("a list"));
    return std::vector<Series>{};
  }
  auto rows = data.list();
  if (!rows) return std::unexpected(rows.error());
  if (rows->size() > most_rows_of_statement)
    return fail(ErrorCode::limit_exceeded, "the statement gives more than 10000 rows");
  std::vector<Row> out;
  for (const JsonValue& cells : *rows) {
    auto row = row_of(cells, *columns);
    if (!row) return std::unexpected(row.error());
    out.push_back(std::move(*row));
  }
  return picker_.pick(out);
}

}  // namespace wave::metrics
