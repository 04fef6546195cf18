#pragma once

#include "components/aws/xml_answer.h"
#include "net/batch.h"
#include "net/services.h"

namespace wave::components {

/// How the query protocol reads many things of one sort.
struct XmlListing {
  const char* action;            ///< `DescribeDBClusters`
  const char* list;              ///< the element that holds the items
  const char* name;              ///< the element of an item that has the name that is asked for
  const char* single = nullptr;  ///< the parameter that asks for one; nullptr: the filter does
  const char* filter = nullptr;  ///< the filter that takes many names; nullptr: only all can be listed
  const char* page_size = "MaxRecords";
  int most_of_a_page = 100;
  const char* next = "Marker";  ///< where the next page begins: in the answer, and to ask for it
  net::Headers more{};          ///< parameters of every call
};

/// The items of each name. One page answers for up to a hundred components of a service, region and identity.
using XmlItems = net::Batch<std::vector<XmlAnswer>>;

/// Names are asked for one by one where that is cheaper (an account with more pages than we have names), and
/// where permissions reach single things only. `listing` must outlive it.
std::shared_ptr<XmlItems> xml_items(const XmlListing& listing, std::shared_ptr<net::AwsClient> client,
                                    net::Services& services);

}  // namespace wave::components
