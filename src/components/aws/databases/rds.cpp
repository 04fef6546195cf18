#include "base/text.h"
#include "components/aws/answer.h"
#include "components/aws/databases/db_cluster.h"
#include "components/kinds.h"
#include "definitions/common_keys.h"

namespace wave::components {
namespace {

constexpr const char* storage = "allocated_storage";

constexpr DbEngine aurora{.service = net::aws::rds,
                          .engine = "aurora",
                          .kind = "amazon-rds",
                          .min_value = "min_acu",
                          .max_value = "max_acu",
                          .steering_space = "rds",
                          .skips_final_snapshot = true};

const XmlListing listing{.action = "DescribeDBInstances",
                         .list = "DBInstances",
                         .name = "DBInstanceIdentifier",
                         .single = "DBInstanceIdentifier",
                         .filter = "db-instance-id"};

/// The storage of an instance that is no member of an Aurora cluster. It only grows.
class DbStorage final : public AwsComponent {
 public:
  DbStorage(const definitions::ComponentDefinition& definition, const definitions::Settings& settings,
            std::shared_ptr<net::AwsClient> client, net::Services& services)
      : AwsComponent("instance " + settings.text("db_instance_identifier"), definition),
        id_(settings.text("db_instance_identifier")),
        client_(std::move(client)),
        instances_(xml_items(listing, client_, services)) {}

 private:
  Task<Result<Observation>> look() override {
    auto found = co_await instances_->ask(id_);
    if (!found) co_return std::unexpected(std::move(found.error()));
    if (!*found)
      co_return fail(ErrorCode::not_found, "there is no DB instance '" + id_ + "' in " + client_->region());
    const XmlAnswer instance = (*found)->front();
    const auto size = instance.number("AllocatedStorage");
    const std::string status = instance.text("DBInstanceStatus");
    if (!size || status.empty())
      co_return std::unexpected(bad_answer("no AllocatedStorage and DBInstanceStatus in the answer"));
    if (!instance.text("DBClusterIdentifier").empty())
      co_return fail(ErrorCode::invalid_argument,
                     "it is a member of a cluster, whose storage is not set: give db_cluster_identifier");
    co_return seen_in(instance, *size, status);
  }

  static Observation seen_in(const XmlAnswer& instance, double size, const std::string& status) {
    Observation seen{.current = {{storage, size}}, .ready = {}};
    seen.changing = status != "available";
    for (const char* value : {"desired", aurora.min_value, aurora.max_value})
      seen.blocks.push_back(
          {.value = value, .reason = "an instance outside of a cluster has only storage to set"});
    seen.blocks.push_back({.value = storage, .only_down = true, .reason = "storage never shrinks"});
    if (status != "available")
      seen.blocks.push_back(
          {.value = storage,
           .reason = "the instance's status is '" + net::excerpt(status, 64) +
                     "' (storage can be changed again 6 h after a change, and only when it is "
                     "optimised)"});
    if (const auto waiting = instance.at("PendingModifiedValues").number("AllocatedStorage"))
      seen.blocks.push_back(
          {.value = storage,
           .reason = "a change to " + whole(*waiting) + " GiB waits for its maintenance window"});
    return seen;
  }

  Task<Result<Applied>> write(Observation, Values wanted) override {
    net::Headers parameters = {{"DBInstanceIdentifier", id_},
                               {"AllocatedStorage", whole(wanted[storage])},
                               {"ApplyImmediately", "true"}};
    auto id = co_await order_xml(*client_, "ModifyDBInstance", std::move(parameters));
    if (!id) co_return std::unexpected(std::move(id.error()));
    co_return Applied{.request_id = std::move(*id)};
  }

  std::string id_;
  std::shared_ptr<net::AwsClient> client_;
  std::shared_ptr<XmlItems> instances_;
};

Result<std::unique_ptr<Component>> create(const definitions::ComponentDefinition& definition,
                                          const definitions::Settings& settings, net::Services& services) {
  const bool of_cluster = settings.has("db_cluster_identifier");
  if (of_cluster == settings.has("db_instance_identifier"))
    return fail(ErrorCode::invalid_argument, "give one of db_cluster_identifier and db_instance_identifier");
  if (of_cluster) return DbCluster::create(aurora, definition, settings, services);
  auto client = services.aws.client(net::aws::rds, settings);
  if (!client) return std::unexpected(client.error());
  return std::make_unique<DbStorage>(definition, settings, std::move(*client), services);
}

std::vector<definitions::ValueSpec> values() {
  auto out = DbCluster::values(aurora, "ACU");
  out.push_back(
      {.name = storage,
       .help = "The storage of an instance outside of Aurora, in GiB; only grows, by a tenth at least.",
       .lowest = 20,
       .highest = 65536,
       .alias = "volume_size"});
  return out;
}

}  // namespace

const Kind& amazon_rds() {
  static const Kind kind{
      .table =
          {.document = definitions::Document::component,
           .name = "amazon-rds",
           .vendor = "aws",
           .summary =
               "The readers and the serverless capacity of an Aurora cluster, or the storage of an RDS "
               "instance.",
           .keys = definitions::join({DbCluster::keys(false),
                                      {{.name = "db_instance_identifier",
                                        .help = "Instead of a cluster: an instance whose storage grows."}},
                                      definitions::aws_keys()}),
           .values = values(),
           .ready_after = 10min,
           .scale_in = false,
           .permissions =
               "`rds:DescribeDBClusters`, `rds:DescribeDBInstances`; for readers `rds:CreateDBInstance` on "
               "the "
               "cluster and on `arn:aws:rds:REGION:ACCOUNT:db:PREFIX-*`, `rds:AddTagsToResource` and "
               "`rds:DeleteDBInstance` on the latter (condition: `aws:ResourceTag/managed-by` is `wa`); for "
               "capacity `rds:ModifyDBCluster`; for storage `rds:ModifyDBInstance`; "
               "`application-autoscaling:DescribeScalableTargets` (all resources) to see who else steers it, "
               "and `application-autoscaling:RegisterScalableTarget` with `on_conflict: raise_floor`.",
           .notes =
               "New readers are called `<replica_prefix>-<number>` and tagged `managed-by: wa`. Only those "
               "are "
               "ever removed, one after the other, each after the cluster was read again, and never the "
               "writer: after a failover it may be one of them. `scale_in` is false unless you write true: "
               "connections to a reader that goes are cut, and a new one is cold.\n\n`min_acu` is the lever "
               "for capacity ahead of load: it takes effect in seconds to minutes. Storage can be changed "
               "again 6 hours after a change. Instance classes are texts, and changing one is an outage: no "
               "plan does so."},
      .create = &create};
  return kind;
}

}  // namespace wave::components
