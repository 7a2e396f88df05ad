#pragma once

#include <string>

std::string random_token(int n_bytes);
bool is_well_formed(const std::string& token);
