#include "components/kubernetes/steering.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/services.h"

namespace wave::components {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class KubernetesSteering : public testing::Test {
 protected:
  /// Autoscalers of others, page by page; the last page holds `last`.
  void serve(const std::string& plural, int pages, const std::string& last = "") {
    auto page = std::make_shared<int>(0);
    world.http
        .on([plural](const net::HttpRequest& request) {
          return request.url.find(plural) != std::string::npos;
        })
        .reply_with([=](const net::HttpRequest& request) {
          EXPECT_EQ(request.url.find("&continue=p" + std::to_string(*page)) != std::string::npos, *page > 0);
          const bool more = ++*page < pages;
          const std::string next = more ? R"("continue":"p)" + std::to_string(*page) + '"' : "";
          const std::string items =
              more ? R"({"spec":{"scaleTargetRef":{"kind":"Deployment","name":"x"}}})" : last;
          return net::HttpResponse{.status = 200,
                                   .headers = {},
                                   .body = R"({"metadata":{)" + next + R"(},"items":[)" + items + "]}"};
        });
  }
  FoundSteering find() {
    net::kubernetes::Access access;
    access.server = "https://k";
    net::kubernetes::Cluster cluster(access, world.services);
    return world.run(find_steering(cluster, {.kind = "Deployment", .name = "api", .space = "shop"}));
  }
  test::TestServices world;
};

TEST_F(KubernetesSteering, TheAutoscalerOnTheLastPageIsFound) {
  serve("scaledobjects", 1);
  serve("horizontalpodautoscalers", 40,
        R"({"metadata":{"name":"h"},"spec":{"scaleTargetRef":{"kind":"Deployment","name":"api"}}})");
  const auto found = find();
  ASSERT_TRUE(found.by);
  EXPECT_EQ(found.by->who, "HorizontalPodAutoscaler shop/h");
  EXPECT_THAT(found.warnings, IsEmpty());
  EXPECT_EQ(world.http.requests().size(), 41u);
}

TEST_F(KubernetesSteering, MoreThanFortyPagesAreAWarningAndNotNobody) {
  serve("scaledobjects", 1);
  serve("horizontalpodautoscalers", 1000);
  const auto found = find();
  EXPECT_FALSE(found.by);
  EXPECT_THAT(found.warnings, ElementsAre(HasSubstr(
                                  "cannot see whether a HorizontalPodAutoscaler steers it: the namespace has "
                                  "more than 20000 of them")));
  EXPECT_EQ(world.http.requests().size(), 41u);
}

}  // namespace
}  // namespace wave::components
