#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "contract/aws/faults.h"

namespace wave::test {
namespace {

using testing::HasSubstr;

class AwsWrite : public testing::TestWithParam<FaultCase> {
 protected:
  void SetUp() override {
    const auto& param = GetParam();
    for (const auto& [key, value] : param.keys) world.settings.set(key, value);
    for (const auto& [key, values] : param.lists) world.settings.set(key, values);
    for (const auto& [operation, reply] : param.others) answer(operation, reply);
    answer(param.read, param.healthy);
    answer(param.write, param.written);
    component = make();
  }
  std::unique_ptr<components::Component> make() {
    for (const auto& kind : components::registry())
      if (kind->table.name == GetParam().kind) return world.make(*kind);
    ADD_FAILURE() << "no such kind";
    return nullptr;
  }
  void answer(const std::string& operation, const Reply& reply) {
    world.on(operation).reply(reply.status, reply.body, reply.headers);
  }
  /// What the write is refused with.
  Error refused(int status, const std::string& code) {
    answer(GetParam().write, GetParam().error(status, code, "said AWS"));
    auto applied = world.apply(*component, GetParam().wanted, GetParam().now);
    if (!applied) return applied.error();
    ADD_FAILURE() << "it was not refused";
    return {};
  }
  int writes() const { return world.asked(GetParam().write); }
  /// Nothing was sent after the write: it was not tried again, nor was anything else of the change made.
  void expect_end() const {
    EXPECT_EQ(writes(), 1);
    EXPECT_EQ(&world.sent(GetParam().write), &world.services.http.requests().back());
  }

  AwsWorld world;
  std::unique_ptr<components::Component> component;
};

TEST_P(AwsWrite, ThatIsForbiddenIsOneClearErrorAndNothingHalfDone) {
  const auto error = refused(403, "AccessDeniedException");
  EXPECT_EQ(error.code, ErrorCode::forbidden);
  EXPECT_FALSE(error.retryable);
  EXPECT_THAT(error.text(), HasSubstr("said AWS"));
  expect_end();
}

TEST_P(AwsWrite, ThatBreaksAQuotaIsOneClearErrorAndNothingHalfDone) {
  const auto error = refused(400, "ServiceQuotaExceededException");
  EXPECT_EQ(error.code, ErrorCode::limit_exceeded);
  EXPECT_FALSE(error.retryable);
  EXPECT_THAT(error.text(), HasSubstr("said AWS"));
  expect_end();
}

std::string name_of(const testing::TestParamInfo<FaultCase>& one) {
  std::string name = one.param.kind + one.param.form;
  std::erase(name, '-');
  return name;
}

INSTANTIATE_TEST_SUITE_P(Kinds, AwsWrite, testing::ValuesIn(fault_cases()), name_of);

/// Kinds that tell what it is like while a change is under way.
class AwsChange : public AwsWrite {};

TEST_P(AwsChange, ThatAKilledDaemonMadeIsSeenByTheNextOneWhichSendsNothing) {
  const auto& param = GetParam();
  ASSERT_TRUE(world.apply(*component, param.wanted, param.now));
  component.reset();
  answer(param.read, *param.under_way);
  const auto next = make();
  const auto seen = world.observe(*next);
  ASSERT_TRUE(seen) << seen.error().text();
  components::Values basis;
  for (const auto& [value, number] : param.wanted) {
    basis[value] = seen->current.at(value);
    EXPECT_TRUE(seen->changing || !seen->blocks.empty() || basis[value] == number) << value;
  }
  const auto again = world.apply(*next, param.wanted, basis);
  EXPECT_TRUE(again ? !again->changed : again.error().code == ErrorCode::busy);
  EXPECT_EQ(writes(), 1);
}

TEST_P(AwsChange, IsBoundByWhatTheSystemBounds) {
  const auto seen = world.observe(*component);
  ASSERT_TRUE(seen) << seen.error().text();
  EXPECT_EQ(seen->system_min, GetParam().least);
  EXPECT_EQ(seen->system_max, GetParam().most);
}

std::vector<FaultCase> cases_with_a_change() {
  auto all = fault_cases();
  std::erase_if(all, [](const FaultCase& one) { return !one.under_way; });
  return all;
}

INSTANTIATE_TEST_SUITE_P(Kinds, AwsChange, testing::ValuesIn(cases_with_a_change()), name_of);

}  // namespace
}  // namespace wave::test
