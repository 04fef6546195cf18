#include "forecast/forecast.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "forecast/models.h"
#include "forecast/prepare.h"

namespace wave::forecast {
namespace {

constexpr std::size_t max_horizon = 100'000;

Status sensible(const Question& question) {
  if (question.horizon < 1 || question.horizon > max_horizon)
    return fail(ErrorCode::invalid_argument, "a horizon is 1 to 100000 steps");
  for (const double probability : question.quantiles)
    if (!(probability > 0 && probability < 1))
      return fail(ErrorCode::invalid_argument, "a quantile is more than 0 and less than 1");
  for (const std::size_t season : question.seasons)
    if (season < 2) return fail(ErrorCode::invalid_argument, "a season is at least 2 steps long");
  return {};
}

/// Forecasts of every model from points in the past whose sequel is known, latest first.
struct Backtest {
  std::vector<std::size_t> origins;
  std::vector<std::vector<Values>> ahead;  ///< by origin, then model
  std::size_t horizon = 0;
};

struct Pool {
  std::span<const double> past;
  Seasons seasons;
  std::vector<const Model*> members;
  std::vector<double> weights;

  Values mix(const std::vector<Values>& ahead, std::size_t horizon) const {
    Values out(horizon);
    for (std::size_t m = 0; m < members.size(); ++m)
      for (std::size_t h = 0; h < horizon; ++h) out[h] += weights[m] * ahead[m][h];
    return out;
  }
};

std::vector<const Model*> fitting(std::size_t length, Seasons seasons) {
  std::vector<const Model*> out;
  for (const Model& model : models())
    if (model.fits(length, seasons)) out.push_back(&model);
  return out;
}

/// Whom to ask, too: those that can be tried at the three latest origins at least, or else, in a past too
/// short for that, all that fit it. One that nobody has tried would have to be believed like all others.
Backtest run_backtest(Pool& pool, std::size_t horizon) {
  Backtest out;
  const std::size_t n = pool.past.size();
  const std::size_t season = std::max<std::size_t>(pool.seasons.day, 1);
  out.horizon = std::min({horizon, std::max<std::size_t>(2 * season, 8), std::max<std::size_t>(n / 3, 1)});
  const std::size_t apart = std::max<std::size_t>(out.horizon / 2, 1);
  const std::size_t most = n > 2500 ? 8 : 12;
  const std::size_t tried = out.horizon + 2 * apart;
  if (tried + 2 <= n) pool.members = fitting(n - tried, pool.seasons);
  if (pool.members.empty()) pool.members = fitting(n, pool.seasons);
  for (std::size_t i = 0; i < most; ++i) {
    const std::size_t back = out.horizon + i * apart;
    if (back + 2 > n) break;
    const std::size_t origin = n - back;
    const bool all_fit =
        std::ranges::all_of(pool.members, [&](const Model* m) { return m->fits(origin, pool.seasons); });
    if (!all_fit) break;
    out.origins.push_back(origin);
    auto& row = out.ahead.emplace_back();
    for (const Model* model : pool.members)
      row.push_back(model->ahead(pool.past.first(origin), pool.seasons, out.horizon));
  }
  return out;
}

void weigh(Pool& pool, const Backtest& backtest) {
  pool.weights.assign(pool.members.size(), 1.0 / static_cast<double>(pool.members.size()));
  if (backtest.origins.empty()) return;
  std::vector<double> losses(pool.members.size());
  for (std::size_t o = 0; o < backtest.origins.size(); ++o)
    for (std::size_t m = 0; m < losses.size(); ++m)
      for (std::size_t h = 0; h < backtest.horizon; ++h)
        losses[m] += std::abs(backtest.ahead[o][m][h] - pool.past[backtest.origins[o] + h]) *
                     std::pow(0.93, static_cast<double>(o));
  const double least = *std::ranges::min_element(losses) + 1e-12;
  double sum = 0;
  for (std::size_t m = 0; m < losses.size(); ++m)
    sum += pool.weights[m] = std::pow((losses[m] + 1e-12) / least, -5.0);
  for (double& weight : pool.weights) weight /= sum;
}

/// Moves the weights towards the mix, not the single models, that would have been off by least: a model that
/// errs the other way is worth more than one that errs less alike. Exponentiated gradient of the mean
/// absolute error; the fewer the origins, the fewer the rounds.
void refine(Pool& pool, const Backtest& backtest) {
  const std::size_t rounds = backtest.origins.size() > 2 ? backtest.origins.size() - 2 : 0;
  for (std::size_t round = 0; round < rounds; ++round) {
    Values slopes(pool.members.size());
    double loss = 1e-12;
    for (std::size_t o = 0; o < backtest.origins.size(); ++o) {
      const Values mixed = pool.mix(backtest.ahead[o], backtest.horizon);
      const double age = std::pow(0.93, static_cast<double>(o));
      for (std::size_t h = 0; h < backtest.horizon; ++h) {
        const double error = mixed[h] - pool.past[backtest.origins[o] + h];
        loss += age * std::abs(error);
        for (std::size_t m = 0; m < slopes.size(); ++m)
          slopes[m] += age * std::copysign(1.0, error) * (backtest.ahead[o][m][h] - mixed[h]);
      }
    }
    double sum = 0;
    for (std::size_t m = 0; m < slopes.size(); ++m)
      sum += pool.weights[m] *= std::exp(-0.3 * std::clamp(slopes[m] / loss, -3.0, 3.0));
    for (double& weight : pool.weights) weight /= sum;
  }
}

/// The weights were chosen on the same errors that judge them here: where the mix has hardly beaten the plain
/// repetition, up to a half is left to that.
void lean(Pool& pool, const Backtest& backtest) {
  const auto plain = std::ranges::find(pool.members, same_time_of_season, &Model::name);
  if (plain == pool.members.end() || backtest.origins.empty()) return;
  const auto place = static_cast<std::size_t>(plain - pool.members.begin());
  double loss = 0;
  double loss_of_plain = 1e-12;
  for (std::size_t o = 0; o < backtest.origins.size(); ++o) {
    const Values mixed = pool.mix(backtest.ahead[o], backtest.horizon);
    for (std::size_t h = 0; h < backtest.horizon; ++h) {
      const double truth = pool.past[backtest.origins[o] + h];
      loss += std::abs(mixed[h] - truth);
      loss_of_plain += std::abs(backtest.ahead[o][place][h] - truth);
    }
  }
  const double share = std::clamp((loss / loss_of_plain - 0.9) / 0.2, 0.0, 0.5);
  for (double& weight : pool.weights) weight *= 1 - share;
  pool.weights[place] += share;
}

/// What the mix was wrong by, for each step ahead; latest first within a step.
std::vector<Values> residuals(const Pool& pool, const Backtest& backtest) {
  std::vector<Values> out(backtest.horizon);
  for (std::size_t o = 0; o < backtest.origins.size(); ++o) {
    const Values mixed = pool.mix(backtest.ahead[o], backtest.horizon);
    for (std::size_t h = 0; h < backtest.horizon; ++h)
      out[h].push_back(pool.past[backtest.origins[o] + h] - mixed[h]);
  }
  return out;
}

/// The residual that a share of them stays below, of those about this far ahead; both tails are pooled, since
/// a few dozen residuals say more about width than about skew.
class Spread {
 public:
  Spread(const std::vector<Values>& residuals, double fallback) : fallback_(fallback) {
    for (std::size_t h = 0; h < residuals.size(); ++h) {
      Values near;
      const std::size_t reach = 1 + h / 4;
      const std::size_t from = h > reach ? h - reach : 0;
      for (std::size_t i = from; i < std::min(residuals.size(), h + reach + 1); ++i)
        for (const double residual : residuals[i]) near.push_back(std::abs(residual));
      std::ranges::sort(near);
      sizes_.push_back(std::move(near));
    }
  }

  double at(std::size_t step, double probability) const {
    const double sign = probability < 0.5 ? -1 : 1;
    const double coverage = std::abs(2 * probability - 1);
    if (sizes_.empty() || sizes_.front().empty())
      return sign * fallback_ * std::sqrt(static_cast<double>(step + 1)) * -std::log(1 - coverage);
    const Values& sizes = sizes_[std::min(step, sizes_.size() - 1)];
    const double growth = step < sizes_.size()
                              ? 1.0
                              : std::sqrt(static_cast<double>(step + 1) / static_cast<double>(sizes_.size()));
    const double rank = coverage * static_cast<double>(sizes.size() + 1) - 1;
    if (rank <= 0) return sign * growth * sizes.front() * coverage;
    const auto low = static_cast<std::size_t>(rank);
    if (low + 1 >= sizes.size()) return sign * growth * sizes.back() * 1.1;
    const double part = rank - static_cast<double>(low);
    return sign * growth * (sizes[low] * (1 - part) + sizes[low + 1] * part);
  }

 private:
  double fallback_;
  std::vector<Values> sizes_;
};

/// How far neighbours are apart: the width of a series too short for a back-test.
double typical_change(std::span<const double> past) {
  double sum = 0;
  for (std::size_t t = 1; t < past.size(); ++t) sum += std::abs(past[t] - past[t - 1]);
  return past.size() < 2 ? 0 : sum / static_cast<double>(past.size() - 1);
}

Point point_at(const Prepared& prepared, const Question& question, const Spread& spread, double middle,
               std::size_t step) {
  Point out{.mean = prepared.back(middle), .quantiles = {}};
  std::vector<std::size_t> order(question.quantiles.size());
  std::iota(order.begin(), order.end(), 0);
  std::ranges::sort(order, {}, [&](std::size_t i) { return question.quantiles[i]; });
  Values sorted;
  for (const std::size_t i : order)
    sorted.push_back(prepared.back(middle + spread.at(step, question.quantiles[i])));
  std::ranges::sort(sorted);
  out.quantiles.resize(order.size());
  for (std::size_t i = 0; i < order.size(); ++i) out.quantiles[order[i]] = sorted[i];
  return out;
}

}  // namespace

Result<Answer> forecast(const Series& series, const Question& question) {
  if (auto asked = sensible(question); !asked) return std::unexpected(asked.error());
  Answer answer;
  answer.seasons = question.seasons.empty() ? find_seasons(series) : question.seasons;
  std::ranges::sort(answer.seasons);
  const Prepared prepared = prepare(series, answer.seasons);
  if (prepared.values.empty()) return fail(ErrorCode::no_data, "the series holds no value");
  if (prepared.values.size() == 1)
    return fail(ErrorCode::no_data, "the series holds a single value; a forecast needs two at least");
  if (prepared.late + question.horizon > 2 * max_horizon)
    return fail(ErrorCode::no_data, "the last value is too old to say anything about what comes next");

  std::erase_if(answer.seasons, [&](std::size_t season) { return 2 * season > prepared.values.size(); });
  Pool pool{.past = prepared.values, .seasons = {}, .members = {}, .weights = {}};
  if (!answer.seasons.empty()) pool.seasons.day = answer.seasons.front();
  if (answer.seasons.size() > 1) pool.seasons.week = answer.seasons.back();
  const std::size_t horizon = prepared.late + question.horizon;

  const Backtest backtest = run_backtest(pool, horizon);
  weigh(pool, backtest);
  refine(pool, backtest);
  lean(pool, backtest);
  std::vector<Values> ahead;
  for (const Model* model : pool.members) ahead.push_back(model->ahead(pool.past, pool.seasons, horizon));
  const Values middle = pool.mix(ahead, horizon);
  const Spread spread(residuals(pool, backtest), typical_change(pool.past));
  for (std::size_t h = prepared.late; h < horizon; ++h)
    answer.points.push_back(point_at(prepared, question, spread, middle[h], h));
  const auto heaviest = std::ranges::max_element(pool.weights) - pool.weights.begin();
  answer.model = pool.members[static_cast<std::size_t>(heaviest)]->name;
  return answer;
}

}  // namespace wave::forecast
