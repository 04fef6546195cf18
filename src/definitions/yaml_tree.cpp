#include "definitions/yaml_tree.h"

#include <algorithm>
#include <sstream>

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include "base/text.h"

namespace wave::definitions {
namespace {

constexpr std::size_t kLargestText = 16UL * 1024 * 1024;
constexpr std::size_t kMostDocuments = 100'000;
constexpr std::size_t kDeepest = 64;
constexpr std::size_t kMostAliasedNodes = 100'000;
constexpr std::size_t kMostBroken = 20;

std::size_t count_nodes(const YamlNode& node) {
  std::size_t count = 1;
  for (const YamlNode& item : node.items) count += count_nodes(item);
  for (const auto& [key, value] : node.entries) count += count_nodes(key) + count_nodes(value);
  return count;
}

/// Builds the tree from the parser's events. Leaves by YAML::ParserException, as the parser does.
class TreeBuilder : public YAML::EventHandler {
 public:
  TreeBuilder(const std::string& text, int lines_before) : text_(text), lines_before_(lines_before) {}

  void OnDocumentStart(const YAML::Mark& mark) override {
    // At a comma where a document begins the parser gives empty documents for ever.
    if (mark.pos == document_) throw YAML::ParserException(mark, "a comma outside of brackets");
    document_ = mark.pos;
    open_.clear();
    anchors_.clear();
    root_ = YamlNode{};
  }
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override { add(at(mark), anchor); }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    const auto found = anchors_.find(anchor);
    if (found == anchors_.end())
      throw YAML::ParserException(mark, "an alias may not stand inside its own anchor");
    aliased_ += count_nodes(found->second);
    if (aliased_ > kMostAliasedNodes) throw YAML::ParserException(mark, "aliases expand to too much");
    add(found->second, 0);
  }
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    YamlNode node = at(mark);
    node.kind = YamlNode::Kind::scalar;
    node.text = value;
    node.plain = tag == "?" || tag.empty();
    find_text(mark, node);
    add(std::move(node), anchor);
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    open(mark, YamlNode::Kind::list, anchor);
  }
  void OnSequenceEnd() override { close(); }
  void OnMapStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    open(mark, YamlNode::Kind::map, anchor);
  }
  void OnMapEnd() override { close(); }

  YamlNode take() { return std::move(root_); }

 private:
  struct Open {
    YamlNode node;
    YAML::anchor_t anchor;
    std::optional<YamlNode> key;
  };

  YamlNode at(const YAML::Mark& mark) const {
    YamlNode node;
    node.line = node.text_line = lines_before_ + mark.line + 1;
    node.column = node.text_column = mark.column + 1;
    return node;
  }

  void find_text(const YAML::Mark& mark, YamlNode& node) const {
    const auto start = static_cast<std::size_t>(std::max(mark.pos, 0));
    const char first = start < text_.size() ? text_[start] : ' ';
    if (node.plain) return;
    if (first == '"' || first == '\'') ++node.text_column;
    if (first != '|' && first != '>') return;
    const std::size_t line_end = text_.find('\n', start);
    if (line_end == std::string::npos) return;
    const std::size_t content = text_.find_first_not_of(" \r\n", line_end);
    if (content == std::string::npos) return;
    node.text_line +=
        static_cast<int>(std::count(text_.begin() + static_cast<std::ptrdiff_t>(start),
                                    text_.begin() + static_cast<std::ptrdiff_t>(content), '\n'));
    node.text_column = static_cast<int>(content - text_.rfind('\n', content));
  }

  void open(const YAML::Mark& mark, YamlNode::Kind kind, YAML::anchor_t anchor) {
    if (open_.size() >= kDeepest) throw YAML::ParserException(mark, "nested deeper than 64");
    YamlNode node = at(mark);
    node.kind = kind;
    open_.push_back({.node = std::move(node), .anchor = anchor, .key = std::nullopt});
  }

  void close() {
    Open done = std::move(open_.back());
    open_.pop_back();
    add(std::move(done.node), done.anchor);
  }

  void add(YamlNode node, YAML::anchor_t anchor) {
    if (anchor != 0) anchors_[anchor] = node;
    if (open_.empty()) {
      root_ = std::move(node);
      return;
    }
    Open& parent = open_.back();
    if (parent.node.kind == YamlNode::Kind::list) {
      parent.node.items.push_back(std::move(node));
    } else if (!parent.key) {
      parent.key = std::move(node);
    } else {
      // The parser places a missing value at the next token, which may be on another line.
      if (node.kind == YamlNode::Kind::null) {
        node.line = parent.key->line;
        node.column = parent.key->column;
      }
      parent.node.entries.push_back({.key = std::move(*parent.key), .value = std::move(node)});
      parent.key.reset();
    }
  }

  const std::string& text_;
  int lines_before_;
  std::vector<Open> open_;
  std::map<YAML::anchor_t, YamlNode> anchors_;
  YamlNode root_;
  std::size_t aliased_ = 0;
  int document_ = -1;  ///< where the current one starts
};

Problem problem_at(const std::string& name, std::string_view text, std::size_t offset, std::string message) {
  const std::string_view before = text.substr(0, offset);
  const std::size_t line_start = before.rfind('\n') + 1;
  return {.file = name,
          .line = static_cast<int>(std::ranges::count(before, '\n')) + 1,
          .column = static_cast<int>(offset - line_start) + 1,
          .message = std::move(message)};
}

std::optional<Problem> check_text(const std::string& name, std::string_view text) {
  if (text.size() > kLargestText)
    return Problem{.file = name, .line = 1, .column = 1, .message = "the file is larger than 16 MiB"};
  if (const std::size_t bad = invalid_utf8(text); bad != std::string_view::npos)
    return problem_at(name, text, bad, "the text is not UTF-8");
  // yaml-cpp takes some of these as the end of the file and says nothing.
  const auto control = std::ranges::find_if(text, [](char c) {
    return static_cast<unsigned char>(c) < 0x20 && c != '\n' && c != '\r' && c != '\t';
  });
  if (control != text.end())
    return problem_at(name, text, static_cast<std::size_t>(control - text.begin()),
                      "control characters are not allowed");
  return std::nullopt;
}

/// How long the first document of the text is, with the separator that it begins with. `---` at the start of
/// a line begins a document wherever it stands (YAML 1.2, 9.2), also in a text or in brackets.
std::size_t length_of_first(std::string_view text) {
  std::size_t at = 0;
  bool directives = text.starts_with('%');
  while (true) {
    at = text.find("\n---", at);
    if (at == std::string_view::npos) return text.size();
    const char next = at + 4 < text.size() ? text[at + 4] : '\n';
    const bool separates = next == '\n' || next == ' ' || next == '\t' || next == '\r';
    if (separates && !std::exchange(directives, false)) return at + 1;
    at += 4;
  }
}

/// Reads one document. Leaves by YAML::Exception.
void read_document(const std::string& text, int lines_before, const std::function<void(YamlNode)>& take) {
  std::istringstream stream(text);
  YAML::Parser parser(stream);
  TreeBuilder builder(text, lines_before);
  while (parser.HandleNextDocument(builder)) {
    YamlNode document = builder.take();
    if (document.kind != YamlNode::Kind::null) take(std::move(document));
  }
}

}  // namespace

std::vector<BrokenDocument> parse_yaml(const std::string& name, std::string text,
                                       const std::function<void(YamlNode)>& take) {
  std::vector<BrokenDocument> broken;
  if (text.starts_with("\xEF\xBB\xBF")) text.erase(0, 3);
  if (auto problem = check_text(name, text)) {
    broken.push_back({.problem = std::move(*problem), .text = {}});
    return broken;
  }
  std::string_view rest = text;
  int line = 0;
  std::size_t documents = 0;
  while (!rest.empty() && broken.size() < kMostBroken) {
    std::string document(rest.substr(0, length_of_first(rest)));
    rest.remove_prefix(document.size());
    const auto lines = static_cast<int>(std::ranges::count(document, '\n'));
    const auto refuse = [&](int where, int column, std::string message) {
      broken.push_back(
          {.problem = {.file = name, .line = where, .column = column, .message = std::move(message)},
           .text = std::move(document)});
    };
    if (++documents > kMostDocuments) {
      refuse(line + 1, 1, "the file holds more than 100,000 documents");
      break;
    }
    try {
      read_document(document, line, take);
    } catch (const YAML::Exception& error) {
      refuse(line + std::max(error.mark.line, 0) + 1, std::max(error.mark.column, 0) + 1,
             "broken YAML: " + error.msg);
    }
    line += lines;
  }
  return broken;
}

}  // namespace wave::definitions
