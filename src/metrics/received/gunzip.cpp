#include <algorithm>

#include <zlib.h>

#include "metrics/received/received.h"

namespace wave::metrics {
namespace {

constexpr std::size_t most_unzipped_bytes = 32u << 20;
constexpr int gzip_only = 16 + MAX_WBITS;

}  // namespace

Result<std::string> gunzip(std::string_view body) {
  z_stream stream{};
  if (inflateInit2(&stream, gzip_only) != Z_OK)
    return fail(ErrorCode::limit_exceeded, "there is no memory to decompress the request");
  // zlib does not change its input.
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(body.data()));
  stream.avail_in = static_cast<uInt>(std::min<std::size_t>(body.size(), most_unzipped_bytes));
  std::string out;
  std::vector<char> chunk(64 * 1024);
  int state = Z_OK;
  while (state == Z_OK && out.size() <= most_unzipped_bytes) {
    stream.next_out = reinterpret_cast<Bytef*>(chunk.data());
    stream.avail_out = static_cast<uInt>(chunk.size());
    state = inflate(&stream, Z_NO_FLUSH);
    out.append(chunk.data(), chunk.size() - stream.avail_out);
    // A file may be several, one behind the other (RFC 1952 section 2.2).
    if (state == Z_STREAM_END && stream.avail_in > 0) state = inflateReset(&stream);
  }
  inflateEnd(&stream);
  if (out.size() > most_unzipped_bytes)
    return fail(ErrorCode::limit_exceeded, "the request is longer than 32 MiB when it is decompressed");
  if (state != Z_STREAM_END) return std::unexpected(bad_answer("the request is not whole gzip"));
  return out;
}

}  // namespace wave::metrics
