#pragma once

#include "components/answer.h"
#include "net/aws/aws_client.h"
#include "net/batch.h"
#include "net/services.h"

namespace wave::components {

/// How a REST-JSON API lists all things of one sort, and how it tells of one.
struct RestListing {
  const char* all_path;       ///< `/api/v2/clusters`
  net::Headers parameters;    ///< of each page: its size
  const char* list;           ///< the key that holds the items
  const char* name;           ///< the key of an item that has the name that is asked for
  const char* next;           ///< the key that tells of another page
  const char* next_asked;     ///< the parameter that asks for it
  const char* one_path;       ///< `/api/v2/clusters/{}`
  const char* one = nullptr;  ///< the key that holds the one; nullptr: it is the answer
};

using RestItems = net::Batch<Answer>;

/// As `xml_items`: one list answers for many, and names are asked for one by one where that is cheaper or all
/// that is allowed. `listing` must outlive it.
std::shared_ptr<RestItems> rest_items(const RestListing& listing, std::shared_ptr<net::AwsClient> client,
                                      net::Services& services);

}  // namespace wave::components
