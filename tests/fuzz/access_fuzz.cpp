// Files of others that say how to sign in: kubeconfig and the AWS profiles.
#include <string>

#include "net/aws/profiles.h"
#include "net/kubernetes/kubeconfig.h"

// NOLINTNEXTLINE(readability-identifier-naming): libFuzzer's name
extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  (void)wave::net::kubernetes::parse_kubeconfig({{"/", text}}, "");
  const auto half = text.size() / 2;
  const auto profiles = wave::net::aws::Profiles::parse(text.substr(0, half), text.substr(half));
  (void)profiles.get("default", "region");
  (void)profiles.service_endpoint("default", "s3");
  return 0;
}
