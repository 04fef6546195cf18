#pragma once

#include "components/aws/aws_component.h"
#include "components/aws/sizes.h"
#include "components/aws/xml_items.h"

namespace wave::components {

/// The node type of a replication group (Valkey, Redis OSS), or of a cluster that is in none (Memcached, a
/// single node).
class CacheNodeType final : public AwsComponent {
 public:
  /// Of `replication_group_id` or `cache_cluster_id`.
  CacheNodeType(const definitions::ComponentDefinition& definition, const definitions::Settings& settings,
                Sizes sizes, std::shared_ptr<net::AwsClient> client, net::Services& services);

 private:
  Task<Result<Observation>> look() override;
  Task<Result<Applied>> write(Observation seen, Values wanted) override;
  Task<Result<Observation>> look_at_group();
  Task<Result<XmlAnswer>> read(std::shared_ptr<XmlItems> items, std::string id);
  Task<Status> check_allowed(std::string name, bool grows);
  net::Headers whose() const;

  std::string group_;    ///< empty: a cluster
  std::string cluster_;  ///< of a group: a member, which tells what waits
  Sizes sizes_;
  std::shared_ptr<net::AwsClient> client_;
  std::shared_ptr<XmlItems> groups_;
  std::shared_ptr<XmlItems> clusters_;
};

/// DescribeReplicationGroups and DescribeCacheClusters for many, by identifier.
std::shared_ptr<XmlItems> replication_groups(std::shared_ptr<net::AwsClient> client, net::Services& services);
std::shared_ptr<XmlItems> cache_clusters(std::shared_ptr<net::AwsClient> client, net::Services& services);

}  // namespace wave::components
