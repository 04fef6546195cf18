// The numbers of `make bench-forecast`: M4 hourly (wide files) and day-ahead forecasts of recorded traces.
#include <algorithm>
#include <charconv>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "forecast/forecast.h"
#include "traces.h"

namespace {

using wave::forecast::Series;
using Values = std::vector<double>;

std::vector<std::pair<std::string, Values>> read_wide(const std::filesystem::path& path) {
  std::vector<std::pair<std::string, Values>> out;
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  while (std::getline(file, line)) {
    std::erase(line, '"');
    std::erase(line, '\r');
    auto& [name, values] = out.emplace_back();
    for (std::size_t at = 0, end = 0; at <= line.size(); at = end + 1) {
      end = std::min(line.find(',', at), line.size());
      double value = 0;
      const bool number = std::from_chars(line.data() + at, line.data() + end, value).ec == std::errc{};
      if (at == 0)
        name = line.substr(0, end);
      else if (number)
        values.push_back(value);
    }
  }
  return out;
}

double scale_of(const Values& past, std::size_t season) {
  double sum = 0;
  for (std::size_t t = season; t < past.size(); ++t) sum += std::abs(past[t] - past[t - season]);
  return sum / static_cast<double>(past.size() - season);
}

double milliseconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count();
}

void m4(const std::filesystem::path& folder, bool holdout, std::FILE* detail) {
  auto train = read_wide(folder / "train.csv");
  const auto test = read_wide(folder / "test.csv");
  double mase = 0, smape = 0, msis = 0, naive = 0, worst = 0, total = 0, covered = 0;
  for (std::size_t i = 0; i < train.size(); ++i) {
    Values past = train[i].second;
    Values truth = test[i].second;
    if (holdout) {
      truth.assign(past.end() - 48, past.end());
      past.resize(past.size() - 48);
    }
    const auto start = std::chrono::steady_clock::now();
    const auto answer = wave::forecast::forecast({.start = {}, .step = std::chrono::hours(1), .values = past},
                                                 {.horizon = 48, .quantiles = {0.025, 0.975}});
    const double took = milliseconds_since(start);
    if (!answer) continue;
    const double scale = scale_of(past, 24);
    double error = 0, percent = 0, interval = 0, seasonal = 0;
    for (std::size_t h = 0; h < 48; ++h) {
      const auto& point = answer->points[h];
      error += std::abs(truth[h] - point.mean) / 48;
      percent +=
          200 * std::abs(truth[h] - point.mean) / (std::abs(truth[h]) + std::abs(point.mean) + 1e-12) / 48;
      const double low = point.quantiles[0], high = point.quantiles[1];
      interval +=
          (high - low + 40 * std::max(0.0, low - truth[h]) + 40 * std::max(0.0, truth[h] - high)) / 48;
      covered += truth[h] >= low && truth[h] <= high ? 1.0 / 48 : 0.0;
      seasonal += std::abs(truth[h] - past[past.size() - 24 + h % 24]) / 48;
    }
    if (detail)
      std::fprintf(detail, "%s,%.3f,%.3f,%.3f,%.3f,%.1f,%s\n", train[i].first.c_str(), error / scale, percent,
                   interval / scale, seasonal / scale, took, answer->model.c_str());
    const double n = static_cast<double>(train.size());
    mase += error / scale / n;
    smape += percent / n;
    msis += interval / scale / n;
    naive += seasonal / scale / n;
    worst = std::max(worst, error / scale);
    total += took / 1000;
  }
  std::printf(
      "M4 hourly%s, %zu series: MASE %.3f (worst %.2f)  sMAPE %.3f  MSIS95 %.3f  coverage95 %.3f  "
      "seasonal naive MASE %.3f  in %.2f s\n",
      holdout ? " (last 48 of train)" : "", train.size(), mase, worst, smape, msis,
      covered / static_cast<double>(train.size()), naive, total);
}

void traces(const std::filesystem::path& folder, bool holdout) {
  std::printf("day-ahead, %s:\n%-28s %9s %9s %7s %7s %9s  %s\n",
              holdout ? "the week before the last" : "the last 7 days", "trace", "MAE", "naive", "ratio",
              "P90", "ms", "model of the last");
  for (const auto& path : traces_in(folder)) {
    const Series all = read_trace(path);
    const auto day = static_cast<std::size_t>(std::chrono::hours(24) / all.step);
    if (all.values.size() < 12 * day) continue;  // the naive and a season need a past of two days
    double error = 0, naive = 0, covered = 0;
    std::vector<double> times;
    std::string model;
    for (std::size_t back = holdout ? 14 : 7; back > (holdout ? 7U : 0U); --back) {
      if (all.values.size() < (back + 2) * day) continue;
      const std::size_t origin = all.values.size() - back * day;
      const Series past{
          .start = all.start,
          .step = all.step,
          .values = Values(all.values.begin(), all.values.begin() + static_cast<std::ptrdiff_t>(origin))};
      const auto start = std::chrono::steady_clock::now();
      const auto answer = wave::forecast::forecast(past, {.horizon = day, .quantiles = {0.9}});
      times.push_back(milliseconds_since(start));
      if (!answer) continue;
      model = answer->model;
      for (std::size_t h = 0; h < day; ++h) {
        error += std::abs(all.values[origin + h] - answer->points[h].mean);
        naive += std::abs(all.values[origin + h] - all.values[origin + h - day]);
        covered += all.values[origin + h] <= answer->points[h].quantiles[0] ? 1 : 0;
      }
    }
    const double n = static_cast<double>(7 * day);
    std::ranges::sort(times);
    std::printf("%-28s %9.4g %9.4g %7.3f %7.3f %9.1f  %s\n", path.stem().c_str(), error / n, naive / n,
                error / naive, covered / n, times[times.size() / 2], model.c_str());
  }
}

}  // namespace

std::vector<std::filesystem::path> traces_in(const std::filesystem::path& folder) {
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(folder))
    if (entry.path().extension() == ".csv") files.push_back(entry.path());
  std::ranges::sort(files);
  return files;
}

Series read_trace(const std::filesystem::path& path) {
  Series out;
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  wave::UtcTime last{};
  while (std::getline(file, line)) {
    const auto comma = line.find(',');
    const auto at = wave::parse_time(line.substr(0, comma));
    double value = 0;
    if (!at || std::from_chars(line.data() + comma + 1, line.data() + line.size(), value).ec != std::errc{})
      continue;
    if (out.values.empty()) out.start = *at;
    if (out.values.size() == 1) out.step = *at - last;
    last = *at;
    out.values.push_back(value);
  }
  return out;
}

int main(int argc, char** argv) {
  if (argc < 3) {
    std::fputs("usage: forecast_bench M4-FOLDER TRACES-FOLDER [--holdout] [PER-SERIES.csv]\n", stderr);
    return 2;
  }
  const bool holdout = argc > 3 && std::string(argv[3]) == "--holdout";
  std::FILE* detail = argc > 3 + (holdout ? 1 : 0) ? std::fopen(argv[argc - 1], "w") : nullptr;
  if (detail) std::fputs("series,mase,smape,msis95,seasonal_naive_mase,ms,model\n", detail);
  m4(argv[1], holdout, detail);
  if (detail) std::fclose(detail);
  traces(argv[2], holdout);
  print_lead(argv[2]);
  print_speed();
}
