#pragma once

#include <functional>
#include <string>

#include "engine/engine.h"
#include "history/store.h"
#include "net/http_server.h"

namespace wave::api {

struct Options {
  std::string token;          ///< secret; what everything that changes something asks for
  bool loopback_only = true;  ///< refuses other Host headers (DNS rebinding)
};

/// What a reload came to.
struct Reloaded {
  std::vector<definitions::Problem> problems;  ///< nothing changed when there are any
};

/// The daemon's HTTP interface.
///
///   GET  /healthz /readyz /metrics /api/v1/status /api/v1/decisions?component=&since=&limit=
///        /api/v1/forecasts /api/v1/events
///   POST /api/v1/metrics/{id}  /api/v1/components/{id}/pause|resume|scale  /api/v1/reload
///        /api/v1/write (Prometheus remote write)  /v1/metrics (OTLP)                           (bearer
///        token)
class Api {
 public:
  Api(Runtime& runtime, engine::Engine& engine, history::Store& store, Options options,
      std::function<Reloaded()> reload)
      : runtime_(runtime),
        engine_(engine),
        store_(store),
        options_(std::move(options)),
        reload_(std::move(reload)) {}

  Task<net::ServerResponse> handle(net::ServerRequest request);
  /// What the last reading of the definitions, by whomever, found wrong; nothing: they are at work.
  void definitions_read(std::vector<definitions::Problem> problems) { problems_ = std::move(problems); }

 private:
  Task<net::ServerResponse> post(net::ServerRequest request);
  net::ServerResponse push(const std::string& metric_id, const std::string& body);
  net::ServerResponse receive_write(const net::ServerRequest& request);
  net::ServerResponse receive_otlp(const net::ServerRequest& request);
  net::ServerResponse pause(const std::string& component_id, const std::string& body);
  net::ServerResponse resume(const std::string& component_id);
  Task<net::ServerResponse> scale(std::string component_id, std::string body);
  net::ServerResponse reload();
  net::ServerResponse decisions(const net::ServerRequest& request);
  bool host_allowed(const net::ServerRequest& request) const;
  bool authorized(const net::ServerRequest& request) const;

  Runtime& runtime_;
  engine::Engine& engine_;
  history::Store& store_;
  Options options_;
  std::function<Reloaded()> reload_;
  std::vector<definitions::Problem> problems_;
};

/// What `GET /api/v1/status` and `GET /metrics` tell of.
struct Seen {
  const engine::Engine& engine;
  const history::Health& health;
  const Runtime& runtime;
  const std::vector<definitions::Problem>& problems;  ///< of the definitions that a reload did not take
};

/// `GET /api/v1/status` and `status --json`.
std::string status_json(const Seen& seen);
/// `GET /api/v1/forecasts`: what is forecast of each metric and lead, and how good that has been.
std::string forecasts_json(const engine::Engine& engine);
/// `GET /api/v1/events`: the known events of each metric that are in force or come next.
std::string events_json(const engine::Engine& engine);
/// `GET /metrics`, in the text format of Prometheus 0.0.4.
std::string metrics_text(const Seen& seen);
/// `[...]` of records as `decisions --json` prints them.
std::string decisions_json(const std::vector<history::StoredDecision>& decisions);
/// What `POST .../scale` answers: each decision, whether it was applied, and the pause that holds now.
std::string scaled_json(const engine::Engine::Outcome& outcome);
/// `{"error":{"code","message","hint"}}`
std::string error_json(const Error& error);

}  // namespace wave::api
