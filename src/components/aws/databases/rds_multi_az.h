#pragma once

#include "components/aws/aws_component.h"
#include "components/aws/sizes.h"
#include "components/aws/xml_items.h"

namespace wave::components {

/// A Multi-AZ DB cluster of RDS (MySQL or PostgreSQL, not Aurora): one writer and two readable standbys of
/// one class. The class is what there is to scale.
class RdsMultiAz final : public AwsComponent {
 public:
  RdsMultiAz(const definitions::ComponentDefinition& definition, const definitions::Settings& settings,
             Sizes sizes, std::shared_ptr<net::AwsClient> client, net::Services& services);

 private:
  Task<Result<Observation>> look() override;
  Task<Result<Applied>> write(Observation seen, Values wanted) override;

  std::string id_;
  Sizes sizes_;
  std::shared_ptr<net::AwsClient> client_;
  std::shared_ptr<XmlItems> clusters_;
};

}  // namespace wave::components
