#include "history/sqlite.h"

#include <condition_variable>
#include <mutex>
#include <thread>

#include "history/file_lock.h"
#include "history/schema.h"
#include "history/writer.h"

namespace wave::history {
namespace {

constexpr std::size_t most_samples_waiting = 200'000;
constexpr std::size_t most_decisions_waiting = 20'000;
constexpr std::size_t most_in_one_go = 5'000;
constexpr Duration try_again_after = 2s;
constexpr Duration retain_every = 10min;

class SqliteStore final : public Store {
 public:
  SqliteStore(Runtime& runtime, std::unique_ptr<Database> writer, std::unique_ptr<Database> reader,
              std::unique_ptr<FileLock> lock, Retention retention, std::string problem);
  ~SqliteStore() override;
  SqliteStore(const SqliteStore&) = delete;
  SqliteStore& operator=(const SqliteStore&) = delete;

  void add_samples(std::vector<StoredSample> samples) override { add_droppable(std::move(samples)); }
  void add_decision(StoredDecision decision) override;
  void repeat_decision(const std::string& component_id, const std::string& value, UtcTime at,
                       std::int64_t count) override;
  void add_rollups(std::vector<StoredRollup> rollups) override { add_droppable(std::move(rollups)); }
  void keep_samples(Duration at_least) override;
  void put_state(std::string key, std::string json) override;
  void erase_state(std::string key) override;
  Task<Status> flush(Duration limit) override;
  Result<std::map<std::string, std::string>> states() override;
  Result<std::optional<std::string>> state(const std::string& key) override;
  Result<std::vector<StoredSample>> samples(const std::string& metric_id, UtcTime since,
                                            std::size_t limit) override;
  Result<std::vector<StoredRollup>> rollups(const std::string& metric_id, Duration step,
                                            UtcTime since) override;
  Result<std::vector<StoredDecision>> decisions(const DecisionFilter& filter) override;
  Health health() const override;
  void keep_on(Duration wait);

 private:
  struct Waiting {
    std::uint64_t until;  ///< number of the last write it waits for
    std::function<void(Status)> done;
  };
  void add(Write write);
  void put(std::string key, std::optional<std::string> json);
  template <class Sample>
  void add_droppable(std::vector<Sample> samples);
  void work();
  void write_some(std::unique_lock<std::mutex>& lock);
  void answer_flushes(std::unique_lock<std::mutex>& lock, const Status& status);
  Database& reader() { return reader_ ? *reader_ : *writer_; }

  Runtime& runtime_;
  std::unique_ptr<FileLock> lock_;
  std::unique_ptr<Database> writer_;
  std::unique_ptr<Database> reader_;  ///< null: the writer's connection (in memory)
  Retention retention_;
  Duration samples_needed_{0};
  std::string lasting_problem_;
  Runtime::TimerId timer_ = 0;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);

  mutable std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<Write> queue_;
  std::map<std::string, std::optional<std::string>> states_waiting_;
  std::vector<Waiting> flushes_;
  std::uint64_t added_ = 0;
  std::uint64_t written_ = 0;
  std::size_t samples_waiting_ = 0;
  std::size_t decisions_waiting_ = 0;
  std::size_t dropped_ = 0;
  std::uint64_t bytes_ = 0;
  std::string problem_;
  bool paused_ = false;  ///< after a failure, until the timer
  bool ending_ = false;
  std::thread thread_;
};

SqliteStore::SqliteStore(Runtime& runtime, std::unique_ptr<Database> writer, std::unique_ptr<Database> reader,
                         std::unique_ptr<FileLock> lock, Retention retention, std::string problem)
    : runtime_(runtime),
      lock_(std::move(lock)),
      writer_(std::move(writer)),
      reader_(std::move(reader)),
      retention_(retention),
      lasting_problem_(std::move(problem)) {
  thread_ = std::thread([this] { work(); });
}

SqliteStore::~SqliteStore() {
  *alive_ = false;
  runtime_.cancel(timer_);
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
  }
  wake_.notify_all();
  thread_.join();
}

void SqliteStore::keep_samples(Duration at_least) {
  {
    const std::lock_guard lock(mutex_);
    samples_needed_ = at_least;
  }
  add(Retain{runtime_.utc()});
}

/// The first time once it is known what windows need.
void SqliteStore::keep_on(Duration wait) {
  timer_ = runtime_.after(wait, [this] {
    add(Retain{runtime_.utc()});
    keep_on(retain_every);
  });
}

void SqliteStore::add(Write write) {
  {
    const std::lock_guard lock(mutex_);
    queue_.push_back(std::move(write));
    ++added_;
  }
  wake_.notify_one();
}

template <class Sample>
void SqliteStore::add_droppable(std::vector<Sample> samples) {
  {
    const std::lock_guard lock(mutex_);
    for (auto& sample : samples) {
      if (samples_waiting_ >= most_samples_waiting) {
        ++dropped_;
        continue;
      }
      queue_.emplace_back(std::move(sample));
      ++samples_waiting_;
      ++added_;
    }
  }
  wake_.notify_one();
}

void SqliteStore::add_decision(StoredDecision decision) {
  {
    const std::lock_guard lock(mutex_);
    if (decisions_waiting_ >= most_decisions_waiting) {
      ++dropped_;
      return;
    }
    ++decisions_waiting_;
    queue_.emplace_back(std::move(decision));
    ++added_;
  }
  wake_.notify_one();
}

void SqliteStore::repeat_decision(const std::string& component_id, const std::string& value, UtcTime at,
                                  std::int64_t count) {
  {
    const std::lock_guard lock(mutex_);
    if (decisions_waiting_ >= most_decisions_waiting) return;
    ++decisions_waiting_;
    queue_.emplace_back(Repeat{component_id, value, at, count});
    ++added_;
  }
  wake_.notify_one();
}

void SqliteStore::put(std::string key, std::optional<std::string> json) {
  {
    const std::lock_guard lock(mutex_);
    // Only the newest of each key waits: states never overflow the queue.
    states_waiting_.insert_or_assign(std::move(key), std::move(json));
    ++added_;
  }
  wake_.notify_one();
}

void SqliteStore::put_state(std::string key, std::string json) {
  put(std::move(key), std::move(json));
}

void SqliteStore::erase_state(std::string key) {
  put(std::move(key), std::nullopt);
}

Task<Status> SqliteStore::flush(Duration limit) {
  OneShot<Status> done;
  const auto answered = std::make_shared<bool>(false);
  const auto answer = [done, answered](Status status) {
    if (std::exchange(*answered, true)) return;
    done.set(std::move(status));
  };
  bool wait = false;
  Status now;
  {
    const std::lock_guard lock(mutex_);
    if (!problem_.empty()) {
      now = fail(ErrorCode::io, problem_, true);
    } else if (written_ < added_) {
      wait = true;
      flushes_.push_back({added_, [this, answer, alive = alive_](Status status) {
                            runtime_.post_from_any_thread([answer, status] { answer(status); });
                          }});
    }
  }
  if (!wait) co_return now;
  wake_.notify_one();
  const auto timer = runtime_.after(limit, [answer, limit] {
    answer(fail(ErrorCode::timeout, "the disk took longer than " + format_duration(limit), true));
  });
  auto status = co_await done;
  runtime_.cancel(timer);
  co_return status;
}

void SqliteStore::answer_flushes(std::unique_lock<std::mutex>& lock, const Status& status) {
  std::vector<Waiting> ready;
  std::erase_if(flushes_, [&](Waiting& one) {
    if (status && one.until > written_) return false;
    ready.push_back(std::move(one));
    return true;
  });
  lock.unlock();
  for (auto& one : ready) one.done(status);
  lock.lock();
}

void SqliteStore::work() {
  std::unique_lock lock(mutex_);
  while (true) {
    wake_.wait(lock,
               [this] { return ending_ || (!paused_ && (!queue_.empty() || !states_waiting_.empty())); });
    const bool empty = queue_.empty() && states_waiting_.empty();
    if (ending_ && (empty || paused_)) return;
    write_some(lock);
  }
}

/// Takes what waits, writes it without the mutex, and puts it back when it cannot be written.
void SqliteStore::write_some(std::unique_lock<std::mutex>& lock) {
  std::deque<Write> batch;
  auto states = std::exchange(states_waiting_, {});
  const std::size_t count_states = states.size();
  for (auto& [key, json] : states) batch.emplace_back(PutState{key, json});
  while (!queue_.empty() && batch.size() < most_in_one_go) {
    batch.push_back(std::move(queue_.front()));
    queue_.pop_front();
  }
  // Several puts of one key count as written together; everything in the queue is counted one by one.
  const bool all = queue_.empty();
  const std::uint64_t added = added_;
  Retention retention = retention_;
  retention.samples = std::max(retention.samples, samples_needed_);
  lock.unlock();
  Status done = write_all(*writer_, batch, retention);
  if (done) (void)writer_->run("PRAGMA incremental_vacuum(100)");
  const std::uint64_t bytes = writer_->bytes();
  lock.lock();
  if (done) {
    bytes_ = bytes;
    for (const Write& write : batch) {
      if (std::holds_alternative<StoredSample>(write) || std::holds_alternative<StoredRollup>(write))
        --samples_waiting_;
      if (std::holds_alternative<StoredDecision>(write) || std::holds_alternative<Repeat>(write))
        --decisions_waiting_;
    }
    if (all) written_ = added;
    problem_.clear();
    answer_flushes(lock, {});
    return;
  }
  for (std::size_t i = 0; i < count_states; ++i) {
    auto& state = std::get<PutState>(batch[i]);
    states_waiting_.try_emplace(state.key, std::move(state.json));
  }
  while (batch.size() > count_states) {
    queue_.push_front(std::move(batch.back()));
    batch.pop_back();
  }
  problem_ = done.error().message;
  paused_ = true;
  runtime_.post_from_any_thread([this, alive = alive_] {
    if (!*alive) return;
    runtime_.after(try_again_after, [this, alive] {
      if (!*alive) return;
      const std::lock_guard again(mutex_);
      paused_ = false;
      wake_.notify_one();
    });
  });
  answer_flushes(lock, fail(ErrorCode::io, problem_, true));
}

Result<std::map<std::string, std::string>> SqliteStore::states() {
  return read_states(reader());
}

Result<std::optional<std::string>> SqliteStore::state(const std::string& key) {
  return read_state(reader(), key);
}

Result<std::vector<StoredSample>> SqliteStore::samples(const std::string& metric_id, UtcTime since,
                                                       std::size_t limit) {
  return read_samples(reader(), metric_id, since, limit);
}

Result<std::vector<StoredRollup>> SqliteStore::rollups(const std::string& metric_id, Duration step,
                                                       UtcTime since) {
  return read_rollups(reader(), metric_id, step, since);
}

Result<std::vector<StoredDecision>> SqliteStore::decisions(const DecisionFilter& filter) {
  return read_decisions(reader(), filter);
}

Health SqliteStore::health() const {
  const std::lock_guard lock(mutex_);
  Health health{.writable = problem_.empty() && lasting_problem_.empty(),
                .problem = lasting_problem_,
                .waiting = queue_.size() + states_waiting_.size(),
                .dropped = dropped_,
                .bytes = bytes_};
  if (!problem_.empty()) {
    if (!health.problem.empty()) health.problem += "; ";
    health.problem += problem_ + " (" + std::to_string(health.waiting) + " writes waiting, " +
                      std::to_string(dropped_) + " dropped)";
  }
  return health;
}

/// Opens the file with its tables; tells whether it is damaged.
Result<std::unique_ptr<Database>> open_file(const std::filesystem::path& path, bool& damaged) {
  auto database = Database::open(path, Database::Mode::read_write);
  if (!database) return database;
  auto ready = (*database)->run_patiently(schema);
  if (ready) return database;
  damaged = is_damage((*database)->code());
  return within(path.string(), ready.error());
}

}  // namespace

Result<std::unique_ptr<Store>> open_sqlite(Runtime& runtime, const std::filesystem::path& path,
                                           Retention retention, OpenMode mode) {
  if (mode.kind == OpenMode::Kind::read_only) {
    if (!std::filesystem::exists(path))
      return fail(ErrorCode::not_found, "there is no history at " + path.string());
    auto reader = Database::open(path, Database::Mode::read_only);
    if (!reader) return within(path.string(), reader.error());
    return std::make_unique<SqliteStore>(runtime, std::move(*reader), nullptr, nullptr, retention, "");
  }
  auto lock = FileLock::take(path);
  if (!lock && lock.error().code == ErrorCode::busy) return std::unexpected(lock.error());
  bool damaged = false;
  std::string problem;
  auto writer = open_file(path, damaged);
  if (damaged) {
    writer = fail(ErrorCode::io, "damaged");
    std::string aside =
        path.string() + ".damaged-" + std::to_string(static_cast<std::int64_t>(epoch_seconds(runtime.utc())));
    std::error_code error;
    std::filesystem::rename(path, aside, error);
    for (const char* suffix : {"-wal", "-shm"}) {
      std::error_code ignored;
      std::filesystem::remove(path.string() + suffix, ignored);
    }
    problem = path.string() + " was damaged; it is now " + aside + " and a new one is in use";
    bool again = false;
    if (!error) writer = open_file(path, again);
  }
  std::unique_ptr<Database> reader;
  if (writer) {
    auto opened = Database::open(path, Database::Mode::read_only);
    if (opened) reader = std::move(*opened);
  } else {
    problem = "history is kept in memory only: " + writer.error().text();
    writer = Database::open({}, Database::Mode::memory);
    if (!writer) return std::unexpected(writer.error());
    if (auto ready = (*writer)->run(schema); !ready) return std::unexpected(ready.error());
  }
  auto store = std::make_unique<SqliteStore>(runtime, std::move(*writer), std::move(reader),
                                             lock ? std::move(*lock) : nullptr, retention, problem);
  store->keep_on(1min);
  return store;
}

}  // namespace wave::history
