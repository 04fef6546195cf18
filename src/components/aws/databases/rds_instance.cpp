#include "components/aws/databases/rds_instance.h"

#include <algorithm>

#include "base/text.h"
#include "components/answer.h"
#include "components/aws/databases/identifier.h"
#include "components/aws/databases/waiting.h"
#include "net/aws/errors.h"

namespace wave::components {
namespace {

/// Of MySQL, MariaDB and PostgreSQL (Amazon RDS User Guide, "Working with DB instance read replicas"); where
/// it is less, AWS says so.
constexpr double most_replicas = 15;
/// Storage rests that long after a change, and until it is optimised (Amazon RDS User Guide, "Increasing DB
/// instance storage capacity").
constexpr Duration storage_rests = 6h;
constexpr const char* storage_rests_in_minutes = "360";

const XmlListing described_instances{.action = "DescribeDBInstances",
                                     .list = "DBInstances",
                                     .name = "DBInstanceIdentifier",
                                     .single = "DBInstanceIdentifier",
                                     .filter = "db-instance-id"};

/// Of a replica whose replication ended: what it serves is old.
std::string replication_trouble(const XmlAnswer& replica) {
  for (const auto& info : replica.at("StatusInfos").items()) {
    const std::string status = info.text("Status");
    if (info.text("StatusType") != "read replication" || status == "replicating" || status == "connecting")
      continue;
    const std::string why = info.text("Message");
    return "replication is '" + net::excerpt(status, 40) + "'" + (why.empty() ? "" : ": ") +
           net::excerpt(why);
  }
  return {};
}

}  // namespace

RdsInstance::RdsInstance(const definitions::ComponentDefinition& definition,
                         const definitions::Settings& settings, Sizes sizes,
                         std::shared_ptr<net::AwsClient> client, net::Services& services)
    : AwsComponent("instance " + settings.text("db_instance_identifier"), definition),
      id_(stored_name(settings.text("db_instance_identifier"))),
      names_(settings.has("replica_prefix") ? stored_name(settings.text("replica_prefix")) : id_ + "-wa"),
      instance_class_(settings.text("replica_instance_class")),
      zones_(settings.list("availability_zones")),
      sizes_(std::move(sizes)),
      runtime_(services.runtime),
      client_(std::move(client)),
      instances_(xml_items(described_instances, client_, services)) {}

Task<Result<Observation>> RdsInstance::look() {
  auto found = co_await read();
  if (!found) co_return std::unexpected(std::move(found.error()));
  const XmlAnswer& source = found->source;
  const std::string status = source.text("DBInstanceStatus");
  Observation seen;
  seen.warnings = std::move(found->warnings);
  // What is out of space is given some, and nothing else.
  const bool is_full = status == "storage-full";
  seen.changing = status != "available" && !is_stuck(status);
  if (is_full) {
    const std::string volumes = source.text("StorageVolumeStatus");
    seen.warnings.push_back("its storage is full" + (volumes.empty() ? "" : ": " + net::excerpt(volumes)));
  }
  for (const char* value : {replicas, Sizes::value, storage})
    if (status != "available" && (value != storage || !is_full))
      seen.blocks.push_back(
          {.value = value, .reason = "the instance's status is '" + net::excerpt(status, 64) + "'"});
  add_replicas(*found, seen);
  add_storage(source, status, seen);
  sizes_.add(source.text("DBInstanceClass"), seen);
  const bool is_under_way = status != "available" && !is_stuck(status);
  const bool waits = block_while_waiting(source, {Sizes::value, storage}, seen);
  show_ordered({Sizes::value, storage}, is_under_way || waits, seen);
  for (const char* value : {"min_acu", "max_acu"})
    seen.blocks.push_back(
        {.value = value, .reason = "an instance outside of a cluster has no such capacity"});
  co_return seen;
}

Task<Result<RdsInstance::Found>> RdsInstance::read() {
  auto asked = co_await instances_->ask(id_);
  if (!asked) co_return std::unexpected(std::move(asked.error()));
  if (!*asked)
    co_return fail(ErrorCode::not_found, "there is no DB instance '" + id_ + "' in " + client_->region());
  Found found{.source = (*asked)->front(), .replicas = {}, .warnings = {}};
  auto ok = check(found.source);
  if (!ok) co_return std::unexpected(std::move(ok.error()));
  std::vector<Task<Result<std::optional<std::vector<XmlAnswer>>>>> all_of_them;
  for (const auto& one : found.source.at("ReadReplicaDBInstanceIdentifiers").items()) {
    // Another region's has an ARN: it serves there.
    const std::string name = one.text();
    if (name.find(':') == std::string::npos) all_of_them.push_back(instances_->ask(name));
  }
  auto answers = co_await all(std::move(all_of_them));
  for (auto& answer : answers) {
    if (!answer && answer.error().code == ErrorCode::not_found) continue;  // gone just now
    if (!answer) co_return std::unexpected(std::move(answer.error()));
    if (*answer) add_replica((*answer)->front(), found);
  }
  co_return found;
}

Status RdsInstance::check(const XmlAnswer& source) const {
  if (!source.number("AllocatedStorage") || source.text("DBInstanceStatus").empty())
    return std::unexpected(bad_answer("no AllocatedStorage and DBInstanceStatus in the answer"));
  if (source.text("DBClusterIdentifier").empty()) return {};
  return fail(ErrorCode::invalid_argument,
              "it is a member of a cluster, which is scaled as a whole: give db_cluster_identifier");
}

void RdsInstance::add_replica(const XmlAnswer& one, Found& found) const {
  DbInstance replica{.id = one.text("DBInstanceIdentifier"),
                     .status = one.text("DBInstanceStatus"),
                     .instance_class = one.text("DBInstanceClass"),
                     .created = one.text("InstanceCreateTime")};
  // One with replicas of its own, or that somebody protects, is somebody's.
  replica.is_ours = names_.is_ours(replica.id) && has_our_tag(one.at("TagList")) &&
                    one.text("ReadReplicaSourceDBInstanceIdentifier") == id_ &&
                    one.at("ReadReplicaDBInstanceIdentifiers").items().empty() &&
                    one.text("DeletionProtection") != "true";
  std::string trouble = is_stuck(replica.status) ? "it is " + replica.status : replication_trouble(one);
  if (!trouble.empty()) {
    found.warnings.push_back("read replica " + net::excerpt(replica.id, 63) + ": " + trouble);
    if (replica.is_available()) replica.status = "failed";
  }
  found.replicas.push_back(std::move(replica));
}

void RdsInstance::add_replicas(const Found& found, Observation& seen) const {
  const auto there = readers_of(found.replicas);
  seen.current[replicas] = static_cast<double>(there.size());
  seen.ready = static_cast<double>(std::ranges::count_if(there, &DbInstance::is_available));
  seen.system_min[replicas] = static_cast<double>(there.size() - removable(found.replicas).size());
  seen.system_max[replicas] = most_replicas;
  for (const auto& one : found.replicas) {
    seen.changing |= !one.is_available() && !is_stuck(one.status);
    if (one.is_deleting())
      seen.blocks.push_back(
          {.value = replicas, .only_down = true, .reason = "one read replica is removed at a time"});
  }
  if (found.source.number("BackupRetentionPeriod") == 0)
    seen.blocks.push_back(
        {.value = replicas,
         .reason =
             "its automated backups are off (BackupRetentionPeriod is 0), and read replicas need them"});
}

void RdsInstance::add_storage(const XmlAnswer& source, const std::string& status, Observation& seen) const {
  seen.current[storage] = source.number("AllocatedStorage").value_or(0);
  seen.blocks.push_back({.value = storage, .only_down = true, .reason = "storage never shrinks"});
  const std::string operation = source.text("StorageOperationStatus");
  if (status == "storage-optimization" || !operation.empty()) {
    const std::string progress = source.text("StorageOperationPercentProgress");
    seen.blocks.push_back({.value = storage,
                           .reason = "its storage is being optimised" +
                                     (progress.empty() ? "" : " (" + net::excerpt(progress, 8) + " %)")});
  }
  if (storage_until_ && *storage_until_ > runtime_.utc())
    seen.blocks.push_back({.value = storage,
                           .until = storage_until_,
                           .reason = "storage rests for six hours after a change, or until it is optimised"});
}

/// The class and the storage in one request; while that is under way, AWS makes no replica.
Task<Result<Applied>> RdsInstance::write(Observation seen, Values wanted) {
  Values own = std::move(wanted);
  const auto count = own.extract(replicas);
  if (own.empty()) {
    const bool grows = count.mapped() > seen.current[replicas];
    auto set = co_await set_replicas(static_cast<std::size_t>(count.mapped()), grows);
    co_return set;
  }
  auto done = co_await modify(own);
  if (!done) co_return std::unexpected(std::move(done.error()));
  Applied applied{.request_id = std::move(*done)};
  if (!count.empty()) {
    applied.reached = std::move(own);
    applied.rest = "the instance is being changed; its read replicas follow";
  }
  co_return applied;
}

Task<Result<std::string>> RdsInstance::modify(const Values& wanted) {
  net::Headers parameters = {{"DBInstanceIdentifier", id_}};
  if (const auto size = wanted.find(storage); size != wanted.end()) {
    auto rested = co_await check_storage_rests();
    if (!rested) co_return std::unexpected(std::move(rested.error()));
    parameters.emplace_back("AllocatedStorage", whole(size->second));
  }
  if (const auto size = wanted.find(Sizes::value); size != wanted.end()) {
    auto name = sizes_.at(size->second);
    if (!name) co_return std::unexpected(std::move(name.error()));
    parameters.emplace_back("DBInstanceClass", std::move(*name));
  }
  parameters.emplace_back("ApplyImmediately", "true");
  auto id = co_await order_xml(*client_, "ModifyDBInstance", std::move(parameters));
  if (id && wanted.contains(storage)) storage_until_ = runtime_.utc() + storage_rests;
  if (!id && id.error().message.find("being optimized") != std::string::npos)
    co_return fail(ErrorCode::busy, id.error().message, true);
  co_return id;
}

/// Whoever changed it: AWS would refuse another change, in words only. What cannot be asked, AWS says.
Task<Status> RdsInstance::check_storage_rests() {
  net::Headers parameters = {{"SourceIdentifier", id_},
                             {"SourceType", "db-instance"},
                             {"Duration", storage_rests_in_minutes},
                             {"EventCategories.EventCategory.1", "configuration change"}};
  auto events = co_await ask_xml(*client_, "DescribeEvents", std::move(parameters));
  if (!events) co_return Status{};
  std::optional<UtcTime> changed;
  for (const auto& event : events->find("Events").items()) {
    const std::string message = event.text("Message");
    const auto at = parse_time(event.text("Date"));
    if (at && message.starts_with("Finished") && message.find("allocated storage") != std::string::npos)
      changed = std::max(changed.value_or(*at), *at);
  }
  if (!changed || *changed + storage_rests <= runtime_.utc()) co_return Status{};
  storage_until_ = *changed + storage_rests;
  co_return fail(ErrorCode::busy,
                 title() + ": storage was changed at " + iso8601(*changed) + " and rests for six hours",
                 true);
}

/// One request, decided on what is there now, but never the other way. What is left over follows with the
/// next order.
Task<Result<Applied>> RdsInstance::set_replicas(std::size_t wanted, bool grows) {
  auto found = co_await read();
  if (!found) co_return std::unexpected(std::move(found.error()));
  const std::size_t there = readers_of(found->replicas).size();
  if (grows ? there >= wanted : there <= wanted) co_return Applied{.changed = false};
  Result<std::string> done;
  if (grows) {
    done = co_await make_replica(std::move(*found));
  } else if (const auto ours = removable(found->replicas); !ours.empty()) {
    done = co_await remove_replica(ours.front().id);
  } else {
    co_return fail(ErrorCode::invalid_argument, "no more read replicas of ours can be removed");
  }
  if (!done) co_return std::unexpected(std::move(done.error()));
  Applied applied{.request_id = std::move(*done)};
  const std::size_t now = grows ? there + 1 : there - 1;
  if (now != wanted) {
    applied.reached = {{replicas, static_cast<double>(now)}};
    applied.rest = std::string("one read replica is ") + (grows ? "made" : "removed") + " at a time";
  }
  co_return applied;
}

/// Under the first name that is free.
Task<Result<std::string>> RdsInstance::make_replica(Found found) {
  while (true) {
    std::string name = names_.next(found.replicas);
    auto id = co_await create_replica(found.source, name);
    if (id) co_return id;
    zones_.note(id.error());
    if (!net::aws::has_code(id.error(), "DBInstanceAlreadyExists")) co_return id;
    // An earlier attempt whose answer was lost may have made it; or it was promoted, or is another's.
    auto ours = co_await is_replica(name);
    if (!ours) co_return std::unexpected(std::move(ours.error()));
    if (*ours) co_return std::string();
    auto ok = names_.skip(std::move(name));
    if (!ok) co_return std::unexpected(std::move(ok.error()));
  }
}

Task<Result<std::string>> RdsInstance::create_replica(XmlAnswer source, std::string name) {
  net::Headers parameters = {{"DBInstanceIdentifier", std::move(name)}, {"SourceDBInstanceIdentifier", id_}};
  if (!instance_class_.empty()) parameters.emplace_back("DBInstanceClass", instance_class_);
  zones_.add_next(source.at("ReadReplicaDBInstanceIdentifiers").items().size(), parameters);
  // Without these, a replica may be open to others than its source is.
  if (const auto open = source.text("PubliclyAccessible"); !open.empty())
    parameters.emplace_back("PubliclyAccessible", open);
  std::size_t number = 0;
  for (const auto& group : source.at("VpcSecurityGroups").items())
    parameters.emplace_back("VpcSecurityGroupIds.VpcSecurityGroupId." + std::to_string(++number),
                            group.text("VpcSecurityGroupId"));
  add_our_tag(parameters);
  auto id = co_await order_xml(*client_, "CreateDBInstanceReadReplica", std::move(parameters));
  co_return id;
}

Task<Result<bool>> RdsInstance::is_replica(std::string name) {
  auto found = co_await instances_->ask(std::move(name));
  if (!found) co_return std::unexpected(std::move(found.error()));
  if (!*found) co_return fail(ErrorCode::busy, "a read replica that was just made is not listed yet", true);
  co_return (*found)->front().text("ReadReplicaSourceDBInstanceIdentifier") == id_;
}

Task<Result<std::string>> RdsInstance::remove_replica(std::string name) {
  net::Headers parameters = {{"DBInstanceIdentifier", std::move(name)}, {"SkipFinalSnapshot", "true"}};
  auto id = co_await order_xml(*client_, "DeleteDBInstance", std::move(parameters));
  if (!id && id.error().code == ErrorCode::not_found) co_return std::string();
  co_return id;
}

}  // namespace wave::components
