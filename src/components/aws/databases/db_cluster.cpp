#include "components/aws/databases/db_cluster.h"

#include <algorithm>

#include "base/text.h"
#include "components/answer.h"
#include "components/aws/databases/identifier.h"
#include "components/aws/databases/waiting.h"
#include "components/aws/sizes.h"
#include "definitions/common_keys.h"
#include "net/aws/errors.h"

namespace wave::components {
namespace {

using definitions::KeyType;

/// Aurora, Neptune and DocumentDB (their user guides, "Quotas").
constexpr double most_readers = 15;
constexpr const char* readers = "desired";
/// One order makes at most so many; one removes one.
constexpr int most_at_once = 3;

const XmlListing clusters{.action = "DescribeDBClusters",
                          .list = "DBClusters",
                          .name = "DBClusterIdentifier",
                          .single = "DBClusterIdentifier",
                          .filter = "db-cluster-id"};
const XmlListing instances_of_clusters{.action = "DescribeDBInstances",
                                       .list = "DBInstances",
                                       .name = "DBClusterIdentifier",
                                       .filter = "db-cluster-id"};

}  // namespace

std::shared_ptr<XmlItems> db_clusters(std::shared_ptr<net::AwsClient> client, net::Services& services) {
  return xml_items(clusters, std::move(client), services);
}

std::vector<definitions::Key> DbCluster::keys(bool required) {
  return {
      {.name = "db_cluster_identifier", .help = "The cluster.", .required = required, .example = "orders"},
      {.name = "replica_prefix",
       .help = "Names of new readers: `<prefix>-<number>`. Without it, the cluster's name and `-wa`."},
      {.name = "replica_instance_class",
       .help = "The class of new readers; without it, the writer's.",
       .example = "db.r6g.large"},
      {.name = "promotion_tier",
       .type = KeyType::integer,
       .help = "How early a new reader may become the writer: 0 first, 15 last.",
       .default_value = "15",
       .min = 0,
       .max = 15},
      {.name = "availability_zones",
       .type = KeyType::list,
       .help = "Zones that new readers take turns in; without it, AWS chooses."}};
}

std::vector<definitions::ValueSpec> DbCluster::values(const DbEngine& engine, std::string_view unit) {
  const bool acu = unit == "ACU";
  return {{.name = readers, .help = "Its readers.", .highest = most_readers},
          {.name = engine.min_value,
           .help = acu ? "What a serverless instance keeps at least, in whole ACU."
                       : "What a serverless instance keeps at least, in whole capacity units.",
           .lowest = engine.least_min,
           .highest = engine.most_capacity},
          {.name = engine.max_value,
           .help = acu ? "What a serverless instance may grow to, in whole ACU."
                       : "What a serverless instance may grow to, in whole capacity units.",
           .lowest = engine.least_max,
           .highest = engine.most_capacity}};
}

Result<std::unique_ptr<Component>> DbCluster::create(const DbEngine& engine,
                                                     const definitions::ComponentDefinition& definition,
                                                     const definitions::Settings& settings,
                                                     net::Services& services) {
  auto client = services.aws.client(engine.service, settings);
  if (!client) return std::unexpected(client.error());
  std::unique_ptr<DbCluster> made(new DbCluster(engine, definition, settings, std::move(*client), services));
  if (!engine.steering_space.empty()) {
    const std::string space(engine.steering_space);
    auto ok = made->watch_targets({{.value = readers,
                                    .target = {.space = space,
                                               .resource = "cluster:" + made->id_,
                                               .dimension = space + ":cluster:ReadReplicaCount"}}},
                                  settings, services);
    if (!ok) return std::unexpected(ok.error());
  }
  return made;
}

DbCluster::DbCluster(const DbEngine& engine, const definitions::ComponentDefinition& definition,
                     const definitions::Settings& settings, std::shared_ptr<net::AwsClient> client,
                     net::Services& services)
    : AwsComponent("cluster " + settings.text("db_cluster_identifier"), definition),
      engine_(engine),
      id_(stored_name(settings.text("db_cluster_identifier"))),
      names_(settings.has("replica_prefix") ? stored_name(settings.text("replica_prefix")) : id_ + "-wa"),
      instance_class_(settings.text("replica_instance_class")),
      tier_(settings.has("promotion_tier") ? whole(settings.number("promotion_tier")) : "15"),
      zones_(settings.list("availability_zones")),
      client_(std::move(client)),
      clusters_(db_clusters(client_, services)),
      instances_(xml_items(instances_of_clusters, client_, services)) {}

Status DbCluster::check_engine(const std::string& engine) const {
  if (engine.starts_with(engine_.engine)) return {};
  if (engine_.kind == "amazon-rds" && (engine == "mysql" || engine == "postgres"))
    return fail(ErrorCode::invalid_argument,
                "it is a Multi-AZ cluster of " + engine + ", whose size is scaled: give instance_classes");
  return fail(ErrorCode::invalid_argument, "the cluster's engine is '" + net::excerpt(engine, 40) +
                                               "', which is not one of " + std::string(engine_.kind));
}

Result<DbCluster::Cluster> DbCluster::cluster_of(const XmlAnswer& found) const {
  Cluster cluster{.found = found, .engine = found.text("Engine"), .status = found.text("Status")};
  if (cluster.status.empty()) return std::unexpected(bad_answer("no Status in the answer"));
  if (auto ok = check_engine(cluster.engine); !ok) return std::unexpected(ok.error());
  const auto serverless = found.at("ServerlessV2ScalingConfiguration");
  cluster.min_capacity = serverless.number("MinCapacity");
  cluster.max_capacity = serverless.number("MaxCapacity");
  for (const auto& member : found.at("DBClusterMembers").items()) {
    DbInstance one{
        .id = member.text("DBInstanceIdentifier"), .status = {}, .instance_class = {}, .created = {}};
    one.is_writer = member.text("IsClusterWriter") == "true";
    one.promotion_tier = static_cast<int>(member.number("PromotionTier").value_or(1));
    cluster.instances.push_back(std::move(one));
  }
  return cluster;
}

/// What DescribeDBClusters does not say of its members: their state, class and tags. Instances that are not
/// members yet are being created.
Task<Status> DbCluster::read_instances(Cluster* cluster) {
  auto found = co_await instances_->ask(id_);
  if (!found) co_return std::unexpected(std::move(found.error()));
  for (const auto& one : found->value_or(std::vector<XmlAnswer>())) {
    const std::string id = one.text("DBInstanceIdentifier");
    auto known = std::ranges::find(cluster->instances, id, &DbInstance::id);
    if (known == cluster->instances.end())
      known = cluster->instances.insert(known, {.id = id, .status = {}, .instance_class = {}, .created = {}});
    known->status = one.text("DBInstanceStatus");
    known->instance_class = one.text("DBInstanceClass");
    known->created = one.text("InstanceCreateTime");
    known->promotion_tier = static_cast<int>(one.number("PromotionTier").value_or(known->promotion_tier));
    if (engine_.has_parameter_groups)
      known->parameter_group = one.at("DBParameterGroups").find("DBParameterGroupName").text();
    if (!names_.is_ours(id)) continue;
    if (const auto tags = one.at("TagList")) {
      known->is_ours = has_our_tag(tags);
      continue;
    }
    known->ask_tags_of = one.text("DBInstanceArn");
    auto ours = co_await ask_tags(known->ask_tags_of);
    if (!ours) co_return std::unexpected(std::move(ours.error()));
    known->is_ours = *ours;
  }
  co_return Status{};
}

/// Neptune and DocumentDB do not list tags with an instance. Once ours, it counts as ours until its removal.
Task<Result<bool>> DbCluster::ask_tags(std::string arn) {
  if (tagged_.contains(arn)) co_return true;
  net::Headers parameters = {{"ResourceName", arn}};
  auto parsed = co_await ask_xml(*client_, "ListTagsForResource", std::move(parameters));
  if (!parsed && parsed.error().code == ErrorCode::not_found) co_return false;
  if (!parsed) co_return std::unexpected(std::move(parsed.error()));
  const bool ours = has_our_tag(parsed->find("TagList"));
  if (ours) tagged_.insert(std::move(arn));
  co_return ours;
}

Task<Result<DbCluster::Cluster>> DbCluster::read() {
  auto found = co_await clusters_->ask(id_);
  if (!found) co_return std::unexpected(std::move(found.error()));
  if (!*found)
    co_return fail(ErrorCode::not_found, "there is no cluster '" + id_ + "' in " + client_->region());
  auto cluster = cluster_of((*found)->front());
  if (!cluster) co_return std::unexpected(std::move(cluster.error()));
  auto ok = co_await read_instances(&*cluster);
  if (!ok) co_return std::unexpected(std::move(ok.error()));
  co_return cluster;
}

Task<Result<Observation>> DbCluster::look() {
  auto cluster = co_await read();
  if (!cluster) co_return std::unexpected(std::move(cluster.error()));
  const auto there = readers_of(cluster->instances);
  const auto ours = removable(cluster->instances);
  Observation seen;
  const bool is_changing = cluster->status != "available" && !is_stuck(cluster->status);
  seen.changing = is_changing;
  seen.current[readers] = static_cast<double>(there.size());
  seen.ready = static_cast<double>(std::ranges::count_if(there, &DbInstance::is_available));
  for (const auto& one : cluster->instances) {
    seen.changing |= !one.is_available() && !is_stuck(one.status);
    if (is_stuck(one.status))
      seen.warnings.push_back("instance " + one.id + " is " + one.status + " and serves nothing");
    if (one.is_deleting())
      seen.blocks.push_back(
          {.value = readers, .only_down = true, .reason = "one reader is removed at a time"});
  }
  seen.system_min[readers] = static_cast<double>(there.size() - ours.size());
  seen.system_max[readers] = most_readers;
  if (cluster->min_capacity && cluster->max_capacity) {
    seen.current[engine_.min_value] = *cluster->min_capacity;
    seen.current[engine_.max_value] = *cluster->max_capacity;
  } else {
    for (const char* value : {engine_.min_value, engine_.max_value})
      seen.blocks.push_back(
          {.value = value, .reason = "the cluster has no Serverless v2 scaling configuration"});
  }
  const bool waits = block_while_waiting(cluster->found, {engine_.min_value, engine_.max_value}, seen);
  show_ordered({engine_.min_value, engine_.max_value}, is_changing || waits, seen);
  seen.blocks.push_back(
      {.value = Sizes::value, .reason = "the instances of such a cluster have classes of their own"});
  seen.blocks.push_back({.value = "allocated_storage", .reason = "the storage of a cluster grows by itself"});
  if (cluster->status != "available")
    seen.blocks.push_back({.reason = "the cluster's status is '" + net::excerpt(cluster->status, 64) + "'"});
  const auto writers = std::ranges::count_if(cluster->instances, &DbInstance::is_writer);
  if (writers != 1)
    seen.blocks.push_back({.value = readers, .reason = "the cluster has no writer now (a failover?)"});
  if (there.size() > ours.size())
    seen.warnings.push_back(whole(static_cast<double>(there.size() - ours.size())) +
                            " of its readers were made by somebody else and are never removed");
  co_return seen;
}

Task<Result<Applied>> DbCluster::write(Observation seen, Values wanted) {
  Values reached = wanted;
  const auto count = reached.extract(readers);
  Applied applied;
  if (!reached.empty()) {
    auto set = co_await set_capacity(seen, reached);
    if (!set) co_return std::unexpected(std::move(set.error()));
    applied.request_id = std::move(*set);
  }
  if (count.empty()) co_return applied;
  const bool grows = count.mapped() > seen.current[readers];
  auto set = co_await set_readers(static_cast<std::size_t>(count.mapped()), grows);
  if (reached.empty()) co_return set;
  if (set && !set->reached) co_return applied;
  // The capacity is set, whatever became of the readers.
  applied.rest = set ? set->rest : set.error().text();
  if (set) reached.merge(*set->reached);
  applied.reached = std::move(reached);
  co_return applied;
}

/// Both bounds in one request: one alone may cross the other.
Task<Result<std::string>> DbCluster::set_capacity(const Observation& seen, const Values& wanted) {
  const auto number = [&](const char* value) {
    const auto asked = wanted.find(value);
    return asked != wanted.end() ? asked->second : seen.current.at(value);
  };
  const double least = number(engine_.min_value);
  const double most = number(engine_.max_value);
  if (least > most)
    co_return fail(ErrorCode::invalid_argument, std::string(engine_.min_value) + " " + shortest(least) +
                                                    " is above " + engine_.max_value + " " + shortest(most));
  net::Headers parameters = {{"DBClusterIdentifier", id_},
                             {"ServerlessV2ScalingConfiguration.MinCapacity", shortest(least)},
                             {"ServerlessV2ScalingConfiguration.MaxCapacity", shortest(most)},
                             {"ApplyImmediately", "true"}};
  auto id = co_await order_xml(*client_, "ModifyDBCluster", std::move(parameters));
  co_return id;
}

/// One request for each reader, each decided on the cluster as it is then, but never the other way. What is
/// left over follows with the next order.
Task<Result<Applied>> DbCluster::set_readers(std::size_t wanted, bool grows) {
  Applied applied{.changed = false};
  for (int steps = 0; steps < most_at_once; ++steps) {
    auto step = co_await step_to(wanted, grows);
    if (!step && !applied.reached) co_return std::unexpected(std::move(step.error()));
    if (!step) {
      applied.rest = step.error().text();
      co_return applied;
    }
    applied.reached = {{readers, static_cast<double>(step->readers)}};
    applied.changed |= step->wrote;
    if (!step->request_id.empty()) applied.request_id = std::move(step->request_id);
    if (step->readers == wanted || !step->wrote) {
      applied.reached.reset();
      co_return applied;
    }
    if (!grows) {
      applied.rest = "one reader is removed at a time";
      co_return applied;
    }
  }
  applied.rest = "no more than " + std::to_string(most_at_once) + " readers are made at a time";
  co_return applied;
}

Task<Result<DbCluster::Step>> DbCluster::step_to(std::size_t wanted, bool grows) {
  auto cluster = co_await read();
  if (!cluster) co_return std::unexpected(std::move(cluster.error()));
  const std::size_t there = readers_of(cluster->instances).size();
  if (grows ? there >= wanted : there <= wanted) co_return Step{.readers = there};
  if (std::ranges::count_if(cluster->instances, &DbInstance::is_writer) != 1)
    co_return fail(ErrorCode::busy, "the cluster has no writer now; nothing is changed", true);
  Result<std::string> done;
  if (grows) {
    done = co_await add_reader(std::move(*cluster));
  } else {
    done = co_await remove_one_of(removable(cluster->instances));
  }
  if (!done) co_return std::unexpected(std::move(done.error()));
  co_return Step{.readers = grows ? there + 1 : there - 1, .wrote = true, .request_id = std::move(*done)};
}

/// Under the first name that is free.
Task<Result<std::string>> DbCluster::add_reader(Cluster cluster) {
  while (true) {
    std::string name = names_.next(cluster.instances);
    auto id = co_await create_instance(cluster, name);
    if (id) co_return id;
    zones_.note(id.error());
    if (!net::aws::has_code(id.error(), "DBInstanceAlreadyExists")) co_return id;
    // An earlier attempt whose answer was lost may have made it; or it is another cluster's.
    auto ours = co_await is_member(name);
    if (!ours) co_return std::unexpected(std::move(ours.error()));
    if (*ours) co_return std::string();
    auto ok = names_.skip(std::move(name));
    if (!ok) co_return std::unexpected(std::move(ok.error()));
  }
}

/// As the writer is, where nothing else is said.
Task<Result<std::string>> DbCluster::create_instance(const Cluster& cluster, std::string name) {
  const auto writer = std::ranges::find_if(cluster.instances, &DbInstance::is_writer);
  const DbInstance like = writer == cluster.instances.end() ? DbInstance{} : *writer;
  net::Headers parameters = {
      {"DBInstanceIdentifier", std::move(name)},
      {"DBInstanceClass", instance_class_.empty() ? like.instance_class : instance_class_},
      {"Engine", cluster.engine},
      {"DBClusterIdentifier", id_},
      {"PromotionTier", tier_}};
  if (!like.parameter_group.empty()) parameters.emplace_back("DBParameterGroupName", like.parameter_group);
  zones_.add_next(readers_of(cluster.instances).size(), parameters);
  add_our_tag(parameters);
  auto id = co_await order_xml(*client_, "CreateDBInstance", std::move(parameters));
  co_return id;
}

Task<Result<bool>> DbCluster::is_member(std::string name) {
  net::Headers parameters = {{"DBInstanceIdentifier", std::move(name)}};
  auto parsed = co_await ask_xml(*client_, "DescribeDBInstances", std::move(parameters));
  if (!parsed) co_return std::unexpected(std::move(parsed.error()));
  co_return parsed->find("DBInstance").text("DBClusterIdentifier") == id_;
}

/// The first that is still ours: somebody who takes our tag away keeps the instance.
Task<Result<std::string>> DbCluster::remove_one_of(std::vector<DbInstance> ours) {
  for (auto& one : ours) {
    if (!one.ask_tags_of.empty()) {
      tagged_.erase(one.ask_tags_of);
      auto is_ours = co_await ask_tags(std::move(one.ask_tags_of));
      if (!is_ours) co_return std::unexpected(std::move(is_ours.error()));
      if (!*is_ours) continue;
    }
    auto id = co_await remove_reader(std::move(one.id));
    co_return id;
  }
  co_return fail(ErrorCode::invalid_argument, "no more readers of ours can be removed");
}

Task<Result<std::string>> DbCluster::remove_reader(std::string name) {
  net::Headers parameters = {{"DBInstanceIdentifier", std::move(name)}};
  if (engine_.skips_final_snapshot) parameters.emplace_back("SkipFinalSnapshot", "true");
  auto id = co_await order_xml(*client_, "DeleteDBInstance", std::move(parameters));
  if (!id && id.error().code == ErrorCode::not_found) co_return std::string();
  co_return id;
}

}  // namespace wave::components
