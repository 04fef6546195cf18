#pragma once

#include <string>

#include "definitions/documents.h"
#include "definitions/kind.h"

namespace wave::definitions {

/// `text`, `integer`, `duration`, ...
std::string_view name(KeyType type);

/// What `kinds --json` prints of one kind.
std::string kind_json(const KindTable& kind);
/// `[...]` of every kind.
std::string kinds_json(const Catalog& catalog);

/// The kind's page of docs/reference.
std::string kind_markdown(const KindTable& kind);

/// The page of docs/reference of a kind of document.
std::string document_markdown(const Block& document);

/// A commented document of this kind for `init`: required keys with examples, the others commented out.
std::string kind_example(const KindTable& kind, const std::string& id);

}  // namespace wave::definitions
