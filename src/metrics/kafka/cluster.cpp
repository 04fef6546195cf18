#include "metrics/kafka/cluster.h"

#include <algorithm>

#include "definitions/common_keys.h"
#include "metrics/kafka/worker.h"
#include "net/aws/aws_client.h"

namespace wave::metrics {
namespace {

/// How long brokers may take a token for valid; each question brings a new one or the same again.
constexpr Duration token_lifetime = 15min;

std::string base64url(std::string_view text) {
  std::string out = net::base64_encode(text);
  std::ranges::replace(out, '+', '-');
  std::ranges::replace(out, '/', '_');
  while (out.ends_with('=')) out.pop_back();
  return out;
}

std::string identity_of(const definitions::Settings& settings,
                        const std::map<std::string, std::string>& options) {
  std::string out;
  const auto add = [&out](std::string_view name, std::string_view value) {
    out += std::string(name) + '=' + std::to_string(value.size()) + ':' + std::string(value) + '\n';
  };
  for (const auto& [name, value] : options) add(name, value);
  for (const char* key :
       {"sasl_mechanism", "sasl_username", "sasl_password", "sasl_oauth_token_url", "sasl_oauth_tls_ca"})
    add(key, settings.text(key));
  for (const auto& scope : settings.list("sasl_oauth_scopes")) add("scope", scope);
  for (const auto& [name, value] : settings.map("sasl_oauth_extensions")) add("extension " + name, value);
  for (const auto& key : definitions::aws_credential_keys()) add(key.name, settings.text(key.name));
  return out;
}

}  // namespace

KafkaCluster::KafkaCluster(net::Services& services) : services_(services) {}

KafkaCluster::~KafkaCluster() {
  if (worker_) worker_->end();
}

Result<std::shared_ptr<KafkaCluster>> KafkaCluster::get(const definitions::Settings& settings,
                                                        net::Services& services) {
  auto options = kafka_options(settings);
  if (!options) return std::unexpected(options.error());
  Status made;
  auto cluster = services.shared.get<KafkaCluster>(identity_of(settings, *options), [&] {
    auto fresh = create(settings, services);
    if (!fresh) made = std::unexpected(fresh.error());
    return fresh ? *fresh : nullptr;
  });
  if (!cluster) return std::unexpected(made.error());
  return cluster;
}

Result<std::shared_ptr<KafkaCluster>> KafkaCluster::create(const definitions::Settings& settings,
                                                           net::Services& services) {
  auto options = kafka_options(settings);
  if (!options) return std::unexpected(options.error());
  std::shared_ptr<KafkaCluster> made(new KafkaCluster(services));
  if (settings.text("sasl_mechanism") == "AWS_MSK_IAM") {
    auto client = services.aws.client(net::aws::msk, settings);
    if (!client) return std::unexpected(client.error());
    made->msk_ = std::move(*client);
    made->principal_ = "wave-autoscale";
  }
  if (settings.text("sasl_mechanism") == "OAUTHBEARER") {
    definitions::Settings oauth;
    oauth.set("auth", std::string("oauth2"));
    oauth.set("token_auth", std::string("basic"));
    oauth.set("token_url", settings.text("sasl_oauth_token_url"));
    oauth.set("client_id", settings.text("sasl_username"));
    oauth.set("client_secret", settings.text("sasl_password"));
    oauth.set("scopes", settings.list("sasl_oauth_scopes"));
    oauth.set("tls_ca", settings.text("sasl_oauth_tls_ca"));
    auto sign_in = net::SignIn::create(oauth, services);
    if (!sign_in) return std::unexpected(sign_in.error());
    made->oauth_ = std::move(*sign_in);
    made->principal_ = settings.text("sasl_username");
    made->extensions_ = settings.map("sasl_oauth_extensions");
  }
  auto worker = Worker::start(*options, services.runtime);
  if (!worker) return std::unexpected(worker.error());
  made->worker_ = std::move(*worker);
  services.shared.at_end([weak = std::weak_ptr(made->worker_)] {
    if (const auto there = weak.lock()) there->end();
  });
  return made;
}

Task<Status> KafkaCluster::renew_token() {
  if (msk_) {
    auto url = co_await msk_->presigned("/?Action=kafka-cluster%3AConnect", token_lifetime);
    if (!url) co_return within("AWS_MSK_IAM", std::move(url.error()));
    // As the signers that AWS publishes: the agent is told, and not signed.
    token_ = base64url(*url + "&User-Agent=wave-autoscale");
  }
  if (oauth_) {
    auto header = co_await oauth_->authorization();
    if (!header) co_return std::unexpected(std::move(header.error()));
    token_ = header->substr(std::string_view("Bearer ").size());
  }
  co_return Status{};
}

Task<Result<std::vector<KafkaPartition>>> KafkaCluster::ask(KafkaQuestion question, Duration timeout) {
  auto job = std::make_shared<Worker::Job>();
  job->question = std::move(question);
  job->timeout = timeout;
  auto renewed = co_await renew_token();
  if (!renewed) co_return std::unexpected(std::move(renewed.error()));
  if (msk_ || oauth_) {
    const auto until = services_.runtime.utc().time_since_epoch() + token_lifetime;
    job->token = Worker::Token{
        .value = token_, .until_ms = until / 1ms, .principal = principal_, .extensions = extensions_};
  }
  const auto worker = worker_;
  const auto timer = services_.runtime.after(
      timeout, [job, worker, timeout] { job->finish(std::unexpected(worker->why_silent(timeout))); });
  worker->add(job);
  auto answer = co_await job->done;
  services_.runtime.cancel(timer);
  co_return answer;
}

}  // namespace wave::metrics
