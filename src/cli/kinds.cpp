#include <cstdio>
#include <fstream>

#include "api/api.h"
#include "cli/commands.h"
#include "cli/world.h"
#include "definitions/describe.h"
#include "plans/functions.h"

namespace wave::cli {
namespace {

const definitions::KindTable* find_kind(const std::string& name) {
  const auto* kind = catalog().find(definitions::Document::metric, name);
  return kind != nullptr ? kind : catalog().find(definitions::Document::component, name);
}

Error no_kind(const std::string& name) {
  std::vector<std::string> names;
  for (const auto* list : {&catalog().metrics, &catalog().components})
    for (const auto* kind : *list) names.emplace_back(kind->name);
  return {.code = ErrorCode::not_found,
          .message = "there is no kind '" + name + "'" + definitions::did_you_mean(name, names)};
}

Status write_file(const std::filesystem::path& path, const std::string& text) {
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  file << text;
  file.close();
  if (!file) return fail(ErrorCode::io, path.string() + " cannot be written");
  return {};
}

}  // namespace

int kinds(const Arguments& arguments) {
  if (!arguments.names.empty()) {
    const auto* kind = find_kind(arguments.names.front());
    if (kind == nullptr) return fail_with(no_kind(arguments.names.front()), arguments.json);
    print_line(arguments.json ? definitions::kind_json(*kind) : definitions::kind_markdown(*kind));
    return exit_done;
  }
  if (arguments.json) {
    print_line(definitions::kinds_json(catalog()));
    return exit_done;
  }
  Table metrics({"METRIC KIND", "WHERE THE NUMBER COMES FROM"});
  for (const auto* kind : catalog().metrics)
    metrics.add({std::string(kind->name), std::string(kind->summary)});
  Table components({"COMPONENT KIND", "WHAT IS SCALED"});
  for (const auto* kind : catalog().components)
    components.add({std::string(kind->name), std::string(kind->summary)});
  std::fputs((metrics.text() + "\n" + components.text()).c_str(), stdout);
  return exit_done;
}

int schema() {
  print_line(definitions::json_schema(catalog()));
  return exit_done;
}

namespace {

/// The daemon's own metrics, from the page that it serves.
std::string own_metrics_markdown() {
  World world(LogLevel::error);
  engine::Engine engine(world.parts(nullptr), {.self_driven = false});
  if (!engine.load({})) return {};
  const std::string page = api::metrics_text({engine, {}, world.loop, {}});
  std::string out =
      "# The daemon's own metrics\n\n`GET /metrics`, for Prometheus.\n\n| name | type | what it is "
      "|\n|---|---|---|\n";
  std::string help;
  for (std::size_t at = 0; at < page.size();) {
    const auto end = std::min(page.find('\n', at), page.size());
    const std::string line = page.substr(at, end - at);
    at = end + 1;
    if (line.starts_with("# HELP ")) help = line.substr(line.find(' ', 7) + 1);
    if (!line.starts_with("# TYPE ")) continue;
    const auto space = line.find(' ', 7);
    out += "| `" + line.substr(7, space - 7) + "` | " + line.substr(space + 1) + " | " + help + " |\n";
  }
  return out;
}

}  // namespace

int reference(const Arguments& arguments) {
  std::error_code error;
  std::string index =
      "# Reference\n\nMade by `wave-autoscale reference docs/reference` from the tables that the program "
      "uses.\n\n- [JavaScript in plans](javascript.md)\n- [Configuration](configuration.md)\n- [The daemon's "
      "own metrics](own-metrics.md)\n\n## Documents\n\n";
  const auto write_kinds = [&](const std::vector<const definitions::KindTable*>& kinds,
                               const char* folder) -> Status {
    std::filesystem::create_directories(arguments.output / folder, error);
    for (const auto* kind : kinds) {
      const std::string page = std::string(folder) + "/" + std::string(kind->name) + ".md";
      index += "- [`" + std::string(kind->name) + "`](" + page + "): " + std::string(kind->summary) + "\n";
      if (auto written = write_file(arguments.output / page, definitions::kind_markdown(*kind)); !written)
        return written;
    }
    return {};
  };
  std::filesystem::create_directories(arguments.output / "documents", error);
  for (const auto* document : definitions::documents()) {
    const std::string page = "documents/" + std::string(document->title) + ".md";
    index +=
        "- [`" + std::string(document->title) + "`](" + page + "): " + std::string(document->about) + "\n";
    if (auto written = write_file(arguments.output / page, definitions::document_markdown(*document));
        !written)
      return fail_with(written.error(), arguments.json);
  }
  index += "\n## Metric kinds\n\n";
  if (auto written = write_kinds(catalog().metrics, "metrics"); !written)
    return fail_with(written.error(), arguments.json);
  index += "\n## Component kinds\n\n";
  if (auto written = write_kinds(catalog().components, "components"); !written)
    return fail_with(written.error(), arguments.json);
  for (const auto& [name, text] :
       {std::pair{"README.md", index}, std::pair{"own-metrics.md", own_metrics_markdown()},
        std::pair{"configuration.md", configuration_markdown()},
        std::pair{"javascript.md", plans::javascript_markdown()}}) {
    if (auto written = write_file(arguments.output / name, text); !written)
      return fail_with(written.error(), arguments.json);
  }
  return exit_done;
}

}  // namespace wave::cli
