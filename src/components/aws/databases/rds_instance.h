#pragma once

#include "components/aws/aws_component.h"
#include "components/aws/databases/readers.h"
#include "components/aws/sizes.h"
#include "components/aws/xml_items.h"

namespace wave::components {

/// An RDS instance outside of a cluster: its read replicas, its class, and its storage, which only grows.
///
/// As in an Aurora cluster, only replicas that carry our name and our tag are removed, one after the other,
/// and each only after it was read again: one that was promoted is nobody's replica and stays.
class RdsInstance final : public AwsComponent {
 public:
  static constexpr const char* replicas = "desired";
  static constexpr const char* storage = "allocated_storage";

  RdsInstance(const definitions::ComponentDefinition& definition, const definitions::Settings& settings,
              Sizes sizes, std::shared_ptr<net::AwsClient> client, net::Services& services);

 private:
  struct Found {
    XmlAnswer source;
    std::vector<DbInstance> replicas;
    std::vector<std::string> warnings;
  };

  Task<Result<Observation>> look() override;
  Task<Result<Applied>> write(Observation seen, Values wanted) override;
  Task<Result<Found>> read();
  Status check(const XmlAnswer& source) const;
  void add_replica(const XmlAnswer& one, Found& found) const;
  void add_replicas(const Found& found, Observation& seen) const;
  void add_storage(const XmlAnswer& source, const std::string& status, Observation& seen) const;
  Task<Status> check_storage_rests();
  Task<Result<std::string>> modify(const Values& wanted);
  Task<Result<Applied>> set_replicas(std::size_t wanted, bool grows);
  Task<Result<std::string>> make_replica(Found found);
  Task<Result<std::string>> create_replica(XmlAnswer source, std::string name);
  Task<Result<bool>> is_replica(std::string name);
  Task<Result<std::string>> remove_replica(std::string name);

  std::string id_;
  NewNames names_;
  std::string instance_class_;
  Zones zones_;
  Sizes sizes_;
  Runtime& runtime_;
  std::shared_ptr<net::AwsClient> client_;
  std::shared_ptr<XmlItems> instances_;
  std::optional<UtcTime> storage_until_;  ///< before, storage is not changed again
};

}  // namespace wave::components
