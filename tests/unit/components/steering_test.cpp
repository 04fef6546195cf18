#include "components/kubernetes/steering.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/services.h"

namespace wave::components {
namespace {

using testing::HasSubstr;

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
  struct Found {
    std::string who;
    std::string unknown;
  };
  Found find() {
    net::kubernetes::Access access;
    access.server = "https://k";
    net::kubernetes::Cluster cluster(access, world.services);
    Autoscalers autoscalers(cluster, world.runtime, {.kind = "Deployment", .name = "api", .space = "shop"},
                            definitions::OnConflict::refuse);
    world.run([](Autoscalers& all) -> Task<bool> {
      co_await all.look(20s);
      co_return true;
    }(autoscalers));
    const auto* by = autoscalers.steering();
    return {by == nullptr ? "" : by->who, autoscalers.unknown()};
  }
  test::TestServices world;
};

TEST_F(KubernetesSteering, TheAutoscalerOnTheLastPageIsFound) {
  serve("scaledobjects", 1);
  serve("horizontalpodautoscalers", 40,
        R"({"metadata":{"name":"h"},"spec":{"scaleTargetRef":{"kind":"Deployment","name":"api"}}})");
  const auto found = find();
  EXPECT_EQ(found.who, "HorizontalPodAutoscaler shop/h");
  EXPECT_EQ(found.unknown, "");
  EXPECT_EQ(world.http.requests().size(), 41u);
}

TEST_F(KubernetesSteering, WhatIsBehindTheFortiethPageIsNotKnown) {
  serve("scaledobjects", 1);
  serve("horizontalpodautoscalers", 1000);
  const auto found = find();
  EXPECT_EQ(found.who, "");
  EXPECT_THAT(found.unknown, HasSubstr("whether a HorizontalPodAutoscaler steers it is not known: the "
                                       "namespace has more than 20000 of them"));
  EXPECT_EQ(world.http.requests().size(), 41u);
}

TEST_F(KubernetesSteering, AListThatIsForgottenWhileItIsReadIsNotNobody) {
  serve("scaledobjects", 1);
  serve("horizontalpodautoscalers", 3);
  world.http.on([](const net::HttpRequest& request) { return request.url.contains("continue=p1"); })
      .reply(
          410,
          R"({"kind":"Status","reason":"Expired","message":"The provided continue parameter is too old"})");
  const auto found = find();
  EXPECT_EQ(found.who, "");
  EXPECT_THAT(found.unknown, HasSubstr("the list ended too early: Expired: "));
}

}  // namespace
}  // namespace wave::components
