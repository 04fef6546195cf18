#include "cli/commands.h"

namespace wave::cli {

int demo(const Arguments& arguments) {
  return fail_with({.message = "not yet"}, arguments.json);
}

}  // namespace wave::cli
