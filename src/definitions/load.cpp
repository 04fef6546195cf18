#include "definitions/load.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <tuple>

#include "definitions/load_parts.h"

namespace wave::definitions {
namespace {

namespace fs = std::filesystem;

constexpr int kDeepestFolder = 8;
constexpr std::size_t kMostFiles = 10'000;
constexpr std::size_t kLargestFile = 16UL * 1024 * 1024;

struct Source {
  std::string name;
  YamlFile yaml;
};

void add_error(Loaded& out, const std::string& file, std::string message) {
  out.errors.push_back({.file = file, .line = 1, .column = 1, .message = std::move(message)});
}

const YamlNode* find_entry(const YamlNode& node, std::string_view key) {
  for (const auto& [name, value] : node.entries)
    if (name.kind == YamlNode::Kind::scalar && name.text == key) return &value;
  return nullptr;
}

/// Reports a document that is none of ours.
std::string read_document_kind(const Report& report, const YamlNode& document) {
  static const std::vector<std::string> kKinds = {"Metric", "ScalingComponent", "ScalingPlan"};
  if (document.kind != YamlNode::Kind::map) {
    report.error(document, "a document must be a map that begins with 'kind'");
    return {};
  }
  const YamlNode* kind = find_entry(document, "kind");
  if (kind == nullptr || kind->kind == YamlNode::Kind::null) {
    report.error(document, "a document needs 'kind': Metric, ScalingComponent or ScalingPlan");
    return {};
  }
  if (kind->text == "Event") {
    report.error(*kind, "the kind Event is not supported yet");
    return {};
  }
  const auto chosen = read_choice(report, *kind, "kind", kKinds);
  return chosen ? kKinds[*chosen] : "";
}

/// Puts the list in id order and reports ids that stand twice.
template <class Item>
void sort_by_id(std::vector<Item>& items, const std::string& what, Loaded& out) {
  std::ranges::stable_sort(items, {}, &Item::id);
  for (std::size_t i = 1; i < items.size(); ++i) {
    if (items[i].id != items[i - 1].id) continue;
    const Position& first = items[i - 1].position;
    const Position& second = items[i].position;
    out.errors.push_back({.file = second.file,
                          .line = second.line,
                          .column = second.column,
                          .message = "duplicate " + what + " '" + items[i].id + "', also at " + first.file +
                                     ":" + std::to_string(first.line)});
  }
}

void sort_problems(std::vector<Problem>& problems) {
  std::ranges::stable_sort(problems, {}, [](const Problem& problem) {
    return std::tie(problem.file, problem.line, problem.column);
  });
}

/// Plans come last: they may stand before what they name.
void read_documents(const std::vector<Source>& sources, const Catalog& catalog, Loaded& out) {
  struct Plan {
    const Source* source;
    const YamlNode* node;
  };
  std::vector<Plan> plans;
  Definitions& all = out.definitions;
  for (const Source& source : sources) {
    const Report report(source.name, out);
    if (source.yaml.error) out.errors.push_back(*source.yaml.error);
    for (const YamlNode& document : source.yaml.documents) {
      const std::string kind = read_document_kind(report, document);
      if (kind == "Metric") {
        if (auto metric = read_metric(report, document, catalog)) all.metrics.push_back(std::move(*metric));
      } else if (kind == "ScalingComponent") {
        if (auto component = read_component(report, document, catalog))
          all.components.push_back(std::move(*component));
      } else if (kind == "ScalingPlan") {
        plans.push_back({.source = &source, .node = &document});
      }
    }
  }
  sort_by_id(all.metrics, "metric", out);
  sort_by_id(all.components, "scaling component", out);
  for (const Plan& plan : plans)
    if (auto read = read_plan(Report(plan.source->name, out), *plan.node, all))
      all.plans.push_back(std::move(*read));
  sort_by_id(all.plans, "scaling plan", out);
  sort_problems(out.errors);
  sort_problems(out.warnings);
}

Result<std::string> read_file(const fs::path& path) {
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(path.c_str(), "re"), &std::fclose);
  if (!file) return fail(ErrorCode::io, std::string("cannot be read: ") + std::strerror(errno));
  std::string content;
  std::array<char, 64 * 1024> buffer;
  while (const std::size_t size = std::fread(buffer.data(), 1, buffer.size(), file.get())) {
    content.append(buffer.data(), size);
    if (content.size() > kLargestFile)
      return fail(ErrorCode::limit_exceeded, "the file is larger than 16 MiB");
  }
  if (std::ferror(file.get()) != 0) return fail(ErrorCode::io, "cannot be read");
  return content;
}

/// The YAML files below a folder, in name order.
void list_folder(const fs::path& folder, int depth, std::vector<fs::path>& files, Loaded& out) {
  std::error_code error;
  std::vector<fs::path> entries;
  for (fs::directory_iterator it(folder, error), end; !error && it != end; it.increment(error))
    entries.push_back(it->path());
  if (error) add_error(out, folder.string(), "the folder cannot be read: " + error.message());
  std::ranges::sort(entries);
  for (const fs::path& entry : entries) {
    if (entry.filename().native().starts_with('.')) continue;
    if (fs::is_directory(entry, error)) {
      if (depth < kDeepestFolder) list_folder(entry, depth + 1, files, out);
    } else if ((entry.extension() == ".yaml" || entry.extension() == ".yml") && files.size() < kMostFiles) {
      files.push_back(entry);
    }
  }
}

}  // namespace

Loaded load(const std::vector<fs::path>& paths, const Catalog& catalog) {
  Loaded out;
  std::vector<fs::path> files;
  for (const fs::path& path : paths) {
    std::error_code error;
    const std::size_t before = files.size();
    if (!fs::exists(path, error)) {
      add_error(out, path.string(), "there is no such file or folder");
    } else if (fs::is_directory(path, error)) {
      list_folder(path, 1, files, out);
      if (files.size() == before) add_error(out, path.string(), "the folder holds no *.yaml or *.yml");
    } else {
      files.push_back(path);
    }
  }
  if (files.size() >= kMostFiles) add_error(out, files.front().string(), "more than 10,000 files");
  std::vector<Source> sources;
  std::set<std::string> names;
  for (const fs::path& file : files) {
    const std::string name = file.lexically_normal().string();
    if (!names.insert(name).second) continue;
    out.files.push_back(name);
    auto content = read_file(file);
    if (content)
      sources.push_back({.name = name, .yaml = parse_yaml(name, std::move(*content))});
    else
      add_error(out, name, content.error().message);
  }
  read_documents(sources, catalog, out);
  return out;
}

Loaded load_text(const std::string& name, const std::string& yaml, const Catalog& catalog) {
  Loaded out;
  const std::vector<Source> sources = {{.name = name, .yaml = parse_yaml(name, yaml)}};
  read_documents(sources, catalog, out);
  out.files.push_back(name);
  return out;
}

}  // namespace wave::definitions
