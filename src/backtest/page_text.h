#pragma once

#include <string_view>

namespace wave::backtest {

/// The page before and after its data: a document of its own that loads nothing.
std::string_view page_head();
std::string_view page_tail();

}  // namespace wave::backtest
