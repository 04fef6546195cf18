#include <nlohmann/json.hpp>

#include "engine/component.h"

namespace wave::engine {

void Component::save() {
  if (parts_.store != nullptr && !superseded_) parts_.store->put_state(state_key(definition_->id), to_json());
}

std::string Component::to_json() const {
  nlohmann::json json = {{"values", nlohmann::json::object()}, {"learned", nlohmann::json::array()}};
  for (const auto& [value, state] : states_) {
    json["values"][value] = nlohmann::json::parse(decisions::to_json(state));
  }
  for (const auto took : learned_) json["learned"].push_back(took.count());
  if (pause_) {
    json["pause"] = {{"reason", pause_->reason}};
    if (pause_->until) json["pause"]["until"] = iso8601(*pause_->until);
  }
  return json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

void Component::restore(const std::string& text) {
  const auto json = nlohmann::json::parse(text, nullptr, false);
  if (!json.is_object()) return;
  restored_ = true;
  if (const auto values = json.find("values"); values != json.end() && values->is_object()) {
    for (const auto& [value, state] : values->items()) {
      if (auto read = decisions::state_from_json(state.dump())) states_[value] = std::move(*read);
    }
  }
  if (const auto learned = json.find("learned"); learned != json.end() && learned->is_array()) {
    for (const auto& took : *learned) {
      if (took.is_number_integer() && learned_.size() < 20) learned_.emplace_back(took.get<std::int64_t>());
    }
  }
  if (const auto pause = json.find("pause"); pause != json.end() && pause->is_object()) {
    Pause read;
    if (const auto reason = pause->find("reason"); reason != pause->end() && reason->is_string()) {
      read.reason = reason->get<std::string>();
    }
    if (const auto until = pause->find("until"); until != pause->end() && until->is_string()) {
      read.until = parse_time(until->get<std::string>());
    }
    pause_ = read;
  }
  expire_pause();
}

void Component::pause(Pause pause) {
  pause_ = std::move(pause);
  ++version_;
  save();
  if (on_change_) on_change_(*this);
}

void Component::resume() {
  if (!pause_) return;
  pause_.reset();
  ++version_;
  save();
  if (on_change_) on_change_(*this);
}

void Component::expire_pause() {
  if (pause_ && pause_->until && *pause_->until <= parts_.runtime.utc()) {
    pause_.reset();
    ++version_;
    save();
  }
}

}  // namespace wave::engine
