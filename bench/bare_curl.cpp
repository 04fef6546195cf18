// What libcurl alone costs for the daemon's requests: RATE a second, evenly spread, each with its own query,
// over kept connections, the body collected; prints CPU microseconds a request.
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include <curl/curl.h>
#include <sys/resource.h>

namespace {

struct Request {
  CURL* easy = nullptr;
  std::string body;
};

std::size_t collect(char* data, std::size_t size, std::size_t count, void* to) {
  static_cast<Request*>(to)->body.append(data, size * count);
  return size * count;
}

double cpu_seconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) { return double(time.tv_sec) + double(time.tv_usec) / 1e6; };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) {
    std::fputs("usage: bare_curl URL COUNT RATE\n", stderr);
    return 2;
  }
  using Clock = std::chrono::steady_clock;
  const int count = std::atoi(argv[2]);
  const auto apart = std::chrono::nanoseconds(std::chrono::seconds(1)) / std::atoi(argv[3]);
  CURLM* multi = curl_multi_init();
  curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS, 64L);
  std::vector<Request*> idle;
  int started = 0;
  int done = 0;
  const double before = cpu_seconds();
  const auto begun = Clock::now();
  while (done < count) {
    for (; started < count && Clock::now() >= begun + apart * started; ++started) {
      Request* request = idle.empty() ? new Request : idle.back();
      if (idle.empty()) {
        request->easy = curl_easy_init();
      } else {
        idle.pop_back();
        curl_easy_reset(request->easy);
      }
      request->body.clear();
      const std::string url = argv[1] + std::to_string(started % 10'000);
      curl_easy_setopt(request->easy, CURLOPT_URL, url.c_str());
      curl_easy_setopt(request->easy, CURLOPT_WRITEFUNCTION, &collect);
      curl_easy_setopt(request->easy, CURLOPT_WRITEDATA, request);
      curl_easy_setopt(request->easy, CURLOPT_PRIVATE, request);
      curl_multi_add_handle(multi, request->easy);
    }
    int running = 0;
    curl_multi_perform(multi, &running);
    int left = 0;
    while (const CURLMsg* message = curl_multi_info_read(multi, &left)) {
      CURL* easy = message->easy_handle;
      if (message->data.result != CURLE_OK) return 1;
      ++done;
      Request* request = nullptr;
      curl_easy_getinfo(easy, CURLINFO_PRIVATE, &request);
      curl_multi_remove_handle(multi, easy);
      idle.push_back(request);
    }
    curl_multi_poll(multi, nullptr, 0, 1, nullptr);
  }
  std::printf("%.2f\n", (cpu_seconds() - before) * 1e6 / count);
  for (Request* request : idle) {
    curl_easy_cleanup(request->easy);
    delete request;
  }
  curl_multi_cleanup(multi);
}
