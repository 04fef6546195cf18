#pragma once

#include <gtest/gtest.h>

#include "contract/aws/world.h"

namespace wave::test {

/// An instance as both Describe calls show it.
struct Instance {
  std::string id;
  bool writer = false;
  std::string status = "available";
  bool ours = false;
  std::string created = "2015-08-01T00:00:00Z";
  std::string parameter_group{};
};

inline std::string clusters_answer(const std::string& engine, const std::vector<Instance>& all,
                                   const std::string& more = "", const std::string& status = "available") {
  std::string members;
  for (const auto& one : all)
    members += "<DBClusterMember><DBInstanceIdentifier>" + one.id +
               "</DBInstanceIdentifier><IsClusterWriter>" + (one.writer ? "true" : "false") +
               "</IsClusterWriter><PromotionTier>" + (one.writer ? "1" : "15") +
               "</PromotionTier></DBClusterMember>";
  return "<DescribeDBClustersResponse><DescribeDBClustersResult><DBClusters><DBCluster><Engine>" + engine +
         "</Engine><Status>" + status + "</Status><DBClusterMembers>" + members + "</DBClusterMembers>" +
         more + "</DBCluster></DBClusters></DescribeDBClustersResult></DescribeDBClustersResponse>";
}

inline std::string instances_answer(const std::vector<Instance>& all, bool with_tags = true) {
  std::string out;
  for (const auto& one : all)
    out += "<DBInstance><DBInstanceIdentifier>" + one.id + "</DBInstanceIdentifier><DBInstanceStatus>" +
           one.status +
           "</DBInstanceStatus><DBInstanceClass>db.r6g.large</DBInstanceClass><InstanceCreateTime>" +
           one.created + "</InstanceCreateTime>" + "<DBInstanceArn>arn:" + one.id + "</DBInstanceArn>" +
           "<DBClusterIdentifier>au</DBClusterIdentifier>" +
           (one.parameter_group.empty()
                ? ""
                : "<DBParameterGroups><DBParameterGroup><DBParameterGroupName>" + one.parameter_group +
                      "</DBParameterGroupName></DBParameterGroup></DBParameterGroups>") +
           (!with_tags ? ""
            : one.ours ? "<TagList><Tag><Key>managed-by</Key><Value>wa</Value></Tag></TagList>"
                       : "<TagList/>") +
           "</DBInstance>";
  return "<DescribeDBInstancesResponse><DescribeDBInstancesResult><DBInstances>" + out +
         "</DBInstances></DescribeDBInstancesResult></DescribeDBInstancesResponse>";
}

/// A database cluster `au` as a script.
class DatabaseContract : public testing::Test {
 protected:
  DatabaseContract() { world.settings.set("db_cluster_identifier", std::string("au")); }

  /// A cluster that does what it is told: what is created is there, what is deleted is going.
  void serve(std::vector<Instance> all, const std::string& engine = "aurora-mysql") {
    there = std::move(all);
    world.on("DescribeDBClusters").reply_with([this, engine](const net::HttpRequest&) {
      return net::HttpResponse{
          .status = 200, .headers = {}, .body = clusters_answer(engine, there, cluster_more, cluster_status)};
    });
    world.on("DescribeDBInstances").reply_with([this, engine](const net::HttpRequest& request) {
      std::vector<Instance> asked = there;
      if (request.body.find("&DBInstanceIdentifier=") != std::string::npos)
        std::erase_if(asked, [id = parameter(request.body, "DBInstanceIdentifier")](const Instance& one) {
          return one.id != id;
        });
      const bool with_tags = engine.starts_with("aurora");
      return net::HttpResponse{.status = 200, .headers = {}, .body = instances_answer(asked, with_tags)};
    });
    world.on("ListTagsForResource").reply_with([this](const net::HttpRequest& request) {
      std::string tags;
      for (const auto& one : there)
        if (parameter(request.body, "ResourceName") == "arn%3A" + one.id && one.ours)
          tags = "<Tag><Key>managed-by</Key><Value>wa</Value></Tag>";
      return net::HttpResponse{
          .status = 200, .headers = {}, .body = "<r><TagList>" + tags + "</TagList></r>"};
    });
    world.on("CreateDBInstance").reply_with([this](const net::HttpRequest& request) {
      return create(request);
    });
    world.on("DeleteDBInstance").reply_with([this](const net::HttpRequest& request) {
      return remove(request);
    });
  }
  Result<net::HttpResponse> create(const net::HttpRequest& request) {
    const std::string id = parameter(request.body, "DBInstanceIdentifier");
    if (std::ranges::find(there, id, &Instance::id) != there.end()) return refusal("DBInstanceAlreadyExists");
    there.push_back({.id = id, .status = "creating", .ours = true});
    return net::HttpResponse{.status = 200, .headers = {}, .body = "<r/>"};
  }
  Result<net::HttpResponse> remove(const net::HttpRequest& request) {
    deleted.push_back(parameter(request.body, "DBInstanceIdentifier"));
    for (auto& one : there) {
      if (one.id != deleted.back()) continue;
      if (one.status == "deleting") return refusal("InvalidDBInstanceState");
      one.status = "deleting";
    }
    return net::HttpResponse{.status = 200, .headers = {}, .body = "<r/>"};
  }
  static net::HttpResponse refusal(const std::string& code) {
    return {.status = 400,
            .headers = {},
            .body = "<ErrorResponse><Error><Code>" + code + "</Code></Error></ErrorResponse>"};
  }
  static std::string parameter(const std::string& body, const std::string& name) {
    const auto begin = body.find("&" + name + "=") + name.size() + 2;
    return body.substr(begin, body.find('&', begin) - begin);
  }

  AwsWorld world;
  std::vector<Instance> there;
  std::string cluster_status = "available";
  std::string cluster_more{};  ///< that DescribeDBClusters shows
  std::vector<std::string> deleted;
};

}  // namespace wave::test
