#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>

#include <gtest/gtest.h>

#include "world.h"

namespace wave::test {
namespace {

/// One moment of a scenario: a sample, something that happens, or something that must be so.
struct Step {
  Duration at;
  int order = 0;  ///< samples first, then what happens, then what is expected
  std::vector<std::string> words;
  int line = 0;
};

std::vector<std::string> words_of(const std::string& line) {
  std::istringstream in(line);
  std::vector<std::string> out;
  for (std::string word; in >> word;) out.push_back(word);
  return out;
}

std::string trimmed(std::string text) {
  while (!text.empty() && text.back() == ' ') text.pop_back();
  return text.substr(std::min(text.find_first_not_of(' '), text.size()));
}

/// A text file that a reader who knows no C++ can follow; tests/scenarios/README.md has the words.
class Scenario {
 public:
  explicit Scenario(const std::filesystem::path& file) : name_(file.filename()) {
    std::ifstream in(file);
    int number = 0;
    for (std::string line; std::getline(in, line);) {
      ++number;
      if (!trimmed(line).empty() && trimmed(line).front() != '#') read(line, number);
    }
    std::ranges::stable_sort(steps_, [](const Step& a, const Step& b) {
      return std::pair(a.at, a.order) < std::pair(b.at, b.order);
    });
  }

  void run() {
    SimulatedWorld world(start_, definitions());
    for (const auto& [id, current] : currents_) world.components()[id].desired = current;
    for (const auto& [id, wait] : ready_after_) world.components()[id].ready_after = wait;
    world.start();
    Duration now{0};
    for (const Step& step : steps_) {
      // An expectation sees what came of everything before it.
      if (step.at > now) world.runtime.advance(step.at - now);
      now = step.at;
      if (step.order == 2) world.runtime.advance(1ms), now += 1ms;
      perform(world, step);
      world.runtime.settle();
    }
  }

 private:
  void read(const std::string& line, int number);
  void read_component(const std::string& id, const std::string& options);
  void read_series(const std::string& line, int number);
  std::string definitions() const;
  void perform(SimulatedWorld& world, const Step& step);
  void expect(SimulatedWorld& world, const Step& step);

  std::string name_;
  UtcTime start_ = *parse_time("2026-01-05T00:00:00Z");
  std::string components_yaml_;
  std::string items_;
  std::map<std::string, Duration> metrics_;
  std::map<std::string, double> currents_;
  std::map<std::string, Duration> ready_after_;
  std::vector<Step> steps_;
};

void Scenario::read(const std::string& line, int number) {
  const auto words = words_of(line);
  if (words[0] == "start") {
    start_ = *parse_time(words[1]);
  } else if (words[0] == "component") {
    const auto colon = line.find(':');
    read_component(trimmed(line.substr(10, colon - 10)), line.substr(colon + 1));
  } else if (words[0] == "plan:") {
    items_ += "  - { id: item" + std::to_string(number) + ", " + trimmed(line.substr(5)) + " }\n";
  } else if (words[0] == "at") {
    steps_.push_back(
        {*parse_duration(words[1]), words[2] == "expect" ? 2 : 1, {words.begin() + 2, words.end()}, number});
  } else {
    read_series(line, number);
  }
}

void Scenario::read_component(const std::string& id, const std::string& options) {
  std::string yaml = "kind: ScalingComponent\nid: " + id + "\ncomponent_kind: simulated\n";
  std::string limits;
  std::string extra;
  std::istringstream parts(options);
  for (std::string part; std::getline(parts, part, ',');) {
    const auto words = words_of(part);
    if (words[0] == "min" || words[0] == "max")
      limits += (limits.empty() ? "" : ", ") + words[0] + ": " + words[1];
    if (words[0] == "current") currents_[id] = std::stod(words[1]);
    if (words[0] == "ready") ready_after_[id] = *parse_duration(words[2]);
    if (words[0] == "scale_down" || words[0] == "scale_up")
      extra += "behavior: { " + words[0] + ": { stabilization_window: " + words[2] + " } }\n";
    if (words[0] == "cooldown") extra += "cooldown: { " + words[1] + ": " + words[2] + " }\n";
  }
  components_yaml_ += yaml + "limits: { " + limits + " }\n" + extra + "---\n";
}

/// `rps every 30s: 200 x4, none x2, 150`
void Scenario::read_series(const std::string& line, int number) {
  const auto words = words_of(line.substr(0, line.find(':')));
  ASSERT_EQ(words.size(), 3u) << name_ << ":" << number << ": cannot be read: " << line;
  const Duration every = *parse_duration(words[2]);
  metrics_[words[0]] = every;
  Duration at{0};
  std::istringstream parts(line.substr(line.find(':') + 1));
  for (std::string part; std::getline(parts, part, ',');) {
    const auto run = words_of(part);
    const int times = run.size() > 1 ? std::stoi(run[1].substr(1)) : 1;
    for (int i = 0; i < times; ++i, at += every)
      if (run[0] != "none") steps_.push_back({at, 0, {"sample", words[0], run[0]}, number});
  }
}

std::string Scenario::definitions() const {
  std::string out = components_yaml_;
  for (const auto& [id, every] : metrics_)
    out += "kind: Metric\nid: " + id + "\nmetric_kind: push\nstale_after: " + format_duration(every * 3) +
           "\n---\n";
  return out + "kind: ScalingPlan\nid: plan\nplans:\n" + items_;
}

void Scenario::perform(SimulatedWorld& world, const Step& step) {
  const auto& words = step.words;
  const std::string where = name_ + ":" + std::to_string(step.line);
  if (words[0] == "sample") {
    EXPECT_TRUE(world.engine().push(words[1], {}, std::stod(words[2]), std::nullopt)) << where;
  } else if (words[0] == "stop") {
    world.kill();
  } else if (words[0] == "restart") {
    world.start();
  } else if (words[0] == "set") {
    world.components()[words[1]].desired = std::stod(words[2]);
  } else if (words[0] == "break" && words[1] == "javascript") {
    world.no_expressions = true;
  } else if (words[0] == "repair" && words[1] == "javascript") {
    world.no_expressions = false;
  } else if (words[0] == "break") {
    world.components()[words[1]].fails = true;
  } else if (words[0] == "repair") {
    world.components()[words[1]].fails = false;
  } else if (words[0] == "pause") {
    EXPECT_TRUE(world.engine().pause(words[1], world.runtime.utc() + *parse_duration(words[3]), "scenario"))
        << where;
  } else if (words[0] == "clock") {
    const Duration by = *parse_duration(words[1].substr(1));
    world.runtime.jump_utc(words[1].front() == '-' ? -by : by);
  } else {
    expect(world, step);
  }
}

/// `expect web 15 [because rule]`
void Scenario::expect(SimulatedWorld& world, const Step& step) {
  const auto& words = step.words;
  const std::string where = name_ + ":" + std::to_string(step.line);
  ASSERT_TRUE(words[0] == "expect" && words.size() >= 3) << where << ": cannot be read";
  std::string said;
  bool has_rule = words.size() < 5;
  if (!world.runs()) {
    EXPECT_EQ(world.components()[words[1]].desired, std::stod(words[2])) << where;
    return;
  }
  const auto latest = world.engine().latest().find({words[1], "desired"});
  if (latest != world.engine().latest().end()) {
    for (const auto& reason : latest->second.reasons) {
      said += reason.rule + ": " + reason.text + "\n";
      has_rule |= words.size() >= 5 && reason.rule == words[4];
    }
  }
  EXPECT_EQ(world.components()[words[1]].desired, std::stod(words[2])) << where << "\n" << said;
  EXPECT_TRUE(has_rule) << where << ": not because of " << words.back() << " but\n" << said;
}

class Scenarios : public testing::TestWithParam<std::string> {};

TEST_P(Scenarios, Happens) {
  Scenario scenario(std::filesystem::path(WAVE_SOURCE_DIR "/tests/scenarios") / (GetParam() + ".scenario"));
  scenario.run();
}

std::vector<std::string> all_scenarios() {
  std::vector<std::string> out;
  for (const auto& entry : std::filesystem::directory_iterator(WAVE_SOURCE_DIR "/tests/scenarios"))
    if (entry.path().extension() == ".scenario") out.push_back(entry.path().stem());
  std::ranges::sort(out);
  return out;
}

INSTANTIATE_TEST_SUITE_P(Files, Scenarios, testing::ValuesIn(all_scenarios()),
                         [](const auto& file) { return file.param; });

}  // namespace
}  // namespace wave::test
