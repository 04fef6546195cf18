#include "cli/progress.h"

#include <algorithm>
#include <cstdio>

#include <unistd.h>

namespace wave::cli {
namespace {

constexpr int width = 30;

}  // namespace

ProgressBar::ProgressBar(std::string what)
    : what_(std::move(what)), begun_(clock_.mono()), is_shown_(::isatty(STDERR_FILENO) != 0) {}

void ProgressBar::show(double share) const {
  if (!is_shown_) return;
  const double done = std::clamp(share, 0.0, 1.0);
  const auto full = static_cast<std::size_t>(done * width);
  const double passed = seconds(clock_.mono() - begun_);
  std::string rest;
  // The first moments say too little of the rest.
  if (done > 0.02 && passed > 1)
    rest = ", " + std::to_string(static_cast<long>(passed / done * (1 - done) + 1)) + " s left";
  std::fprintf(stderr, "\r\033[K%s [%s%s] %3.0f %%%s", what_.c_str(), std::string(full, '=').c_str(),
               std::string(width - full, ' ').c_str(), done * 100, rest.c_str());
  std::fflush(stderr);
}

void ProgressBar::clear() const {
  if (is_shown_) std::fputs("\r\033[K", stderr);
}

}  // namespace wave::cli
