#include <algorithm>
#include <charconv>

#include <nlohmann/json.hpp>

#include "definitions/common_keys.h"
#include "metrics/kinds.h"
#include "net/aws/aws_client.h"
#include "net/url.h"

namespace wave::metrics {
namespace {

using definitions::KeyType;
using nlohmann::json;

constexpr std::string_view counts[] = {"ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible",
                                       "ApproximateNumberOfMessagesDelayed"};

/// SQS writes counts as text.
Result<double> count_of(const json& attributes, const std::string& name) {
  if (!attributes.contains(name))
    return std::unexpected(bad_answer("the answer lacks the attribute " + name));
  const json& value = attributes[name];
  std::uint64_t number = 0;
  if (value.is_string()) {
    const auto& text = value.get_ref<const std::string&>();
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error == std::errc{} && end == text.data() + text.size()) return static_cast<double>(number);
  }
  return std::unexpected(bad_answer("the attribute " + name + " is not a count in quotes"));
}

class SqsSource final : public Source {
 public:
  SqsSource(std::unique_ptr<net::AwsClient> client, const definitions::Settings& settings,
            std::vector<std::string> attributes)
      : client_(std::move(client)),
        url_(settings.text("queue_url")),
        name_(settings.text("queue_name")),
        account_(settings.text("account_id")),
        attributes_(std::move(attributes)) {}

  Task<Result<std::vector<Series>>> poll() override {
    if (url_.empty()) {
      auto found = co_await find_url();
      if (!found) co_return std::unexpected(std::move(found.error()));
      url_ = std::move(*found);
    }
    std::string body = dump({{"QueueUrl", url_}, {"AttributeNames", attributes_}});
    auto answer = co_await client_->json("GetQueueAttributes", std::move(body));
    if (!answer) {
      // A queue that was made again may have another address.
      if (answer.error().code == ErrorCode::not_found && !name_.empty()) url_.clear();
      co_return std::unexpected(std::move(answer.error()));
    }
    auto sum = read(answer->body);
    if (!sum) co_return within("GetQueueAttributes", std::move(sum.error()));
    std::vector<Series> out;
    out.push_back({.labels = {}, .value = *sum, .at = {}});
    co_return out;
  }

 private:
  static std::string dump(const json& body) {
    return body.dump(-1, ' ', false, json::error_handler_t::replace);
  }

  Task<Result<std::string>> find_url() {
    json body = {{"QueueName", name_}};
    if (!account_.empty()) body["QueueOwnerAWSAccountId"] = account_;
    auto answer = co_await client_->json("GetQueueUrl", dump(body));
    if (!answer) co_return std::unexpected(std::move(answer.error()));
    const json parsed = json::parse(answer->body, nullptr, false);
    if (!parsed.is_object() || !parsed.contains("QueueUrl") || !parsed["QueueUrl"].is_string() ||
        parsed["QueueUrl"].get_ref<const std::string&>().empty())
      co_return within("GetQueueUrl", bad_answer("no QueueUrl in the answer"));
    co_return parsed["QueueUrl"].get<std::string>();
  }

  Result<double> read(const std::string& body) const {
    const json parsed = json::parse(body, nullptr, false);
    if (!parsed.is_object() || !parsed.contains("Attributes") || !parsed["Attributes"].is_object())
      return std::unexpected(bad_answer("no Attributes in the answer"));
    double sum = 0;
    for (const auto& name : attributes_) {
      auto count = count_of(parsed["Attributes"], name);
      if (!count) return count;
      sum += *count;
    }
    return sum;
  }

  std::unique_ptr<net::AwsClient> client_;
  std::string url_;
  std::string name_;
  std::string account_;
  std::vector<std::string> attributes_;
};

Result<std::vector<std::string>> attributes_of(const definitions::Settings& settings) {
  auto attributes = settings.list("attributes");
  if (attributes.empty()) {
    attributes.emplace_back(counts[0]);
    if (settings.flag("scale_on_in_flight", true)) attributes.emplace_back(counts[1]);
    if (settings.flag("scale_on_delayed")) attributes.emplace_back(counts[2]);
  }
  for (const auto& name : attributes) {
    if (std::ranges::find(counts, name) == std::end(counts))
      return fail(ErrorCode::invalid_argument,
                  "'attributes' are ApproximateNumberOfMessages, ApproximateNumberOfMessagesNotVisible and "
                  "ApproximateNumberOfMessagesDelayed, not " +
                      name);
  }
  return attributes;
}

/// `https://sqs.eu-west-1.amazonaws.com/123456789012/jobs` says the region; a queue of another system says
/// the address too.
Status complete(definitions::Settings& settings) {
  const auto url = net::Url::parse(settings.text("queue_url"));
  if (!url) return within("queue_url", url.error());
  const auto slash = url->path.find('/', 1);
  const bool is_whole = slash != std::string::npos && slash > 1 && slash + 1 < url->path.size() &&
                        url->path.find('/', slash + 1) == std::string::npos;
  if (!is_whole) return fail(ErrorCode::invalid_argument, "the path of 'queue_url' is /account/name");
  const bool is_aws = url->host.ends_with(".amazonaws.com") || url->host.ends_with(".amazonaws.com.cn");
  if (!is_aws && !settings.has("endpoint")) settings.set("endpoint", url->origin());
  if (is_aws && !settings.has("region") && url->host.starts_with("sqs.")) {
    const std::string rest = url->host.substr(4);
    settings.set("region", rest.substr(0, rest.find('.')));
  }
  return {};
}

Result<std::unique_ptr<Source>> create_sqs(const definitions::MetricDefinition& metric,
                                           const definitions::Settings& settings, net::Services& services) {
  if (settings.has("queue_url") == settings.has("queue_name"))
    return fail(ErrorCode::invalid_argument, "give either 'queue_url' or 'queue_name'");
  auto attributes = attributes_of(settings);
  if (!attributes) return std::unexpected(attributes.error());
  auto given = settings;
  given.set("timeout", metric.timeout);
  if (settings.has("queue_url")) {
    if (auto ok = complete(given); !ok) return std::unexpected(ok.error());
  }
  auto client = services.aws.client(net::aws::sqs, given);
  if (!client) return std::unexpected(client.error());
  return std::make_unique<SqsSource>(std::move(*client), settings, std::move(*attributes));
}

}  // namespace

const Kind& aws_sqs() {
  static const Kind kind{
      .table =
          {.document = definitions::Document::metric,
           .name = "aws-sqs",
           .vendor = "aws",
           .summary = "How many messages an Amazon SQS queue holds.",
           .keys = definitions::join(
               {{{.name = "queue_url",
                  .type = KeyType::url,
                  .help = "The queue's URL; says the region too.",
                  .example = "https://sqs.eu-west-1.amazonaws.com/123456789012/jobs"},
                 {.name = "queue_name", .help = "The queue's name, instead of its URL.", .example = "jobs"},
                 {.name = "account_id", .help = "The account that owns `queue_name`, where it is another."},
                 {.name = "scale_on_in_flight",
                  .type = KeyType::boolean,
                  .help = "Counts the messages that workers are busy with.",
                  .default_value = "true"},
                 {.name = "scale_on_delayed",
                  .type = KeyType::boolean,
                  .help = "Counts the messages whose delay is not over.",
                  .default_value = "false"},
                 {.name = "attributes",
                  .type = KeyType::list,
                  .help = "The queue's attributes to add up, instead of the two keys above.",
                  .example = "[ApproximateNumberOfMessages]"}},
                definitions::aws_keys()}),
           .permissions = "`sqs:GetQueueAttributes`, and `sqs:GetQueueUrl` with `queue_name`.",
           .notes = "The counts are approximate and settle a minute after producers stop: give a plan that "
                    "scales to zero a stabilization window of a minute or more.\n\nMessages in flight "
                    "count unless told otherwise; without them the workers that hold them are taken away. "
                    "The age of the oldest message is a metric of `cloudwatch` "
                    "(`ApproximateAgeOfOldestMessage`)."},
      .create = &create_sqs};
  return kind;
}

}  // namespace wave::metrics
