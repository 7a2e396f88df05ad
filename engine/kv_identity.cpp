#include "engine/kv_identity.h"

#include <filesystem>
#include <span>
#include <system_error>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "engine/base/mapped_file.h"
#include "engine/base/sha256.h"
#include "engine/base/system.h"

namespace fathom::engine {
namespace {

/// Not the device, whose number changes when the machine starts.
std::string line_for(const std::filesystem::path& path, const FileStamp& stamp) {
  std::error_code error;
  return fmt::format("{} {} {} {}\n", std::filesystem::absolute(path, error).string(), stamp.inode,
                     stamp.size_bytes, stamp.changed_ns);
}

}  // namespace

Result<std::string> kv_identity(const Checkpoint& checkpoint, const Backend& backend,
                                const Model& model) {
  const auto program = executable_path();
  if (!program) return fail(ErrorCode::not_found, "this program's file is not known");
  FATHOM_TRY(program_stamp, stamp_of(*program));
  // Every build computes its own bits; the built-in model is part of the program, too.
  std::string text = line_for(*program, program_stamp);
  if (checkpoint.files().empty()) text += fmt::format("{}\n", checkpoint.source());
  for (const MappedFile& file : checkpoint.files()) text += line_for(file.path(), file.stamp());
  if (checkpoint.folder()) {
    const std::filesystem::path config = *checkpoint.folder() / "config.json";
    FATHOM_TRY(stamp, stamp_of(config));
    text += line_for(config, stamp);
  }
  text += fmt::format("{} {}\n{} {}\n", backend.name(), backend.description(),
                      info(model.cache_type()).name, fmt::join(model.cache_widths(), " "));
  Sha256 hash;
  hash.update(std::as_bytes(std::span(text)));
  return hash.finish();
}

}  // namespace fathom::engine
