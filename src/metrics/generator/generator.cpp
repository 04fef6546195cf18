#include <charconv>
#include <cmath>
#include <numbers>

#include "base/cron.h"
#include "metrics/kinds.h"

namespace wave::metrics {
namespace {

using definitions::KeyType;

constexpr std::size_t most_past_points = 1'000'000;

struct CronValue {
  Cron cron;
  double value;
};

/// A number that is a function of the time alone: every poll and every restart sees the same past.
class GeneratorSource final : public Source {
 public:
  GeneratorSource(const definitions::Settings& settings, const Clock& clock, std::vector<double> steps,
                  std::vector<CronValue> crons)
      : clock_(clock),
        shape_(settings.text("shape")),
        timezone_(settings.text("timezone")),
        base_(settings.number("base")),
        amplitude_(settings.number("amplitude")),
        noise_(settings.number("noise")),
        period_(settings.duration("period")),
        phase_(settings.duration("phase")),
        steps_(std::move(steps)),
        crons_(std::move(crons)) {}

  Task<Result<std::vector<Series>>> poll() override {
    std::vector<Series> out;
    const UtcTime now = clock_.utc();
    if (const auto value = value_at(now)) out.push_back({.labels = {}, .value = *value, .at = now});
    co_return out;
  }

  bool has_past() const override { return true; }

  Task<Result<std::vector<PastSeries>>> past(PastRange range) override {
    PastSeries series;
    if (range.step <= Duration{0}) co_return fail(ErrorCode::invalid_argument, "a step is above 0");
    for (UtcTime at = range.from; at < range.to; at += range.step) {
      if (series.points.size() == most_past_points)
        co_return fail(ErrorCode::limit_exceeded, "more than a million points");
      if (const auto value = value_at(at)) series.points.emplace_back(at, *value);
    }
    std::vector<PastSeries> out;
    out.push_back(std::move(series));
    co_return out;
  }

 private:
  std::optional<double> value_at(UtcTime at) const {
    if (!crons_.empty()) return with_noise(cron_value(at), at);
    const Duration since = at.time_since_epoch() + phase_;
    const double turn = seconds(since % period_) / seconds(period_);
    if (shape_ == "steps")
      return with_noise(steps_[static_cast<std::size_t>(turn * static_cast<double>(steps_.size()))], at);
    double wave = 0;
    if (shape_ == "sine") wave = (1 - std::cos(2 * std::numbers::pi * turn)) / 2;
    if (shape_ == "sawtooth") wave = turn;
    if (shape_ == "square") wave = turn < 0.5 ? 0 : 1;
    return with_noise(base_ + amplitude_ * wave, at);
  }

  /// The value of the expression that fired last; none before any has.
  std::optional<double> cron_value(UtcTime at) const {
    std::optional<UtcTime> latest;
    std::optional<double> value;
    for (const auto& one : crons_) {
      const auto fired = one.cron.previous(at, timezone_);
      if (!fired || (latest && *fired < *latest)) continue;
      latest = fired;
      value = one.value;
    }
    return value;
  }

  /// Up to `noise` more or less, by the second (splitmix64).
  std::optional<double> with_noise(std::optional<double> value, UtcTime at) const {
    if (!value || noise_ == 0) return value;
    auto bits = static_cast<std::uint64_t>(at.time_since_epoch() / 1s) + 0x9e3779b97f4a7c15;
    bits = (bits ^ (bits >> 30)) * 0xbf58476d1ce4e5b9;
    bits = (bits ^ (bits >> 27)) * 0x94d049bb133111eb;
    bits ^= bits >> 31;
    return *value + noise_ * (static_cast<double>(bits >> 11) * 0x1p-52 - 1);
  }

  const Clock& clock_;
  std::string shape_;
  std::string timezone_;
  double base_;
  double amplitude_;
  double noise_;
  Duration period_;
  Duration phase_;
  std::vector<double> steps_;
  std::vector<CronValue> crons_;
};

Result<double> number_of(const std::string& text) {
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size() || !std::isfinite(number))
    return fail(ErrorCode::invalid_argument, "'" + text + "' is not a number");
  return number;
}

Result<std::unique_ptr<Source>> create_generator(const definitions::MetricDefinition&,
                                                 const definitions::Settings& settings,
                                                 net::Services& services) {
  std::vector<double> steps;
  for (const auto& text : settings.list("steps")) {
    auto number = number_of(text);
    if (!number) return within("steps", number.error());
    steps.push_back(*number);
  }
  if (steps.empty() == (settings.text("shape") == "steps"))
    return fail(ErrorCode::invalid_argument, "'steps' and 'shape: steps' come together");
  std::vector<CronValue> crons;
  for (const auto& [expression, text] : settings.map("cron")) {
    auto cron = Cron::parse(expression);
    if (!cron) return within("cron '" + expression + "'", cron.error());
    auto number = number_of(text);
    if (!number) return within("cron '" + expression + "'", number.error());
    crons.push_back({.cron = std::move(*cron), .value = *number});
  }
  if (!is_timezone(settings.text("timezone")))
    return fail(ErrorCode::invalid_argument, "there is no timezone '" + settings.text("timezone") + "'");
  if (settings.duration("period") <= Duration{0})
    return fail(ErrorCode::invalid_argument, "'period' is above 0");
  return std::make_unique<GeneratorSource>(settings, services.runtime, std::move(steps), std::move(crons));
}

}  // namespace

const Kind& generator() {
  static const Kind kind{
      .table =
          {.document = definitions::Document::metric,
           .name = "generator",
           .alias = "cron",
           .vendor = "generator",
           .summary = "A number that is made from the time: for demos, tests and plans by the clock.",
           .keys =
               {{.name = "shape",
                 .type = KeyType::choice,
                 .help = "How the number moves from `base` to `base` + `amplitude` within a period.",
                 .default_value = "constant",
                 .choices = "constant|sine|sawtooth|square|steps"},
                {.name = "base", .type = KeyType::number, .help = "The lowest value.", .default_value = "0"},
                {.name = "amplitude",
                 .type = KeyType::number,
                 .help = "How far above `base` it goes.",
                 .default_value = "0"},
                {.name = "period", .type = KeyType::duration, .help = "One round.", .default_value = "1h"},
                {.name = "phase",
                 .type = KeyType::duration,
                 .help = "How far into its round it is at 00:00 UTC on 1 January 1970.",
                 .default_value = "0s"},
                {.name = "steps",
                 .type = KeyType::list,
                 .help = "With `shape: steps`, the values of a round, each for an equal part of it.",
                 .example = "[10, 10, 80, 20]"},
                {.name = "cron",
                 .type = KeyType::map,
                 .help = "Cron expressions and the value from then on, instead of a shape.",
                 .example = "{ '0 9 * * 1-5': 100, '0 18 * * 1-5': 10 }"},
                {.name = "timezone", .help = "Of the cron expressions.", .default_value = "UTC"},
                {.name = "noise",
                 .type = KeyType::number,
                 .help = "Adds up to that much more or less, another each second.",
                 .default_value = "0",
                 .min = 0}},
           .notes =
               "The value depends on nothing but the time, so that a restart changes nothing and a forecast "
               "has a past to learn from."},
      .create = &create_generator};
  return kind;
}

}  // namespace wave::metrics
