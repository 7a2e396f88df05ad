#pragma once

#include <string>
#include <vector>

struct Entry {
  std::string name;
  bool is_folder = false;
};

class Directory {
 public:
  const Entry* find(const std::string& name) const;

 private:
  std::vector<Entry> entries_;
};
