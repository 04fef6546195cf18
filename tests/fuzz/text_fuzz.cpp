// Times, durations and cron expressions: every text is read or refused, and what is read gives times that
// are in order.
#include <cstdlib>
#include <string>

#include "base/cron.h"
#include "base/time.h"

// NOLINTNEXTLINE(readability-identifier-naming): libFuzzer's name
extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  if (const auto time = wave::parse_time(text)) {
    const auto again = wave::parse_time(wave::iso8601(*time));
    if (!again || *again > *time || *time - *again >= std::chrono::milliseconds(1))
      std::abort();  // it prints ms
  }
  (void)wave::parse_duration(text);
  const auto cron = wave::Cron::parse(text);
  if (!cron) return 0;
  const wave::UtcTime now = wave::from_epoch_seconds(1'767'225'600);
  for (const char* zone : {"UTC", "America/New_York", "Australia/Lord_Howe"}) {
    const auto next = cron->next(now, zone);
    if (next && *next <= now) std::abort();
    const auto previous = cron->previous(now, zone);
    if (previous && *previous > now) std::abort();
  }
  return 0;
}
