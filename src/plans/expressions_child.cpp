#include "plans/expressions_child.h"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <string>
#include <string_view>

#include <sys/mman.h>
#include <unistd.h>

#include "plans/javascript/child_contract.h"
#include "plans/javascript/engine.h"
#include "plans/javascript/sandbox.h"
#include "plans/javascript/wire.h"

namespace wave::plans {
namespace {

using namespace javascript;

bool read_all(char* to, std::size_t size) {
  while (size > 0) {
    const ssize_t got = read(child_socket, to, size);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return false;
    to += got;
    size -= static_cast<std::size_t>(got);
  }
  return true;
}

bool write_all(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t put = write(child_socket, bytes.data(), bytes.size());
    if (put < 0 && errno == EINTR) continue;
    if (put <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(put));
  }
  return true;
}

bool read_request(std::string& buffer, Request& request) {
  std::string head(4, '\0');
  if (!read_all(head.data(), head.size())) return false;
  const std::uint32_t size = framed_size(head);
  if (size > max_message) return false;
  buffer.resize(size);
  if (!read_all(buffer.data(), buffer.size())) return false;
  Reader reader(buffer);
  reader(request);
  return reader.ok();
}

/// Not `return` from main: destructors of the engine's threads are of no use to a process that ends.
[[noreturn]] void end(int status) {
  _exit(status);
}

}  // namespace

bool is_expressions_child(int argc, char** argv) {
  return argc > 1 && std::string_view(argv[1]) == child_argument;
}

int expressions_child_main(int /*argc*/, char** /*argv*/) {
  leave_the_house(child_progress);
  void* shared = mmap(nullptr, sizeof(Progress), PROT_READ | PROT_WRITE, MAP_SHARED, child_progress, 0);
  if (shared == MAP_FAILED) end(2);
  auto engine = Engine::create(*static_cast<Progress*>(shared));
  if (!engine) end(3);
  if (const int refused = lock_the_door(); refused != 0)
    dprintf(STDERR_FILENO, "warning: expressions run without a filter of system calls: %s\n",
            std::strerror(refused));
  std::string buffer;
  for (;;) {
    Request request;
    if (!read_request(buffer, request)) end(0);
    Writer writer;
    writer(engine->serve(request));
    if (!write_all(std::move(writer).framed())) end(0);
    engine->tidy();
  }
}

}  // namespace wave::plans
