#include <cmath>

#include <pugixml.hpp>

#include "base/text.h"
#include "definitions/common_keys.h"
#include "metrics/http/prometheus_text.h"
#include "metrics/json_api.h"
#include "metrics/json_series.h"
#include "metrics/kinds.h"
#include "net/url.h"

namespace wave::metrics {
namespace {

using definitions::KeyType;

constexpr std::size_t most_nodes = 10'000;

/// A text that is a number; nothing for NaN, infinities and an empty text.
Result<std::optional<double>> number_in(std::string_view text, std::string_view what) {
  text = trimmed(text);
  if (text.empty()) return std::nullopt;
  const auto number = number_of_text(text);
  if (!number)
    return std::unexpected(
        bad_answer(std::string(what) + " is \"" + net::excerpt(text, 60) + "\", not a number"));
  if (!std::isfinite(*number)) return std::nullopt;
  return *number;
}

Result<std::vector<Series>> from_text(std::string_view body) {
  if (trimmed(body).empty()) return std::unexpected(bad_answer("the answer is empty"));
  auto number = number_in(body, "the answer");
  if (!number) return std::unexpected(number.error());
  std::vector<Series> out;
  if (*number) out.push_back({.labels = {}, .value = **number, .at = {}});
  return out;
}

/// Numbers at an XPath: of an expression, or of each node that it finds, labelled by the node's attributes.
Result<std::vector<Series>> from_xml(std::string_view body, const std::string& path) {
  pugi::xml_document document;
  if (!document.load_buffer(body.data(), body.size()))
    return std::unexpected(bad_answer("the answer is not XML: " + net::excerpt(body, 80)));
  const pugi::xpath_query query(path.c_str());
  if (!query)
    return fail(ErrorCode::invalid_argument, std::string("not an XPath: ") + query.result().description());
  std::vector<Series> out;
  if (query.return_type() != pugi::xpath_type_node_set) {
    const double number = query.evaluate_number(document);
    if (std::isfinite(number)) out.push_back({.labels = {}, .value = number, .at = {}});
    return out;
  }
  const auto nodes = query.evaluate_node_set(document);
  if (nodes.empty()) return fail(ErrorCode::not_found, "nothing in the answer is at " + path, true);
  if (nodes.size() > most_nodes)
    return fail(ErrorCode::limit_exceeded, "more than 10000 nodes are at " + path);
  for (const pugi::xpath_node& node : nodes) {
    const char* text = node.attribute() ? node.attribute().value() : node.node().text().get();
    auto number = number_in(text, path);
    if (!number) return std::unexpected(number.error());
    if (!*number) continue;
    Series series{.labels = {}, .value = **number, .at = {}};
    for (const pugi::xml_attribute& one : (node.node() ? node.node() : node.parent()).attributes())
      if (one != node.attribute())
        if (auto ok = add_label(series.labels, one.name(), net::excerpt(one.value())); !ok)
          return std::unexpected(ok.error());
    out.push_back(std::move(series));
  }
  return out;
}

class HttpJsonSource final : public Source {
 public:
  HttpJsonSource(std::unique_ptr<JsonApi> api, ApiRequest request, const definitions::Settings& settings)
      : api_(std::move(api)),
        request_(std::move(request)),
        format_(settings.text("format")),
        places_{.path = settings.text("value_location"),
                .label_as = settings.list("label_as"),
                .numbers_as_text = true} {}

  Task<Result<std::vector<Series>>> poll() override {
    api_->begin();
    ApiRequest request = request_;
    auto body = co_await api_->text(std::move(request));
    if (!body) co_return std::unexpected(std::move(body.error()));
    auto series = read(*body);
    if (!series) co_return within(api_->place(request_.method, request_.target), std::move(series.error()));
    co_return series;
  }

 private:
  Result<std::vector<Series>> read(std::string_view body) const {
    if (format_ == "text") return from_text(body);
    if (format_ == "xml") return from_xml(body, places_.path);
    if (format_ == "prometheus") return prometheus_text(body, places_.path);
    auto answer = JsonAnswer::parse(body);
    if (!answer) return std::unexpected(answer.error());
    return series_at(answer->root(), places_);
  }

  std::unique_ptr<JsonApi> api_;
  ApiRequest request_;
  std::string format_;
  JsonPlaces places_;
};

Result<std::unique_ptr<Source>> create_http_json(const definitions::MetricDefinition& metric,
                                                 const definitions::Settings& settings,
                                                 net::Services& services) {
  const std::string format = settings.text("format");
  if (format != "text" && settings.text("value_location").empty())
    return fail(ErrorCode::invalid_argument, "format " + format + " needs 'value_location'");
  if (format == "xml") {
    const pugi::xpath_query query(settings.text("value_location").c_str());
    if (!query)
      return fail(ErrorCode::invalid_argument,
                  std::string("'value_location' is not an XPath: ") + query.result().description());
  }
  const auto url = net::Url::parse(settings.text("endpoint"));
  if (!url) return std::unexpected(url.error());
  ApiRequest request{.method = settings.text("method"),
                     .target = url->path + (url->has_query ? "?" + url->query : ""),
                     .body = settings.text("body"),
                     .type = settings.text("content_type")};
  if (request.method == "GET" && !request.body.empty())
    return fail(ErrorCode::invalid_argument, "a 'body' goes with method POST");
  auto given = settings;
  auto origin = *url;
  origin.path = "";
  origin.query = "";
  origin.has_query = false;
  given.set("endpoint", origin.text());
  auto api = JsonApi::create(metric, given, services);
  if (!api) return std::unexpected(api.error());
  return std::make_unique<HttpJsonSource>(std::move(*api), std::move(request), settings);
}

}  // namespace

const Kind& http_json() {
  static const Kind kind{
      .table =
          {.document = definitions::Document::metric,
           .name = "http-json",
           .vendor = "http",
           .summary = "A number out of what any address answers: JSON, XML, Prometheus text, or the number.",
           .keys = definitions::join(
               {{{.name = "endpoint",
                  .type = KeyType::url,
                  .help = "The whole address, with path and query.",
                  .required = true,
                  .alias = "url",
                  .example = "http://shop:8080/stats?window=1m"},
                 {.name = "value_location",
                  .help = "Where the number is: a path in JSON, an XPath in XML, a name (with labels) in "
                          "Prometheus text.",
                  .example = "queues[].depth"},
                 {.name = "format",
                  .type = KeyType::choice,
                  .help = "What the answer is; text is nothing but a number.",
                  .default_value = "json",
                  .choices = "json|xml|prometheus|text"},
                 {.name = "label_as",
                  .type = KeyType::list,
                  .help = "Paths in an element of a JSON list whose values become its labels.",
                  .example = "[name]"},
                 {.name = "method",
                  .type = KeyType::choice,
                  .help = "How the address is asked; the request must only read.",
                  .default_value = "GET",
                  .choices = "GET|POST"},
                 {.name = "body", .help = "What a POST sends."},
                 {.name = "content_type",
                  .help = "The type of `body`.",
                  .default_value = "application/json"}},
                definitions::http_keys()}),
           .notes =
               "In JSON, `queue.depth` is a place, `rows[0].n` counts from 0, and `queues[].depth` takes the "
               "number of each element of a list: a series each. A name that holds dots is found too. A text "
               "that is a number counts as one; null, NaN and an empty text are no value; anything else is "
               "an "
               "error.\n\nIn XML, each node that the XPath finds is a series, labelled by its attributes; "
               "`sum(//queue/@depth)` and `count(//job)` are one number. In Prometheus text, "
               "`jobs{state=\"queued\"}` takes the samples that have these labels."},
      .create = &create_http_json};
  return kind;
}

}  // namespace wave::metrics
