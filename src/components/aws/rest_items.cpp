#include "components/aws/rest_items.h"

#include <algorithm>

namespace wave::components {
namespace {

constexpr std::size_t most_names = 1000;

class Listing {
 public:
  Listing(const RestListing& how, std::shared_ptr<net::AwsClient> client)
      : how_(how), client_(std::move(client)) {}

  Task<Result<RestItems::Answers>> describe(std::vector<std::string> names) {
    if (names.size() == 1) {
      auto one = co_await ask_for(std::move(names.front()));
      co_return one;
    }
    if (names.size() <= dear_up_to_) co_return net::ask_for_fewer();
    RestItems::Answers out;
    std::string next;
    for (std::size_t pages = 0; pages == 0 || !next.empty(); ++pages) {
      if (pages == names.size()) {
        dear_up_to_ = std::max(dear_up_to_, pages);
        co_return net::ask_for_fewer();
      }
      net::RestCall call{.path = how_.all_path, .query = how_.parameters};
      if (!next.empty()) call.query.emplace_back(how_.next_asked, next);
      auto answer = co_await ask(std::move(call));
      if (!answer && answer.error().code == ErrorCode::forbidden) dear_up_to_ = most_names;
      if (!answer) co_return std::unexpected(std::move(answer.error()));
      if (!answer->has(how_.list))
        co_return std::unexpected(bad_answer(std::string("no ") + how_.list + " in the answer"));
      for (const auto& item : answer->at(how_.list).items())
        if (auto name = item.text(how_.name); std::ranges::binary_search(names, name))
          out.insert_or_assign(std::move(name), item);
      next = answer->text(how_.next);
    }
    co_return out;
  }

 private:
  Task<Result<Answer>> ask(net::RestCall call) {
    auto answer = co_await client_->rest(std::move(call));
    if (!answer) co_return std::unexpected(std::move(answer.error()));
    co_return Answer::parse(answer->body);
  }

  Task<Result<RestItems::Answers>> ask_for(std::string name) {
    net::RestCall call{.path = how_.one_path, .labels = {name}};
    auto answer = co_await ask(std::move(call));
    if (!answer) co_return std::unexpected(std::move(answer.error()));
    co_return RestItems::Answers{{std::move(name), how_.one ? answer->at(how_.one) : *answer}};
  }

  const RestListing& how_;
  std::shared_ptr<net::AwsClient> client_;
  std::size_t dear_up_to_ = 0;  ///< so many names cost less alone
};

}  // namespace

std::shared_ptr<RestItems> rest_items(const RestListing& listing, std::shared_ptr<net::AwsClient> client,
                                      net::Services& services) {
  return services.shared.get<RestItems>(client->shared_key() + " " + listing.all_path, [&] {
    const auto made = std::make_shared<Listing>(listing, client);
    return std::make_shared<RestItems>(services.runtime, most_names, [made](std::vector<std::string> names) {
      return made->describe(std::move(names));
    });
  });
}

}  // namespace wave::components
