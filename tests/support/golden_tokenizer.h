// The real tokenizers of the shared folder. Most of them are written as differences to another one.

#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "engine/tokenizer/tokenizer.h"

namespace fathom::engine {

/// Loads golden/tokenizer-NAME. `chat_template` replaces that of its tokenizer_config.json; "" is
/// none. Null where the folder is absent; fails the running test where it is broken.
std::shared_ptr<const Tokenizer> golden_tokenizer(
    const std::string& name, const std::optional<std::string>& chat_template = std::nullopt);

/// A folder of this process with the tokenizer.json and tokenizer_config.json that
/// golden/tokenizer-NAME stands for; the caller removes it. Empty where the folder is absent.
std::filesystem::path write_golden_tokenizer(
    const std::string& name, const std::optional<std::string>& chat_template = std::nullopt);

}  // namespace fathom::engine
