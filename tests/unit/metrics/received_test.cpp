#include "metrics/received/received.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <snappy.h>
#include <zlib.h>

namespace wave::metrics {
namespace {

using testing::HasSubstr;

/// The wire forms by hand, as the protobuf documentation writes them.
std::string varint(std::uint64_t value) {
  std::string out;
  for (; value >= 0x80; value >>= 7) out += static_cast<char>(value | 0x80);
  return out + static_cast<char>(value);
}
std::string bytes(int field, const std::string& value) {
  return varint(static_cast<std::uint64_t>(field) << 3 | 2) + varint(value.size()) + value;
}
std::string number(int field, std::uint64_t value) {
  return varint(static_cast<std::uint64_t>(field) << 3) + varint(value);
}
std::string fixed(int field, std::uint64_t value) {
  std::string out = varint(static_cast<std::uint64_t>(field) << 3 | 1);
  for (int i = 0; i < 8; ++i) out += static_cast<char>(value >> (8 * i));
  return out;
}
std::string real(int field, double value) {
  return fixed(field, std::bit_cast<std::uint64_t>(value));
}

std::string label(const std::string& name, const std::string& value) {
  return bytes(1, bytes(1, name) + bytes(2, value));
}
std::string sample(double value, std::uint64_t milliseconds) {
  return bytes(2, real(1, value) + number(2, milliseconds));
}
std::string compressed(const std::string& request) {
  std::string out;
  snappy::Compress(request.data(), request.size(), &out);
  return out;
}

definitions::MetricDefinition metric(const std::string& name, definitions::Settings::Map labels = {}) {
  definitions::MetricDefinition out;
  out.metadata.set("name", name);
  out.metadata.set("labels", std::move(labels));
  return out;
}

TEST(RemoteWrite, SamplesCarryTheirLabelsAndTimes) {
  const auto request = compressed(
      bytes(1, label("__name__", "depth") + label("queue", "a") + sample(3, 1000) + sample(4.5, 2000)) +
      bytes(1,
            label("__name__", "depth") + label("queue", "b") + sample(std::nan(""), 2000) + sample(7, 1500)) +
      bytes(3, "metadata"));
  const auto samples = remote_write(request);
  ASSERT_TRUE(samples) << samples.error().text();
  ASSERT_EQ(samples->size(), 3u) << "a stale marker is no sample";
  const auto series = wanted_of(metric("depth"), *samples);
  ASSERT_EQ(series.size(), 2u);
  EXPECT_EQ(series[0].value, 4.5) << "the newest";
  EXPECT_EQ(series[0].at, from_epoch_seconds(2));
  EXPECT_EQ(wanted_of(metric("depth", {{"queue", "b"}}), *samples)[0].value, 7);
  EXPECT_TRUE(wanted_of(metric("depth", {{"queue", "c"}}), *samples).empty());
  EXPECT_TRUE(wanted_of(metric("other"), *samples).empty());
}

TEST(RemoteWrite, WhatIsNoRequestIsRefused) {
  const std::string request = bytes(1, label("__name__", "depth") + sample(3, 1000));
  EXPECT_FALSE(remote_write(request)) << "not compressed";
  EXPECT_FALSE(remote_write(""));
  for (std::size_t cut = 1; cut < request.size(); ++cut)
    EXPECT_FALSE(remote_write(compressed(request.substr(0, cut)))) << cut;
  EXPECT_FALSE(remote_write(compressed("\x0b\x0c")));
  // A length that the rest does not have, and one that would be gigabytes.
  EXPECT_FALSE(remote_write(compressed("\x0a\xff\xff\xff\xff\x0f")));
  const auto bomb = remote_write("\xff\xff\xff\xff\x0f");
  ASSERT_FALSE(bomb);
  EXPECT_EQ(bomb.error().code, ErrorCode::limit_exceeded);
}

/// As `gzip` writes it.
std::string gzipped(const std::string& text) {
  z_stream stream{};
  deflateInit2(&stream, 9, Z_DEFLATED, 16 + MAX_WBITS, 9, Z_DEFAULT_STRATEGY);
  std::string out(deflateBound(&stream, text.size()) + 32, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  EXPECT_EQ(deflate(&stream, Z_FINISH), Z_STREAM_END);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

TEST(Gunzip, GivesBackWhatWasCompressed) {
  const std::string large(300'000, 'a');
  for (const std::string& text : {std::string(), std::string("x"), large}) {
    const auto out = gunzip(gzipped(text));
    ASSERT_TRUE(out) << out.error().text();
    EXPECT_EQ(*out, text);
  }
  EXPECT_EQ(*gunzip(gzipped("one") + gzipped("two")), "onetwo") << "members follow one another";
}

TEST(Gunzip, WhatIsNotWholeIsRefused) {
  const std::string whole = gzipped("what was sent");
  for (std::size_t cut = 0; cut < whole.size(); ++cut) EXPECT_FALSE(gunzip(whole.substr(0, cut))) << cut;
  EXPECT_FALSE(gunzip(whole + "rest"));
  EXPECT_FALSE(gunzip("not compressed"));
  std::string wrong = whole;
  wrong[whole.size() - 6] ^= 1;  // of the checksum
  EXPECT_FALSE(gunzip(wrong));
}

TEST(Gunzip, ABombIsRefused) {
  const std::string bomb = gzipped(std::string(200u << 20, '\0'));
  ASSERT_LT(bomb.size(), 1u << 20) << "as small as a request may be";
  const auto out = gunzip(bomb);
  ASSERT_FALSE(out);
  EXPECT_EQ(out.error().code, ErrorCode::limit_exceeded);
}

std::string attribute(int field, const std::string& name, const std::string& value) {
  return bytes(field, bytes(1, name) + bytes(2, bytes(1, value)));
}

TEST(Otlp, PointsCarryTheAttributesOfTheirResource) {
  const std::string gauge =
      bytes(2, bytes(1, "depth") +
                   bytes(5, bytes(1, attribute(7, "queue", "a") + fixed(3, 2'000'000'000) + real(4, 4.5))));
  const std::string sum =
      bytes(2, bytes(1, "jobs") +
                   bytes(7, bytes(1, fixed(3, 1'000'000'000) + fixed(6, 12)) + number(2, 2) + number(3, 1)));
  const std::string histogram =
      bytes(2, bytes(1, "took") + bytes(9, bytes(1, fixed(3, 1'000'000'000) + fixed(4, 3) + real(5, 1.5))));
  const std::string missing =
      bytes(2, bytes(1, "depth") + bytes(5, bytes(1, fixed(3, 9'000'000'000) + number(8, 1))));
  const std::string request =
      bytes(1, bytes(1, attribute(1, "service.name", "shop")) + bytes(2, gauge + sum + histogram + missing));
  const auto samples = otlp_protobuf(request);
  ASSERT_TRUE(samples) << samples.error().text();
  ASSERT_EQ(samples->size(), 4u);
  const auto depth = wanted_of(metric("depth", {{"service.name", "shop"}, {"queue", "a"}}), *samples);
  ASSERT_EQ(depth.size(), 1u);
  EXPECT_EQ(depth[0].value, 4.5);
  EXPECT_EQ(depth[0].at, from_epoch_seconds(2));
  EXPECT_EQ(wanted_of(metric("jobs"), *samples)[0].value, 12);
  EXPECT_EQ(wanted_of(metric("took_count"), *samples)[0].value, 3);
  EXPECT_EQ(wanted_of(metric("took_sum"), *samples)[0].value, 1.5);
  for (std::size_t cut = 1; cut < request.size(); ++cut)
    EXPECT_FALSE(otlp_protobuf(request.substr(0, cut))) << cut;
}

TEST(Otlp, JsonSaysTheSame) {
  const auto samples = otlp_json(
      R"({"resourceMetrics":[{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"shop"}}]},"scopeMetrics":[{"metrics":[{"name":"depth","gauge":{"dataPoints":[{"timeUnixNano":"2000000000","asInt":"4","attributes":[{"key":"shard","value":{"intValue":"7"}}]}]}},{"name":"gone","gauge":{"dataPoints":[{"timeUnixNano":"2000000000","flags":1}]}}]}]}]})");
  ASSERT_TRUE(samples) << samples.error().text();
  const auto depth = wanted_of(metric("depth", {{"shard", "7"}}), *samples);
  ASSERT_EQ(depth.size(), 1u);
  EXPECT_EQ(depth[0].value, 4);
  EXPECT_EQ(depth[0].at, from_epoch_seconds(2));
  EXPECT_TRUE(wanted_of(metric("gone"), *samples).empty());
  for (
      const char* wrong :
      {"", "[", R"({"resourceMetrics":7})", R"({"resourceMetrics":[{"scopeMetrics":[{"metrics":[{}]}]}]})",
       R"({"resourceMetrics":[{"scopeMetrics":[{"metrics":[{"name":"a","gauge":{"dataPoints":[{"timeUnixNano":"x","asInt":"4"}]}}]}]}]})",
       R"({"resourceMetrics":[{"scopeMetrics":[{"metrics":[{"name":"a","gauge":{"dataPoints":[{"timeUnixNano":"1","asInt":"many"}]}}]}]}]})"})
    EXPECT_FALSE(otlp_json(wrong)) << wrong;
}

}  // namespace
}  // namespace wave::metrics
