#include "history/sqlite.h"

#include <csignal>
#include <fstream>

#include <gtest/gtest.h>
#include <sqlite3.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/loop.h"

namespace wave::history {
namespace {

class SqliteStoreTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = testing::TempDir() + "wave-history-" + std::string(6, 'X');
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    folder = pattern;
  }
  void TearDown() override { std::filesystem::remove_all(folder); }

  std::unique_ptr<Store> open(Retention retention = {}) {
    auto store = open_sqlite(loop, path(), retention);
    EXPECT_TRUE(store) << store.error().text();
    return std::move(*store);
  }
  Status flush(Store& store, Duration limit = 5s) { return loop.run_until(store.flush(limit)); }
  std::filesystem::path path() const { return folder / "wave.db"; }

  StoredDecision decision(const std::string& component, UtcTime at) {
    return {.first_at = at,
            .last_at = at,
            .component_id = component,
            .value = "desired",
            .action = "scale",
            .json = "{}"};
  }

  Loop loop;
  std::filesystem::path folder;
};

TEST_F(SqliteStoreTest, KeepsStatesSamplesAndDecisionsAcrossRestarts) {
  const UtcTime now = loop.utc();
  {
    auto store = open();
    store->put_state("component/web", R"({"a":1})");
    store->put_state("component/web", R"({"a":2})");
    store->put_state("gone", "{}");
    store->erase_state("gone");
    store->add_samples({{"rps", now - 1min, 5}, {"rps", now, 7}});
    store->add_decision(decision("web", now));
    store->repeat_decision("web", "desired", now + 5s, 3);
    ASSERT_TRUE(flush(*store));
  }
  auto store = open();
  EXPECT_EQ(store->states().value(), (std::map<std::string, std::string>{{"component/web", R"({"a":2})"}}));
  EXPECT_EQ(store->state("component/web").value(), R"({"a":2})");
  EXPECT_EQ(store->state("component/we").value(), std::nullopt);
  const auto samples = store->samples("rps", now - 2min, 10).value();
  ASSERT_EQ(samples.size(), 2u);
  EXPECT_EQ(samples.back().value, 7);
  const auto decisions = store->decisions({.component_id = "web"}).value();
  ASSERT_EQ(decisions.size(), 1u);
  EXPECT_EQ(decisions.front().count, 4);
  EXPECT_EQ(decisions.front().last_at, now + 5s);
}

TEST_F(SqliteStoreTest, ASecondDaemonIsRefusedAndNamed) {
  auto store = open();
  auto second = open_sqlite(loop, path(), {});
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, ErrorCode::busy);
  EXPECT_NE(second.error().message.find("wave.db"), std::string::npos);
}

TEST_F(SqliteStoreTest, ACommandReadsBesideTheDaemon) {
  auto store = open();
  store->add_decision(decision("web", loop.utc()));
  ASSERT_TRUE(flush(*store));
  auto reader = open_sqlite(loop, path(), {}, {.kind = OpenMode::Kind::read_only});
  ASSERT_TRUE(reader);
  EXPECT_EQ((*reader)->decisions({}).value().size(), 1u);
  EXPECT_EQ(open_sqlite(loop, folder / "none.db", {}, {.kind = OpenMode::Kind::read_only}).error().code,
            ErrorCode::not_found);
}

TEST_F(SqliteStoreTest, ADamagedFileIsMovedAsideAndTold) {
  std::ofstream(path()) << std::string(8192, 'x');
  auto store = open();
  EXPECT_FALSE(store->health().writable);
  EXPECT_NE(store->health().problem.find("damaged"), std::string::npos);
  store->put_state("k", "{}");
  EXPECT_TRUE(flush(*store));
  EXPECT_EQ(store->states().value().size(), 1u);
}

TEST_F(SqliteStoreTest, AFileThatCannotBeMadeMeansMemoryAndAWord) {
  auto store = open_sqlite(loop, folder / "no" / "such" / "wave.db", {});
  ASSERT_TRUE(store);
  EXPECT_NE((*store)->health().problem.find("in memory only"), std::string::npos);
  (*store)->put_state("k", "{}");
  EXPECT_TRUE(flush(**store));
  EXPECT_EQ((*store)->states().value().size(), 1u);
}

TEST_F(SqliteStoreTest, ALockedFileWaitsWithAClearErrorAndRecovers) {
  auto store = open();
  ASSERT_TRUE(flush(*store));
  sqlite3* other = nullptr;
  ASSERT_EQ(sqlite3_open(path().c_str(), &other), SQLITE_OK);
  ASSERT_EQ(sqlite3_exec(other, "BEGIN EXCLUSIVE", nullptr, nullptr, nullptr), SQLITE_OK);
  store->put_state("k", R"({"v":1})");
  const auto locked = flush(*store);
  ASSERT_FALSE(locked);
  EXPECT_NE(locked.error().message.find("locked"), std::string::npos);
  EXPECT_FALSE(store->health().writable);
  sqlite3_exec(other, "COMMIT", nullptr, nullptr, nullptr);
  sqlite3_close(other);
  // The writer tries again by itself.
  loop.run_until([](Loop& on, Store& of) -> Task<bool> {
    for (int i = 0; i < 600 && !of.health().writable; ++i) co_await on.sleep(10ms);
    co_return true;
  }(loop, *store));
  EXPECT_TRUE(store->health().writable);
  ASSERT_TRUE(flush(*store));
  EXPECT_EQ(store->states().value().size(), 1u);
}

TEST_F(SqliteStoreTest, OldDecisionsAndSamplesGo) {
  const UtcTime now = loop.utc();
  {
    auto store = open();
    store->add_decision(decision("old", now - 48h));
    store->add_decision(decision("new", now));
    store->add_samples({{"rps", now - 3h, 1}, {"rps", now, 2}});
    ASSERT_TRUE(flush(*store));
  }
  auto store = open({.samples = 1h, .decisions = 24h});
  store->keep_samples({});
  ASSERT_TRUE(flush(*store));
  EXPECT_EQ(store->decisions({}).value().size(), 1u);
  EXPECT_EQ(store->samples("rps", now - 24h, 10).value().size(), 1u);
}

TEST_F(SqliteStoreTest, AFileThatGrowsBeyondItsLimitLosesTheOldestOfEverythingButStates) {
  const UtcTime now = loop.utc();
  constexpr std::uint64_t limit = 400'000;
  auto store = open({.max_bytes = limit});
  store->put_state("component/web", R"({"a":1})");
  for (int hour = 0; hour < 400; ++hour) {
    const UtcTime at = now - hour * 1h;
    store->add_rollups(
        {{.metric_id = "rps", .start = at, .step = 1min, .values = std::vector<float>(60, 1)}});
    auto made = decision("web", at);
    made.json = std::string(1000, 'x');
    store->add_decision(std::move(made));
  }
  for (int i = 0; i < 5000; ++i) store->add_samples({{"rps", now - i * 1s, 1.0}});
  ASSERT_TRUE(flush(*store));
  ASSERT_GT(store->health().bytes, limit);
  for (int i = 0; i < 3; ++i) {
    store->keep_samples({});
    ASSERT_TRUE(flush(*store));
  }
  EXPECT_LE(store->health().bytes, limit + 65'536);
  EXPECT_EQ(store->states().value().size(), 1u);
  const auto rollups = store->rollups("rps", 1min, now - 1000h).value();
  ASSERT_FALSE(rollups.empty());
  EXPECT_EQ(rollups.back().start, now);
  EXPECT_LT(rollups.size(), 400u);
  EXPECT_FALSE(store->samples("rps", now - 10s, 100).value().empty());
}

TEST_F(SqliteStoreTest, NobodyElseMayReadTheFiles) {
  auto store = open();
  store->put_state("a", "{}");
  ASSERT_TRUE(flush(*store));
  for (const char* suffix : {"", "-wal", "-shm", ".lock"}) {
    const auto mode = std::filesystem::status(path().string() + suffix).permissions();
    EXPECT_EQ(mode & (std::filesystem::perms::group_all | std::filesystem::perms::others_all),
              std::filesystem::perms::none)
        << suffix;
  }
}

TEST_F(SqliteStoreTest, SamplesStayAsLongAsTheLongestWindowNeeds) {
  const UtcTime now = loop.utc();
  auto store = open({.samples = 1h});
  store->add_samples({{"rps", now - 7h, 1}, {"rps", now - 3h, 2}, {"rps", now, 3}});
  store->keep_samples(6h);
  ASSERT_TRUE(flush(*store));
  EXPECT_EQ(store->samples("rps", now - 24h, 10).value().size(), 2u);
}

TEST_F(SqliteStoreTest, WhatWasFlushedSurvivesKill9) {
  const pid_t child = ::fork();
  if (child == 0) {
    Loop own;
    auto store = open_sqlite(own, path(), {});
    (*store)->put_state("component/web", R"({"a":1})");
    const auto kept = own.run_until((*store)->flush(5s));
    if (kept) ::kill(::getpid(), SIGKILL);
    ::_exit(1);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  ASSERT_TRUE(WIFSIGNALED(status));
  auto store = open();
  EXPECT_EQ(store->states().value().at("component/web"), R"({"a":1})");
}

TEST_F(SqliteStoreTest, KeepsRollupsByStepAndReplacesTheSameStretch) {
  const UtcTime start = loop.utc() - 2h;
  {
    auto store = open();
    store->add_rollups({{.metric_id = "rps", .start = start, .step = 1min, .values = {1, 2}},
                        {.metric_id = "rps", .start = start + 1h, .step = 1min, .values = {3}},
                        {.metric_id = "rps", .start = start, .step = 5min, .values = {9}}});
    store->add_rollups({{.metric_id = "rps", .start = start + 1h, .step = 1min, .values = {3, 4}}});
    ASSERT_TRUE(flush(*store));
  }
  auto store = open();
  const auto kept = store->rollups("rps", 1min, start).value();
  ASSERT_EQ(kept.size(), 2u);
  EXPECT_EQ(kept[0].values, (std::vector<float>{1, 2}));
  EXPECT_EQ(kept[1].start, start + 1h);
  EXPECT_EQ(kept[1].values, (std::vector<float>{3, 4}));
  EXPECT_EQ(store->rollups("rps", 1min, start + 30min).value().size(), 1u);
  EXPECT_TRUE(store->rollups("other", 1min, start).value().empty());
}

TEST_F(SqliteStoreTest, ForgetsRollupsOlderThanTheirRetention) {
  {
    auto store = open({.rollups = 24h});
    store->add_rollups({{.metric_id = "rps", .start = loop.utc() - 48h, .step = 1min, .values = {1}},
                        {.metric_id = "rps", .start = loop.utc() - 1h, .step = 1min, .values = {2}}});
    ASSERT_TRUE(flush(*store));
  }
  auto store = open({.rollups = 24h});
  store->keep_samples({});
  ASSERT_TRUE(flush(*store));
  EXPECT_EQ(store->rollups("rps", 1min, UtcTime{}).value().size(), 1u);
}

}  // namespace
}  // namespace wave::history
