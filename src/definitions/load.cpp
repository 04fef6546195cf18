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
constexpr std::size_t largest_definitions = 16UL * 1024 * 1024;

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
  static const std::vector<std::string> kKinds = {"Metric", "ScalingComponent", "ScalingPlan", "Event"};
  if (document.kind != YamlNode::Kind::map) {
    report.error(document, "a document must be a map that begins with 'kind'");
    return {};
  }
  const YamlNode* kind = find_entry(document, "kind");
  if (kind == nullptr || kind->kind == YamlNode::Kind::null) {
    report.error(document, "a document needs 'kind': Metric, ScalingComponent, ScalingPlan or Event");
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
                          .message = "duplicate " + what + " '" + items[i].id + "', also at " +
                                     std::string(first.file) + ":" + std::to_string(first.line)});
  }
}

void sort_problems(std::vector<Problem>& problems) {
  std::ranges::stable_sort(problems, {}, [](const Problem& problem) {
    return std::tie(problem.file, problem.line, problem.column);
  });
}

/// Reads one file after the other; trees of documents are large and not kept, except those of plans and
/// events, which may stand before what they name.
class Reading {
 public:
  Reading(const Catalog& catalog, Loaded& out) : catalog_(catalog), out_(out) {}

  void read(const std::string& name, std::string text) {
    out_.files.push_back(name);
    const Report report(name, out_);
    std::size_t documents = 0;
    auto broken = parse_yaml(name, std::move(text), [&](YamlNode document) {
      ++documents;
      take(report, std::move(document));
    });
    // A pipeline that ended before it wrote anything must not look like definitions that are right.
    if (documents == 0 && broken.empty())
      out_.warnings.push_back(
          {.file = name, .line = 1, .column = 1, .message = "no documents found in " + name});
    for (auto& one : broken) {
      names_lost_ |= one.text.find("kind: ScalingPlan") == std::string::npos &&
                     one.text.find("kind: Event") == std::string::npos;
      out_.errors.push_back(std::move(one.problem));
    }
  }

  void finish() {
    sort_by_id(all_.metrics, "metric", out_);
    sort_by_id(all_.components, "scaling component", out_);
    // Behind a broken metric or component, plans that name it would be blamed for it.
    if (names_lost_) plans_.clear(), events_.clear();
    for (const auto& [file, node] : plans_)
      if (auto plan = read_plan(Report(file, out_), node, all_)) all_.plans.push_back(std::move(*plan));
    for (const auto& [file, node] : events_)
      if (auto event = read_event(Report(file, out_), node, all_)) all_.events.push_back(std::move(*event));
    sort_by_id(all_.plans, "scaling plan", out_);
    sort_by_id(all_.events, "event", out_);
    sort_problems(out_.errors);
    sort_problems(out_.warnings);
    all_.metrics.shrink_to_fit();
    all_.components.shrink_to_fit();
    all_.plans.shrink_to_fit();
  }

 private:
  void take(const Report& report, YamlNode document) {
    const std::string kind = read_document_kind(report, document);
    if (kind == "Metric") {
      if (auto metric = read_metric(report, document, catalog_)) all_.metrics.push_back(std::move(*metric));
    } else if (kind == "ScalingComponent") {
      if (auto component = read_component(report, document, catalog_))
        all_.components.push_back(std::move(*component));
    } else if (kind == "ScalingPlan") {
      plans_.emplace_back(out_.files.back(), std::move(document));
    } else if (kind == "Event") {
      events_.emplace_back(out_.files.back(), std::move(document));
    }
  }

  const Catalog& catalog_;
  Loaded& out_;
  Definitions& all_ = out_.definitions;
  bool names_lost_ = false;  ///< a document that could not be read may have been a metric or a component
  std::vector<std::pair<std::string, YamlNode>> plans_;  ///< with their files
  std::vector<std::pair<std::string, YamlNode>> events_;
};

Result<std::string> read_file(const fs::path& path) {
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(path.c_str(), "re"), &std::fclose);
  if (!file) return fail(ErrorCode::io, std::string("cannot be read: ") + std::strerror(errno));
  std::string content;
  std::array<char, 64 * 1024> buffer;
  while (const std::size_t size = std::fread(buffer.data(), 1, buffer.size(), file.get())) {
    content.append(buffer.data(), size);
    if (content.size() > largest_definitions)
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
      // Nobody may ever write to it.
      if (const auto status = fs::status(entry, error); !error && !fs::is_regular_file(status))
        add_error(out, entry.string(), "is not a file: a folder, pipe, socket or device");
      else
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
    const std::size_t before = files.size() + out.errors.size();
    if (!fs::exists(path, error)) {
      add_error(out, path.string(), "there is no such file or folder");
    } else if (fs::is_directory(path, error)) {
      list_folder(path, 1, files, out);
      if (files.size() + out.errors.size() == before)
        add_error(out, path.string(), "the folder holds no *.yaml or *.yml");
    } else {
      files.push_back(path);
    }
  }
  if (files.size() >= kMostFiles) add_error(out, files.front().string(), "more than 10,000 files");
  Reading reading(catalog, out);
  std::set<std::string> names;
  for (const fs::path& file : files) {
    const std::string name = file.lexically_normal().string();
    if (!names.insert(name).second) continue;
    auto content = read_file(file);
    if (!content) {
      out.files.push_back(name);
      add_error(out, name, content.error().message);
      continue;
    }
    reading.read(name, std::move(*content));
  }
  reading.finish();
  return out;
}

Loaded load_text(const std::string& name, const std::string& yaml, const Catalog& catalog) {
  Loaded out;
  Reading reading(catalog, out);
  reading.read(name, yaml);
  reading.finish();
  return out;
}

}  // namespace wave::definitions
