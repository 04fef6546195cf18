#include "components/kubernetes/quantity.h"

#include <gtest/gtest.h>

namespace wave::components {
namespace {

TEST(Quantity, ReadsWhatKubernetesWrites) {
  EXPECT_EQ(quantity_of("200"), 200);
  EXPECT_EQ(quantity_of("1.5"), 1.5);
  EXPECT_EQ(quantity_of("+2"), 2);
  EXPECT_EQ(quantity_of("250m"), 0.25);
  EXPECT_EQ(quantity_of("400Gi"), 400 * 0x1p30);
  EXPECT_EQ(quantity_of("3G"), 3e9);
  EXPECT_EQ(quantity_of("1E"), 1e18);
  EXPECT_EQ(quantity_of("12e3"), 12'000);
  EXPECT_EQ(quantity_of("12E+3"), 12'000);
  EXPECT_EQ(quantity_of("5e-1"), 0.5);
  EXPECT_EQ(quantity_of("0"), 0);
}

TEST(Quantity, AnythingElseIsNone) {
  for (const char* text :
       {"", " 1", "1 ", "Gi", "1gi", "1KI", "-1", "-0", "nan", "inf", "0x10", "1e", "1e3Gi", "1e99", "1,5"})
    EXPECT_EQ(quantity_of(text), std::nullopt) << text;
}

}  // namespace
}  // namespace wave::components
