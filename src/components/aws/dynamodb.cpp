#include <algorithm>
#include <cmath>

#include <nlohmann/json.hpp>

#include "base/text.h"
#include "components/answer.h"
#include "components/aws/aws_component.h"
#include "components/kinds.h"
#include "definitions/common_keys.h"

namespace wave::components {
namespace {

using nlohmann::ordered_json;

constexpr const char* read_units = "read_capacity";
constexpr const char* write_units = "write_capacity";
constexpr const char* index_read_units = "index_read_capacity";
constexpr const char* index_write_units = "index_write_capacity";

/// Decreases of a UTC day (Amazon DynamoDB Developer Guide, "Quotas"): 4 at any time, then one for each hour
/// without a decrease, 27 in all; counted for each table and each index.
constexpr double free_decreases = 4;
constexpr double most_decreases = 27;
constexpr Duration wait_after_decrease = 1h;

/// The throughput of a table or of an index.
struct Throughput {
  std::string name;  ///< of the index; empty: the table
  double read = 0;
  double write = 0;
  double decreases = 0;
  std::optional<UtcTime> last_decrease;
};

std::optional<Throughput> throughput_of(const Answer& owner) {
  const Answer said = owner.at("ProvisionedThroughput");
  const auto read = said.number("ReadCapacityUnits");
  const auto write = said.number("WriteCapacityUnits");
  if (!read || !write) return std::nullopt;
  Throughput out{.name = owner.text("IndexName"),
                 .read = *read,
                 .write = *write,
                 .decreases = said.number("NumberOfDecreasesToday").value_or(0),
                 .last_decrease = {}};
  if (const auto at = said.number("LastDecreaseDateTime")) out.last_decrease = from_epoch_seconds(*at);
  return out;
}

/// When the next decrease may be made; nullopt: now.
std::optional<UtcTime> decrease_allowed_at(const Throughput& of, UtcTime now) {
  const UtcTime midnight = std::chrono::floor<std::chrono::days>(now) + std::chrono::days(1);
  if (of.decreases >= most_decreases) return midnight;
  if (of.decreases < free_decreases || !of.last_decrease) return std::nullopt;
  const UtcTime next = std::min(*of.last_decrease + wait_after_decrease, midnight);
  return next > now ? std::optional(next) : std::nullopt;
}

class DynamoTable final : public AwsComponent {
 public:
  DynamoTable(const definitions::ComponentDefinition& definition, const definitions::Settings& settings,
              Runtime& runtime, std::unique_ptr<net::AwsClient> client)
      : AwsComponent("table " + settings.text("table_name"), definition),
        table_(settings.text("table_name")),
        indexes_(settings.list("index_names")),
        runtime_(runtime),
        client_(std::move(client)) {}

  Status watch(const definitions::Settings& settings, net::Services& services) {
    const std::string resource = "table/" + table_;
    std::vector<Steered> steered = {
        {.value = read_units, .target = {"dynamodb", resource, "dynamodb:table:ReadCapacityUnits"}},
        {.value = write_units, .target = {"dynamodb", resource, "dynamodb:table:WriteCapacityUnits"}}};
    for (const auto& index : indexes_) {
      const std::string of_index = resource + "/index/" + index;
      steered.push_back(
          {.value = index_read_units, .target = {"dynamodb", of_index, "dynamodb:index:ReadCapacityUnits"}});
      steered.push_back({.value = index_write_units,
                         .target = {"dynamodb", of_index, "dynamodb:index:WriteCapacityUnits"}});
    }
    return watch_targets(std::move(steered), settings, services);
  }

 private:
  Task<Result<Observation>> look() override {
    const ordered_json body = {{"TableName", table_}};
    auto answer = co_await client_->json("DescribeTable", body.dump());
    if (!answer) co_return std::unexpected(std::move(answer.error()));
    const auto parsed = Answer::parse(answer->body);
    if (!parsed) co_return std::unexpected(parsed.error());
    co_return read(parsed->at("Table"));
  }

  Result<Observation> read(const Answer& table) {
    const auto whole_table = throughput_of(table);
    const std::string status = table.text("TableStatus");
    if (!whole_table || status.empty())
      return std::unexpected(bad_answer("no TableStatus and ProvisionedThroughput in the answer"));
    own_ = *whole_table;
    seen_indexes_.clear();
    Observation seen{.current = {{read_units, own_.read}, {write_units, own_.write}}, .ready = own_.read};
    hold_decreases(own_, {read_units, write_units}, seen);
    std::string busy = status == "ACTIVE" ? "" : "the table is " + status.substr(0, 64);
    for (const auto& one : table.at("GlobalSecondaryIndexes").items()) {
      const auto index = throughput_of(one);
      if (const auto state = one.text("IndexStatus"); state != "ACTIVE")
        busy = "the index " + one.text("IndexName") + " is " + state.substr(0, 64);
      if (!index || std::ranges::find(indexes_, index->name) == indexes_.end()) continue;
      seen_indexes_.push_back(*index);
      hold_decreases(*index, {index_read_units, index_write_units}, seen);
    }
    if (auto ok = read_indexes(seen); !ok) return std::unexpected(ok.error());
    if (table.at("BillingModeSummary").text("BillingMode") == "PAY_PER_REQUEST")
      seen.blocks.push_back({.reason = "the table is on demand: it has no capacity to set"});
    if (!busy.empty()) {
      seen.changing = true;
      seen.blocks.push_back({.reason = busy + "; it takes one change at a time"});
    }
    // Until it is active again it shows what was there before.
    show_ordered({read_units, write_units, index_read_units, index_write_units}, seen.changing, seen);
    return seen;
  }

  /// The indexes are set to the same numbers; where they differ, the lowest counts: it is the one that
  /// throttles.
  Status read_indexes(Observation& seen) const {
    if (seen_indexes_.size() < indexes_.size())
      return fail(ErrorCode::not_found, "the table " + table_ + " lacks an index of 'index_names'");
    for (const auto& index : seen_indexes_) {
      const bool first = &index == &seen_indexes_.front();
      auto& reads = seen.current[index_read_units];
      auto& writes = seen.current[index_write_units];
      reads = first ? index.read : std::min(reads, index.read);
      writes = first ? index.write : std::min(writes, index.write);
    }
    return {};
  }

  void hold_decreases(const Throughput& of, std::initializer_list<const char*> values,
                      Observation& seen) const {
    const auto until = decrease_allowed_at(of, runtime_.utc());
    if (!until) return;
    for (const char* value : values)
      seen.blocks.push_back({.value = value,
                             .only_down = true,
                             .until = until,
                             .reason = whole(of.decreases) + " decreases of " +
                                       (of.name.empty() ? "the table" : "the index " + of.name) +
                                       " today; DynamoDB allows the next one an hour after the last"});
  }

  static ordered_json units(double read, double write) {
    return {{"ReadCapacityUnits", static_cast<std::int64_t>(read)},
            {"WriteCapacityUnits", static_cast<std::int64_t>(write)}};
  }

  /// Table and indexes in one call, and only what differs: an equal number is an error that refuses all.
  Task<Result<Applied>> write(Observation, Values wanted) override {
    const auto wish = [&](const char* value, double otherwise) {
      const auto found = wanted.find(value);
      return found == wanted.end() ? otherwise : found->second;
    };
    // More than the least of them has raises those that have less, and lowers none; less lowers all of them
    // by the same part.
    const auto wish_for = [&](double own, double Throughput::* part, const char* value) {
      const double least = std::ranges::min(seen_indexes_, {}, part).*part;
      const double wished = wish(value, own);
      if (wished >= least || least <= 0) return std::max(own, wished);
      return std::max(wished, std::ceil(own * wished / least));
    };
    ordered_json body = {{"TableName", table_}};
    if (wanted.contains(read_units) || wanted.contains(write_units))
      body["ProvisionedThroughput"] = units(wish(read_units, own_.read), wish(write_units, own_.write));
    for (const auto& index : seen_indexes_) {
      const double read = wish_for(index.read, &Throughput::read, index_read_units);
      const double write = wish_for(index.write, &Throughput::write, index_write_units);
      if (read == index.read && write == index.write) continue;
      body["GlobalSecondaryIndexUpdates"].push_back(
          {{"Update", {{"IndexName", index.name}, {"ProvisionedThroughput", units(read, write)}}}});
    }
    if (body.size() == 1) co_return fail(ErrorCode::invalid_argument, "index capacities need 'index_names'");
    auto answer = co_await client_->json("UpdateTable", body.dump());
    if (!answer) {
      // The same numbers again, sent by an earlier try.
      if (answer.error().message.find("equals the current value") != std::string::npos)
        co_return Applied{.changed = false};
      co_return std::unexpected(std::move(answer.error()));
    }
    co_return Applied{.request_id = std::string(answer->header("x-amzn-requestid"))};
  }

  std::string table_;
  std::vector<std::string> indexes_;
  Runtime& runtime_;
  std::unique_ptr<net::AwsClient> client_;
  Throughput own_;                        ///< as seen last
  std::vector<Throughput> seen_indexes_;  ///< those of `indexes_`, as seen last
};

std::string lacks_of_dynamodb(const definitions::Settings& metadata, std::string_view value) {
  const bool of_indexes = value == index_read_units || value == index_write_units;
  return of_indexes && metadata.list("index_names").empty() ? "it needs 'index_names'" : "";
}

Result<std::unique_ptr<Component>> create_dynamodb(const definitions::ComponentDefinition& definition,
                                                   const definitions::Settings& settings,
                                                   net::Services& services) {
  auto client = services.aws.client(net::aws::dynamodb, settings);
  if (!client) return std::unexpected(client.error());
  auto component = std::make_unique<DynamoTable>(definition, settings, services.runtime, std::move(*client));
  if (auto ok = component->watch(settings, services); !ok) return std::unexpected(ok.error());
  return component;
}

}  // namespace

const Kind& amazon_dynamodb() {
  static const Kind kind{
      .table =
          {.document = definitions::Document::component,
           .name = "amazon-dynamodb",
           .vendor = "aws",
           .summary =
               "The provisioned throughput of an Amazon DynamoDB table and its global secondary indexes.",
           .keys = definitions::join(
               {{{.name = "table_name", .help = "The table's name.", .required = true, .example = "orders"},
                 {.name = "index_names",
                  .type = definitions::KeyType::list,
                  .help = "The global secondary indexes that `index_read_capacity` and "
                          "`index_write_capacity` set.",
                  .example = "[by-customer]"}},
                definitions::aws_keys()}),
           .values = {{.name = read_units,
                       .help = "Read capacity units of the table.",
                       .lowest = 1,
                       .alias = "read_capacity_units"},
                      {.name = write_units,
                       .help = "Write capacity units of the table.",
                       .lowest = 1,
                       .alias = "write_capacity_units"},
                      {.name = index_read_units,
                       .help = "Read capacity units of each of `index_names`. Those that have more than is "
                               "wished keep it "
                               "until less is wished than the least of them has.",
                       .lowest = 1},
                      {.name = index_write_units,
                       .help =
                           "Write capacity units of each of `index_names`, likewise; below the table's they "
                           "throttle the table.",
                       .lowest = 1}},
           .ready_after = 30s,
           .lacks = &lacks_of_dynamodb,
           .permissions =
               "`dynamodb:DescribeTable` and `dynamodb:UpdateTable` on the table "
               "(`arn:aws:dynamodb:REGION:ACCOUNT:table/TABLE`; its indexes are authorised there, too); "
               "`application-autoscaling:DescribeScalableTargets` (all resources) to see who else steers it, "
               "and `application-autoscaling:RegisterScalableTarget` with `on_conflict: raise_floor`.",
           .notes =
               "AWS allows 4 decreases in a UTC day, then one for each hour without a decrease, and 27 in "
               "all, for each table and index. A decrease that it would refuse is held, and `decisions` says "
               "until when. What a plan asks of the table and of its indexes goes out in one call. While the "
               "table is UPDATING the next change waits; the old capacity serves meanwhile.\n\nTables on "
               "demand have no capacity to set: every change is held, and the reason says so. The billing "
               "mode is never changed. With Application Auto Scaling on the table, `on_conflict: "
               "raise_floor` moves its minimum instead."},
      .create = &create_dynamodb};
  return kind;
}

}  // namespace wave::components
