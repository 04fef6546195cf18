#include "components/aws/xml_items.h"

#include <algorithm>

#include "base/text.h"

namespace wave::components {
namespace {

constexpr std::size_t most_xml_names = 100;
/// Instances of a hundred clusters are 1,600 at most.
constexpr std::size_t most_xml_pages = 100;

/// AWS keeps these names in lower case; an ARN ends with the name.
std::string plain(std::string_view name) {
  return to_lower(name.substr(name.rfind(':') + 1));
}

class XmlPages {
 public:
  XmlPages(const XmlListing& how, std::shared_ptr<net::AwsClient> client)
      : how_(how), client_(std::move(client)) {}

  /// A refusal of several names makes the batch ask for fewer, in the end for each alone.
  Task<Result<XmlItems::Answers>> describe(std::vector<std::string> names) {
    if (names.size() > 1 && names.size() <= dear_up_to_) co_return net::ask_for_fewer();
    XmlItems::Answers out;
    std::string next;
    std::size_t pages = 0;
    do {
      if (names.size() > 1 && !how_.filter && pages == names.size()) {
        dear_up_to_ = std::max(dear_up_to_, pages);
        co_return net::ask_for_fewer();
      }
      auto answer = co_await ask_xml(*client_, how_.action, parameters(names, next));
      if (!answer && answer.error().code == ErrorCode::forbidden && names.size() > 1)
        dear_up_to_ = most_xml_names;
      if (!answer) co_return std::unexpected(std::move(answer.error()));
      const auto all = answer->find(how_.list);
      if (!all) co_return std::unexpected(bad_answer(std::string("no ") + how_.list + " in the answer"));
      sort_in(all.items(), names, out);
      next = answer->find(how_.next).text();
      ++pages;
    } while (!next.empty() && pages < most_xml_pages);
    co_return out;
  }

 private:
  net::Headers parameters(const std::vector<std::string>& names, const std::string& next) const {
    net::Headers out;
    const bool several = names.size() > 1;
    if (!several && how_.single) {
      out.emplace_back(how_.single, names.front());
    } else if (how_.filter) {
      out.emplace_back("Filters.Filter.1.Name", how_.filter);
      for (std::size_t i = 0; i < names.size(); ++i)
        out.emplace_back("Filters.Filter.1.Values.Value." + std::to_string(i + 1), names[i]);
    }
    out.insert(out.end(), how_.more.begin(), how_.more.end());
    if (several) out.emplace_back(how_.page_size, std::to_string(how_.most_of_a_page));
    if (!next.empty()) out.emplace_back(how_.next, next);
    return out;
  }

  void sort_in(const std::vector<XmlAnswer>& items, const std::vector<std::string>& names,
               XmlItems::Answers& out) const {
    std::multimap<std::string, const std::string*> wanted;
    for (const auto& name : names) wanted.emplace(plain(name), &name);
    for (const auto& item : items) {
      // An answer for one name need not repeat it.
      if (names.size() == 1) {
        out[names.front()].push_back(item);
        continue;
      }
      const auto [begin, end] = wanted.equal_range(plain(item.text(how_.name)));
      for (auto name = begin; name != end; ++name) out[*name->second].push_back(item);
    }
  }

  const XmlListing& how_;
  std::shared_ptr<net::AwsClient> client_;
  std::size_t dear_up_to_ = 0;  ///< so many names cost less alone
};

}  // namespace

std::shared_ptr<XmlItems> xml_items(const XmlListing& listing, std::shared_ptr<net::AwsClient> client,
                                    net::Services& services) {
  return services.shared.get<XmlItems>(client->shared_key() + " " + listing.action + " " + listing.name, [&] {
    const auto made = std::make_shared<XmlPages>(listing, client);
    return std::make_shared<XmlItems>(
        services.runtime, most_xml_names,
        [made](std::vector<std::string> names) { return made->describe(std::move(names)); });
  });
}

}  // namespace wave::components
