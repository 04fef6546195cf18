#pragma once

#include <set>

#include "components/aws/aws_component.h"
#include "components/aws/databases/readers.h"
#include "components/aws/xml_items.h"

namespace wave::components {

/// How RDS, Neptune and DocumentDB differ where they share one API.
struct DbEngine {
  const net::aws::Service& service;
  std::string_view engine;  ///< what a cluster's engine begins with
  std::string_view kind;    ///< that is meant for it
  const char* min_value;    ///< of serverless capacity: `min_acu`
  const char* max_value;
  double least_min = 0;  ///< of `min_value`
  double least_max = 1;  ///< of `max_value`
  double most_capacity = 256;
  std::string_view steering_space;  ///< in Application Auto Scaling; empty: none
  bool skips_final_snapshot = false;
  bool has_parameter_groups = true;  ///< of instances, that CreateDBInstance takes
};

/// DescribeDBClusters for many, by identifier.
std::shared_ptr<XmlItems> db_clusters(std::shared_ptr<net::AwsClient> client, net::Services& services);

/// A cluster of instances: one writer, and readers that are made and removed; and what a serverless instance
/// may grow to.
///
/// Only readers that carry our name (`<prefix>-<number>`) and our tag are removed, and each only after the
/// cluster was read again: the writer never is.
class DbCluster final : public AwsComponent {
 public:
  static Result<std::unique_ptr<Component>> create(const DbEngine& engine,
                                                   const definitions::ComponentDefinition& definition,
                                                   const definitions::Settings& settings,
                                                   net::Services& services);
  /// Keys and values, for the kind's table.
  static std::vector<definitions::Key> keys(bool required);
  static std::vector<definitions::ValueSpec> values(const DbEngine& engine, std::string_view unit);

 private:
  struct Cluster {
    XmlAnswer found;
    std::string engine;
    std::string status;
    std::optional<double> min_capacity;
    std::optional<double> max_capacity;
    std::vector<DbInstance> instances;
  };

  DbCluster(const DbEngine& engine, const definitions::ComponentDefinition& definition,
            const definitions::Settings& settings, std::shared_ptr<net::AwsClient> client,
            net::Services& services);
  Task<Result<Observation>> look() override;
  Task<Result<Applied>> write(Observation seen, Values wanted) override;
  Task<Result<Cluster>> read();
  Task<Status> read_instances(Cluster* cluster);
  Task<Result<bool>> ask_tags(std::string arn);
  Result<Cluster> cluster_of(const XmlAnswer& found) const;
  Status check_engine(const std::string& engine) const;
  Task<Result<std::string>> set_capacity(const Observation& seen, const Values& wanted);
  /// What one request made of the readers.
  struct Step {
    std::size_t readers;
    bool wrote = false;
    std::string request_id{};
  };
  Task<Result<Applied>> set_readers(std::size_t wanted, bool grows);
  Task<Result<Step>> step_to(std::size_t wanted, bool grows);
  Task<Result<std::string>> add_reader(Cluster cluster);
  Task<Result<std::string>> create_instance(const Cluster& cluster, std::string name);
  Task<Result<bool>> is_member(std::string name);
  Task<Result<std::string>> remove_one_of(std::vector<DbInstance> ours);
  Task<Result<std::string>> remove_reader(std::string name);

  const DbEngine& engine_;
  std::string id_;
  NewNames names_;
  std::string instance_class_;
  std::string tier_;
  Zones zones_;
  std::shared_ptr<net::AwsClient> client_;
  std::shared_ptr<XmlItems> clusters_;   ///< by identifier
  std::shared_ptr<XmlItems> instances_;  ///< by cluster
  std::set<std::string> tagged_;         ///< ARNs of instances that carry our tag
};

}  // namespace wave::components
