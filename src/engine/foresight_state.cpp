#include <cmath>

#include <nlohmann/json.hpp>

#include "engine/foresight.h"

namespace wave::engine {
namespace {

using nlohmann::json;
using Remembered = forecast::Events::Remembered;

/// Nothing where it is none that this could have written.
std::optional<Remembered> event_of(const json& one) {
  if (!one.is_object() || !one.contains("name") || !one["name"].is_string() || !one.contains("start") ||
      !one["start"].is_string())
    return std::nullopt;
  const bool is_amount = one.contains("amount");
  const char* key = is_amount ? "amount" : "factor";
  const auto begin = parse_time(one["start"].get<std::string>());
  if (!begin || !one.contains(key) || !one[key].is_number()) return std::nullopt;
  const double value = one[key].get<double>();
  if (!std::isfinite(value) || (!is_amount && value <= 0)) return std::nullopt;
  return Remembered{
      .name = one["name"].get<std::string>(), .begin = *begin, .is_amount = is_amount, .value = value};
}

}  // namespace

std::vector<Remembered> Foresight::read_events() const {
  std::vector<Remembered> out;
  if (parts_.store == nullptr) return out;
  const auto text = parts_.store->state(events_key());
  if (!text)
    parts_.log.error("what earlier events did cannot be read",
                     {{"metric", definition_->id}, {"error", text.error().text()}});
  const auto kept = text && *text ? json::parse(**text, nullptr, false) : json();
  if (!kept.is_array()) return out;
  for (const auto& one : kept)
    if (auto event = event_of(one)) out.push_back(std::move(*event));
  return out;
}

void Foresight::save_events() {
  saved_ = events_.remembered();
  if (parts_.store == nullptr) return;
  json out = json::array();
  for (const auto& one : saved_)
    out.push_back({{"name", one.name},
                   {"start", iso8601(one.begin)},
                   {one.is_amount ? "amount" : "factor", one.value}});
  parts_.store->put_state(events_key(), out.dump(-1, ' ', false, json::error_handler_t::replace));
}

}  // namespace wave::engine
