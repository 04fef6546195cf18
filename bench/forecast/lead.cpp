#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <fstream>
#include <memory>
#include <numbers>

#include <unistd.h>

#include "forecast/forecast.h"
#include "forecast/lead/forecaster.h"
#include "forecast/lead/record.h"
#include "forecast/rolling_series.h"
#include "traces.h"

namespace {

using wave::Duration;
using wave::forecast::LeadForecaster;
using wave::forecast::Series;
using namespace std::chrono_literals;

constexpr Duration lead = 15min;

struct Coverage {
  double p50 = 0, p90 = 0, p95 = 0;
  double mase = 0;
  double pinball = 0;  ///< relative to that of the last value plus its usual rise
};

Coverage coverage_of(const Series& series, std::size_t days) {
  const auto day = static_cast<std::size_t>(24h / series.step);
  const std::size_t start = series.values.size() - days * day;
  const std::vector<float> past(series.values.begin(),
                                series.values.begin() + static_cast<std::ptrdiff_t>(start));
  LeadForecaster forecaster(
      {.step = series.step, .lead = lead, .span = series.step, .unit = LeadForecaster::unit_of(past)});
  wave::forecast::Record record(series.step, forecaster.horizon_steps());
  Coverage out;
  double count = 0;
  for (std::size_t i = 0; i < series.values.size(); ++i) {
    forecaster.add(series.values[i]);
    const auto& outcome = forecaster.outcome();
    if (!outcome) continue;
    record.add(*outcome);
    if (i < start) continue;
    ++count;
    out.p50 += outcome->load <= outcome->q50 ? 1 : 0;
    out.p90 += outcome->load <= outcome->q90 ? 1 : 0;
    out.p95 += outcome->load <= outcome->q95 ? 1 : 0;
  }
  for (double* share : {&out.p50, &out.p90, &out.p95}) *share /= std::max(count, 1.0);
  out.mase = record.mase();
  out.pinball = record.pinball_of_persistence() > 0 ? record.pinball() / record.pinball_of_persistence() : 0;
  return out;
}

bool covers(double share) {
  return share >= 0.87 && share <= 0.93;
}

double resident_bytes() {
  long pages = 0;
  if (std::FILE* file = std::fopen("/proc/self/statm", "r")) {
    long all = 0;
    if (std::fscanf(file, "%ld %ld", &all, &pages) != 2) pages = 0;
    std::fclose(file);
  }
  return static_cast<double>(pages) * static_cast<double>(sysconf(_SC_PAGESIZE));
}

double seconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

double daily(std::size_t i, std::size_t day, std::size_t series) {
  const double phase = 2 * std::numbers::pi * static_cast<double>(i % day) / static_cast<double>(day);
  return 550 - 450 * std::cos(phase) + 20 * std::sin(static_cast<double>(i * 13 + series));
}

}  // namespace

void print_lead(const std::filesystem::path& folder) {
  std::printf("15 minutes ahead, the last 7 days; then P90 when the level changes in their middle:\n");
  std::printf("%-28s %6s %6s %6s %6s %8s %7s %7s\n", "trace", "P50", "P90", "P95", "MASE", "pinball", "x 0.5",
              "x 2");
  int traces = 0;
  int within[3] = {};
  for (const auto& path : traces_in(folder)) {
    const Series series = read_trace(path);
    const auto day = static_cast<std::size_t>(24h / series.step);
    if (series.values.size() < 9 * day) continue;
    const auto plain = coverage_of(series, 7);
    double shifted[2] = {};
    for (const int which : {0, 1}) {
      Series other = series;
      for (std::size_t i = series.values.size() - 7 * day / 2; i < series.values.size(); ++i)
        other.values[i] *= which == 0 ? 0.5 : 2;
      shifted[which] = coverage_of(other, 7).p90;
    }
    std::printf("%-28s %6.3f %6.3f %6.3f %6.3f %8.3f %7.3f %7.3f\n", path.stem().c_str(), plain.p50,
                plain.p90, plain.p95, plain.mase, plain.pinball, shifted[0], shifted[1]);
    ++traces;
    within[0] += covers(plain.p90) ? 1 : 0;
    within[1] += covers(shifted[0]) ? 1 : 0;
    within[2] += covers(shifted[1]) ? 1 : 0;
  }
  std::printf("P90 between 0.87 and 0.93: %d of %d, x 0.5: %d, x 2: %d\n", within[0], traces, within[1],
              within[2]);
}

void print_speed() {
  constexpr std::size_t count = 500;
  constexpr std::size_t day = 288;
  constexpr double many = 10'000;
  const double before = resident_bytes();
  std::vector<std::unique_ptr<LeadForecaster>> forecasters;
  std::vector<std::unique_ptr<wave::forecast::RollingSeries>> histories;
  wave::UtcTime now = wave::UtcTime(20'000 * 24h);
  for (std::size_t s = 0; s < count; ++s) {
    forecasters.push_back(std::make_unique<LeadForecaster>(
        LeadForecaster::Options{.step = 5min, .lead = 5min, .span = 5min, .unit = 25}));
    histories.push_back(std::make_unique<wave::forecast::RollingSeries>(
        wave::forecast::RollingSeries::Options{.step = 5min, .history = 35 * 24h}, now));
  }
  const auto step = [&](std::size_t i) {
    now += 5min;
    for (std::size_t s = 0; s < count; ++s) {
      histories[s]->add(now - 1s, daily(i, day, s));
      histories[s]->close(now);
      forecasters[s]->add(daily(i, day, s));
    }
  };
  std::size_t i = 0;
  for (; i < 36 * day; ++i) step(i);
  const auto start = std::chrono::steady_clock::now();
  for (const std::size_t end = i + day; i < end; ++i) step(i);
  const double update = seconds_since(start) / static_cast<double>(count * day);
  const double bytes = (resident_bytes() - before) / static_cast<double>(count);
  std::printf(
      "a step of one series: %.1f us, of 10,000: %.2f s; 5 weeks at 5 minutes and a forecaster: %.0f kB, "
      "10,000 of them: %.2f GB (measured on %zu series)\n",
      1e6 * update, update * many, bytes / 1000, bytes * many / 1e9, count);

  Series fortnight{.start = {}, .step = 5min, .values = {}};
  for (std::size_t t = 0; t < 14 * day; ++t) fortnight.values.push_back(daily(t, day, 0));
  std::vector<double> times;
  for (int run = 0; run < 9; ++run) {
    const auto begun = std::chrono::steady_clock::now();
    const auto answer = wave::forecast::forecast(fortnight, {.horizon = day, .quantiles = {0.5, 0.9}});
    times.push_back(1000 * seconds_since(begun));
    if (!answer) return;
  }
  std::ranges::sort(times);
  std::printf("fit and forecast a day from 14 days at 5 minutes: %.1f ms (median of 9)\n", times[4]);
}
