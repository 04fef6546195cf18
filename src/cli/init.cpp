#include <fstream>

#include "base/text.h"
#include "cli/commands.h"
#include "cli/world.h"
#include "definitions/describe.h"

namespace wave::cli {
namespace {

Result<const definitions::KindTable*> kind_of(definitions::Document document, const std::string& name) {
  if (const auto* kind = catalog().find(document, name)) return kind;
  std::vector<std::string> names;
  for (const auto* kind :
       document == definitions::Document::metric ? catalog().metrics : catalog().components)
    names.emplace_back(kind->name);
  return fail(ErrorCode::not_found,
              "there is no such kind '" + name + "'" + definitions::did_you_mean(name, names));
}

std::string starting_set(const definitions::KindTable& metric, const definitions::KindTable& component) {
  const std::string value(component.main_value());
  const double least = component.values.empty() ? 1 : std::max(1.0, component.values.front().lowest);
  const double most = component.values.empty() ? 10 : std::min(10.0, component.values.front().highest);
  return "# Capacity that follows the load. Check it with `wave-autoscale check`, try it with\n"
         "# `wave-autoscale plan --set load=1000 --current workers=2`, start it with `wave-autoscale "
         "run`.\n" +
         definitions::kind_example(metric, "load") + "polling_interval: 15s\n---\n" +
         definitions::kind_example(component, "workers") +
         "limits: { min: " + std::to_string(static_cast<int>(least)) +
         ", max: " + shortest(std::max(least, most)) +
         " }    # always hold, also without data\n"
         "# behavior:                    # as in Kubernetes' autoscaling/v2\n"
         "#   scale_down: { stabilization_window: 300s, policies: [{ type: percent, value: 50, period: 60s "
         "}] }\n"
         "# dry_run: true                # decides and records; changes nothing\n---\n"
         "kind: ScalingPlan\nid: follow-the-load\nplans:\n  - id: track\n" +
         (value == "desired"
              ? std::string("    target: { metric: load, per_unit: 100 }    # 100 of the load for each unit\n"
                            "    # fallback: { after: 3m, desired: hold }     # without fresh data\n"
                            "    scaling_components: [{ component_id: workers }]\n")
              : "    scaling_components: [{ component_id: workers, " + value +
                    ": \"Math.ceil(load / 100)\" }]\n");
}

}  // namespace

int init(const Arguments& arguments) {
  auto metric =
      kind_of(definitions::Document::metric, arguments.metric.empty() ? "prometheus" : arguments.metric);
  if (!metric) return fail_with(metric.error(), arguments.json);
  auto component = kind_of(definitions::Document::component,
                           arguments.component.empty() ? "kubernetes-deployment" : arguments.component);
  if (!component) return fail_with(component.error(), arguments.json);
  const auto path =
      arguments.output.empty() ? std::filesystem::path("wave-definitions.yaml") : arguments.output;
  std::error_code ignored;
  if (std::filesystem::exists(path, ignored) && !arguments.force) {
    return fail_with({.code = ErrorCode::conflict,
                      .message = path.string() + " is there already",
                      .hint = "--force overwrites it, -o names another"},
                     arguments.json);
  }
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  file << starting_set(**metric, **component);
  file.close();
  if (!file)
    return fail_with({.code = ErrorCode::io, .message = path.string() + " cannot be written"},
                     arguments.json);
  print_line(arguments.json ? R"({"ok":true})"
                            : "wrote " + path.string() + "; edit it, then: wave-autoscale check");
  return exit_done;
}

}  // namespace wave::cli
