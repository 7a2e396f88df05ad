#include "http/fim_prompt.h"

#include "engine/tokenizer/tokenizer.h"

namespace fathom::http {

Result<std::vector<engine::TokenId>> fim_prompt(const Hole& hole,
                                                const engine::Generator& generator) {
  const engine::ModelTraits& traits = generator.traits();
  const engine::Tokenizer& tokenizer = generator.tokenizer();
  if (!traits.fim) {
    return fail(ErrorCode::unsupported, "{} does not fill in the middle{}{}", traits.name,
                traits.fim_refusal.empty() ? "" : ": ", traits.fim_refusal);
  }
  const engine::FimTraits& fim = *traits.fim;
  std::vector<engine::TokenId> tokens;
  if (traits.adds_bos) tokens.push_back(traits.bos);
  if (!fim.repository) tokens.push_back(fim.begin);
  for (const OtherFile& file : hole.others) {
    if (fim.repository) {
      tokens.push_back(fim.repository->file);
      tokenizer.encode(file.path + "\n" + file.text + "\n", tokens);
    } else {
      tokenizer.encode(fim.path_prefix + file.path + "\n" + file.text + "\n", tokens);
    }
  }
  if (fim.repository) tokens.push_back(fim.begin);
  // A model that was trained so sees the line behind the rest: a key then changes only the end.
  tokenizer.encode(fim.line_anchored ? hole.prefix : hole.prefix + hole.begun, tokens);
  tokens.push_back(fim.hole);
  tokenizer.encode(hole.suffix, tokens);
  tokens.push_back(fim.end);
  if (fim.line_anchored) tokenizer.encode(hole.begun, tokens);
  return tokens;
}

}  // namespace fathom::http
