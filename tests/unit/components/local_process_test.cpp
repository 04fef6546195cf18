#include <csignal>

#include <gtest/gtest.h>

#include "components/kinds.h"
#include "definitions/load.h"
#include "support/services.h"

namespace wave::components {
namespace {

/// Programs that start, end and die when the test says so.
class ScriptedProcesses final : public net::ProcessRunner {
 public:
  explicit ScriptedProcesses(Runtime& runtime) : runtime_(runtime) {}
  Task<Result<Output>> run(Command) override { co_return fail(ErrorCode::not_found, "none here"); }
  Result<ProcessId> start(Command command, std::function<void(int)> exited) override {
    if (refuse_after == 0) return fail(ErrorCode::not_found, "no such program");
    --refuse_after;
    started.push_back(std::move(command));
    running[++last] = std::move(exited);
    return last;
  }
  void signal(ProcessId process, int number) override {
    if (!running.contains(process)) return;
    signals.emplace_back(process, number);
    if (number != SIGKILL && !obedient) return;
    runtime_.after(Duration{0}, [this, process, number] { end(process, 128 + number); });
  }
  void end(ProcessId process, int code) {
    const auto exited = running.at(process);
    running.erase(process);
    exited(code);
  }

  int refuse_after = 1000;
  bool obedient = true;
  ProcessId last = 0;
  std::vector<Command> started;
  std::map<ProcessId, std::function<void(int)>> running;
  std::vector<std::pair<ProcessId, int>> signals;

 private:
  Runtime& runtime_;
};

class LocalProcessTest : public testing::Test {
 protected:
  LocalProcessTest() {
    const definitions::Catalog catalog{.metrics = {}, .components = {&local_process().table}};
    loaded = definitions::load_text("w.yaml",
                                    "kind: ScalingComponent\nid: workers\ncomponent_kind: local-process\n"
                                    "limits: { max: 9 }\n"
                                    "metadata: { command: ./work, ready_delay: 2s, grace: 5s }\n",
                                    catalog);
    const auto& definition = loaded.definitions.components.front();
    component = *local_process().create(definition, definition.metadata, services);
  }
  Result<Applied> set(double count) {
    return world.run(component->apply({.values = {{"desired", count}}, .basis = {}, .reason = {}}));
  }
  Observation seen() { return world.run(component->observe()).value(); }

  test::TestServices world;
  ScriptedProcesses processes{world.runtime};
  net::Services services{
      .runtime = world.runtime, .http = world.http, .aws = world.aws, .processes = processes};
  definitions::Loaded loaded;
  std::unique_ptr<Component> component;
};

TEST_F(LocalProcessTest, NothingIsKnownBeforeItWasSet) {
  EXPECT_TRUE(seen().current.empty());
  EXPECT_EQ(seen().ready, 0);
}

TEST_F(LocalProcessTest, StartsNumberedWorkersThatServeAfterTheirDelay) {
  ASSERT_TRUE(set(3));
  ASSERT_EQ(processes.started.size(), 3u);
  for (std::size_t i = 0; i < 3; ++i)
    EXPECT_EQ(processes.started[i].environment["WAVE_WORKER"], std::to_string(i));
  EXPECT_EQ(seen().current.at("desired"), 3);
  EXPECT_EQ(seen().ready, 0);
  EXPECT_TRUE(seen().changing);
  world.runtime.advance(2s);
  EXPECT_EQ(seen().ready, 3);
  EXPECT_FALSE(seen().changing);
  EXPECT_FALSE(set(3)->changed);
}

TEST_F(LocalProcessTest, TheNewestGoFirstAndTheirNumbersAreUsedAgain) {
  (void)set(3);
  (void)set(1);
  EXPECT_EQ(processes.signals, (std::vector<std::pair<int, int>>{{3, SIGTERM}, {2, SIGTERM}}));
  world.runtime.advance(1s);
  (void)set(2);
  EXPECT_EQ(processes.started.back().environment["WAVE_WORKER"], "1");
}

TEST_F(LocalProcessTest, AWorkerThatDoesNotGoIsKilledAfterItsGrace) {
  processes.obedient = false;
  (void)set(2);
  (void)set(1);
  world.runtime.advance(4s);
  EXPECT_EQ(processes.signals.size(), 1u);
  EXPECT_TRUE(seen().changing);
  world.runtime.advance(1s);
  world.runtime.settle();
  EXPECT_EQ(processes.signals.back(), (std::pair<int, int>{2, SIGKILL}));
  EXPECT_EQ(processes.running.size(), 1u);
}

TEST_F(LocalProcessTest, AWorkerThatDiesComesBackLaterEachTime) {
  (void)set(1);
  std::vector<Duration> waits;
  for (int i = 0; i < 4; ++i) {
    const auto started = processes.started.size();
    processes.end(processes.last, 1);
    EXPECT_EQ(seen().current.at("desired"), 1);
    EXPECT_EQ(seen().ready, 0);
    const MonoTime died = world.runtime.mono();
    while (processes.started.size() == started) ASSERT_TRUE(world.runtime.advance_to_next(5min));
    waits.push_back(world.runtime.mono() - died);
  }
  EXPECT_EQ(waits, (std::vector<Duration>{1s, 2s, 4s, 8s}));
}

TEST_F(LocalProcessTest, WhatCannotStartLeavesTheCountAsItWas) {
  (void)set(2);
  processes.refuse_after = 1;
  const auto refused = set(5);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::not_found);
  world.runtime.advance(1s);
  EXPECT_EQ(seen().current.at("desired"), 2);
  EXPECT_EQ(processes.running.size(), 2u);
}

TEST_F(LocalProcessTest, ItsEndEndsItsWorkers) {
  (void)set(2);
  component.reset();
  world.runtime.advance(1s);
  EXPECT_TRUE(processes.running.empty());
}

}  // namespace
}  // namespace wave::components
