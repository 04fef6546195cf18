#include "cli/main.h"

int main(int argc, char** argv) {
  return wave::cli::run(argc, argv);
}
