#include "components/aws/databases/rds_multi_az.h"

#include "components/answer.h"
#include "components/aws/databases/db_cluster.h"
#include "components/aws/databases/identifier.h"
#include "components/aws/databases/waiting.h"

namespace wave::components {

RdsMultiAz::RdsMultiAz(const definitions::ComponentDefinition& definition,
                       const definitions::Settings& settings, Sizes sizes,
                       std::shared_ptr<net::AwsClient> client, net::Services& services)
    : AwsComponent("cluster " + settings.text("db_cluster_identifier"), definition),
      id_(stored_name(settings.text("db_cluster_identifier"))),
      sizes_(std::move(sizes)),
      client_(std::move(client)),
      clusters_(db_clusters(client_, services)) {}

Task<Result<Observation>> RdsMultiAz::look() {
  auto found = co_await clusters_->ask(id_);
  if (!found) co_return std::unexpected(std::move(found.error()));
  if (!*found)
    co_return fail(ErrorCode::not_found, "there is no cluster '" + id_ + "' in " + client_->region());
  const XmlAnswer cluster = (*found)->front();
  const std::string status = cluster.text("Status");
  if (status.empty()) co_return std::unexpected(bad_answer("no Status in the answer"));
  if (const std::string engine = cluster.text("Engine"); engine != "mysql" && engine != "postgres")
    co_return fail(ErrorCode::invalid_argument,
                   "the cluster's engine is '" + net::excerpt(engine, 40) +
                       "': only a Multi-AZ cluster of mysql or postgres has one class for all its instances; "
                       "without instance_classes, the readers of an Aurora cluster are scaled");
  Observation seen;
  seen.changing = status != "available" && !is_stuck(status);
  if (status != "available")
    seen.blocks.push_back({.reason = "the cluster's status is '" + net::excerpt(status, 64) + "'"});
  sizes_.add(cluster.text("DBClusterInstanceClass"), seen);
  const bool waits = block_while_waiting(cluster, {Sizes::value}, seen);
  show_ordered({Sizes::value}, seen.changing || waits, seen);
  for (const char* value : {"desired", "min_acu", "max_acu", "allocated_storage"})
    seen.blocks.push_back({.value = value, .reason = "of a Multi-AZ cluster only the size is set"});
  co_return seen;
}

Task<Result<Applied>> RdsMultiAz::write(Observation, Values wanted) {
  auto name = sizes_.at(wanted[Sizes::value]);
  if (!name) co_return std::unexpected(std::move(name.error()));
  net::Headers parameters = {{"DBClusterIdentifier", id_},
                             {"DBClusterInstanceClass", std::move(*name)},
                             {"ApplyImmediately", "true"}};
  auto id = co_await order_xml(*client_, "ModifyDBCluster", std::move(parameters));
  if (!id) co_return std::unexpected(std::move(id.error()));
  co_return Applied{.request_id = std::move(*id)};
}

}  // namespace wave::components
