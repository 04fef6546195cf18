#include <cstdio>

#include "components/kinds.h"

namespace wave::components {
namespace {

class Logger final : public Component {
 public:
  explicit Logger(std::string id) : id_(std::move(id)) {}

  Task<Result<Observation>> observe() override {
    Observation seen{.current = values_, .ready = {}};
    if (const auto desired = values_.find("desired"); desired != values_.end()) seen.ready = desired->second;
    co_return seen;
  }

  void recall(const Values& values) override { values_ = values; }

  Task<Result<Applied>> apply(Change change) override {
    std::string line = "component " + id_ + " would be set to";
    for (const auto& [name, value] : change.values) {
      line += " " + name + "=" + std::to_string(static_cast<std::int64_t>(value));
      values_[name] = value;
    }
    line += " (" + change.reason + ")\n";
    std::fputs(line.c_str(), stderr);
    co_return Applied{};
  }

 private:
  std::string id_;
  Values values_;
};

Result<std::unique_ptr<Component>> create_logger(const definitions::ComponentDefinition& component,
                                                 const definitions::Settings&, net::Services&) {
  return std::make_unique<Logger>(component.id);
}

}  // namespace

const Kind& logger() {
  static const Kind kind{
      .table = {.document = definitions::Document::component,
                .name = "logger",
                .alias = "wa-logger",
                .vendor = "local",
                .summary = "Writes to standard error what it would do; for trying plans out.",
                .keys = {},
                .values = {{.name = "desired", .help = "Any number of anything.", .highest = 1e9}},
                .ready_after = 0s,
                .notes = "What was set last counts as what is there, also after a restart."},
      .create = &create_logger};
  return kind;
}

}  // namespace wave::components
