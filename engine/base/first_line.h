// What Linux tells of itself in files of one line.

#pragma once

#include <filesystem>
#include <fstream>
#include <string>

namespace fathom {

/// "" where there is no such file.
inline std::string first_line(const std::filesystem::path& file) {
  std::ifstream in(file);
  std::string line;
  std::getline(in, line);
  return line;
}

}  // namespace fathom
