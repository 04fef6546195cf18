#pragma once

#include <string>

#include "base/loop.h"

namespace wave::cli {

/// How far a long command is and how long the rest will take, on standard error where that is a terminal.
class ProgressBar {
 public:
  explicit ProgressBar(std::string what);
  /// From 0 to 1.
  void show(double share) const;
  void clear() const;

 private:
  std::string what_;
  Loop clock_;
  MonoTime begun_;
  bool is_shown_;
};

}  // namespace wave::cli
