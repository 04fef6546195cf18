#include <random>

#include <gtest/gtest.h>

#include "unit/metrics/subjects.h"
#include "world.h"

namespace wave::test {
namespace {

constexpr double served = 7;
constexpr double at_first = 3;

/// A server that is well, slow, dead, or talks nonsense, for some seconds each.
class Server {
 public:
  enum class Mood { well, slow, silent, refusing, throttling, failing, truncating, empty };

  Server(const Subject& subject, std::size_t number)
      : subject_(subject), base_("http://s" + std::to_string(number)) {}

  const std::string& base() const { return base_; }
  const Subject& subject() const { return subject_; }
  bool is_asked(const net::HttpRequest& request) const {
    return request.url.starts_with(base_ + "/") || request.url == base_;
  }
  Mood mood(UtcTime now, std::mt19937& random) {
    if (now < until_ || recovered_) return mood_;
    mood_ = static_cast<Mood>(random() % 8);
    until_ = now + std::chrono::seconds(3 + random() % 25);
    return mood_;
  }
  void recover() {
    recovered_ = true;
    mood_ = Mood::well;
  }
  std::string part(std::mt19937& random) const {
    return subject_.good.substr(0, random() % subject_.good.size());
  }

 private:
  Subject subject_;
  std::string base_;
  Mood mood_ = Mood::well;
  UtcTime until_{};
  bool recovered_ = false;
};

class Outages : public testing::TestWithParam<unsigned> {
 protected:
  Outages() {
    for (const auto& subject : subjects())
      if (!subject.good.empty()) servers.emplace_back(subject, servers.size());
    std::string text;
    for (std::size_t i = 0; i < servers.size(); ++i) {
      const std::string n = std::to_string(i);
      text += "kind: Metric\nid: m" + n +
              "\nmetric_kind: push\npolling_interval: 5s\ntimeout: 2s\nstale_after: 20s\n" +
              "---\nkind: ScalingComponent\nid: c" + n +
              "\ncomponent_kind: simulated\nlimits: { min: 0, max: 99 }\n" +
              "behavior: { scale_down: { stabilization_window: 0s } }\n---\nkind: ScalingPlan\nid: p" + n +
              "\nplans: [{ id: i, scaling_components: [{ component_id: c" + n + ", desired: m" + n +
              " }] }]\n---\n";
    }
    world = std::make_unique<SimulatedWorld>(*parse_time("2026-01-01T00:00:00Z"), text);
    for (const auto& server : servers) world->metric_kinds.push_back(&server.subject().kind);
    world->prepare = [this](definitions::Definitions& definitions) {
      for (auto& metric : definitions.metrics) ask_server(metric);
    };
    for (std::size_t i = 0; i < servers.size(); ++i)
      world->components()["c" + std::to_string(i)].desired = at_first;
    script();
  }

  void ask_server(definitions::MetricDefinition& metric) {
    auto& server = servers[std::stoul(metric.id.substr(1))];
    metric.kind = &server.subject().kind.table;
    metric.metadata = settings_of(server.subject());
    if (metric.metadata.text("endpoint") == "http://h") metric.metadata.set("endpoint", server.base());
    const auto moved = [&](std::string address) {
      return address.starts_with("http://h") ? server.base() + address.substr(8) : address;
    };
    for (const auto& [key, value] : server.subject().keys) {
      if (const auto* address = std::get_if<std::string>(&value)) metric.metadata.set(key, moved(*address));
      if (const auto* several = std::get_if<definitions::Settings::List>(&value)) {
        auto all = *several;
        for (auto& one : all) one = moved(one);
        metric.metadata.set(key, all);
      }
    }
  }

  FakeHttp::Rule& when(Server::Mood mood) {
    return world->http().on([this, mood](const net::HttpRequest& request) {
      for (auto& server : servers)
        if (server.is_asked(request)) return server.mood(world->runtime.utc(), random) == mood;
      return false;
    });
  }
  static net::HttpResponse answer(int status, std::string body, net::Headers headers = {}) {
    return {.status = status, .headers = std::move(headers), .body = std::move(body)};
  }
  const Server& asked(const net::HttpRequest& request) const {
    return *std::ranges::find_if(servers, [&](const Server& one) { return one.is_asked(request); });
  }
  void script() {
    using enum Server::Mood;
    const auto good = [this](const net::HttpRequest& request) -> Result<net::HttpResponse> {
      return answer(200, asked(request).subject().good);
    };
    when(well).reply_with(good);
    when(slow).reply_with(good).after(1500ms);
    when(silent).never();
    when(refusing).fail(ErrorCode::unavailable, "connection refused");
    when(throttling).reply(429, "", {{"Retry-After", "3"}});
    when(failing).reply(500, "<html><body>Internal Server Error</body></html>");
    when(empty).reply(200, "");
    when(truncating).reply_with([this](const net::HttpRequest& request) -> Result<net::HttpResponse> {
      return answer(200, asked(request).part(random));
    });
  }

  /// What was ever read is what was served, and capacity is what it was or what was served.
  void expect_nothing_invented() {
    for (std::size_t i = 0; i < servers.size(); ++i) {
      const std::string n = std::to_string(i);
      const auto& name = servers[i].subject().name;
      const auto* metric = world->engine().generation().metric("m" + n);
      ASSERT_NE(metric, nullptr);
      if (metric->sample()) {
        EXPECT_EQ(metric->sample()->value, served) << name;
      }
      const double desired = world->components()["c" + n].desired;
      EXPECT_TRUE(desired == at_first || desired == served) << name << ": " << desired;
      if (reached.contains(i)) {
        EXPECT_EQ(desired, served) << name << " fell";
      }
      if (desired == served) reached.insert(i);
    }
  }

  std::mt19937 random{GetParam()};
  std::vector<Server> servers;
  std::unique_ptr<SimulatedWorld> world;
  std::set<std::size_t> reached;
};

TEST_P(Outages, TenMinutesOfThemInventNoValueAndLoseNoCapacity) {
  ASSERT_GT(servers.size(), 20u);
  world->start();
  for (int second = 0; second < 600; ++second) {
    world->runtime.advance(1s);
    // The daemon is stopped and started, too.
    if (second % 150 == 149) {
      spawn(world->engine().stop(1s));
      world->runtime.advance(5s);
      world->start();
    }
    ASSERT_NO_FATAL_FAILURE(expect_nothing_invented());
    if (HasFailure()) return;
  }
  for (auto& server : servers) server.recover();
  world->runtime.advance(2min);
  for (std::size_t i = 0; i < servers.size(); ++i) {
    const auto* metric = world->engine().generation().metric("m" + std::to_string(i));
    const auto& error = metric->error();
    EXPECT_TRUE(metric->sample() && !error)
        << servers[i].subject().name << ": " << (error ? error->text() : metric->problem());
  }
  // The others tell a time of their own, which the script leaves as it is: old values move nothing.
  EXPECT_GE(reached.size(), 20u);
  expect_nothing_invented();
}

INSTANTIATE_TEST_SUITE_P(Seeds, Outages, testing::Values(1u, 2u, 3u));

}  // namespace
}  // namespace wave::test
