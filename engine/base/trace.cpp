#include "engine/base/trace.h"

#include <cerrno>
#include <functional>
#include <iterator>
#include <system_error>
#include <thread>

namespace fathom {
namespace {

double microseconds(Trace::Clock::duration duration) {
  return std::chrono::duration<double, std::micro>(duration).count();
}

}  // namespace

Result<std::unique_ptr<Trace>> Trace::create(const std::filesystem::path& path) {
  std::FILE* file = std::fopen(path.c_str(), "we");
  if (file == nullptr) {
    return fail(ErrorCode::io, "{}: cannot write the trace: {}", path.string(),
                std::generic_category().message(errno));
  }
  return std::unique_ptr<Trace>(new Trace(file));
}

Trace::~Trace() {
  std::fputs(is_first_ ? "[]\n" : "\n]\n", file_);
  std::fclose(file_);
}

void Trace::add(const char* name, Clock::time_point begin, Clock::time_point end, int64_t count) {
  const auto thread = std::hash<std::thread::id>()(std::this_thread::get_id()) % 100000;
  fmt::memory_buffer event;  // on the stack
  const std::lock_guard lock(mutex_);
  fmt::format_to(std::back_inserter(event),
                 R"({}{{"name":"{}","ph":"X","pid":1,"tid":{},"ts":{:.3f},"dur":{:.3f},)"
                 R"("args":{{"count":{}}}}})",
                 is_first_ ? "[\n" : ",\n", name, thread, microseconds(begin - start_),
                 microseconds(end - begin), count);
  std::fwrite(event.data(), 1, event.size(), file_);
  std::fflush(file_);
  is_first_ = false;
}

}  // namespace fathom
