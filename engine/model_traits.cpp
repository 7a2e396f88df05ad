#include "engine/model_traits.h"

namespace fathom::engine {

std::string_view name_of(ChatFormat format) {
  switch (format) {
    case ChatFormat::deepseek_coder:
      return "deepseek-coder";
    case ChatFormat::deepseek_vl2:
      return "deepseek-vl2";
    case ChatFormat::deepseek_v2:
      return "deepseek-v2";
    case ChatFormat::deepseek_v2_5:
      return "deepseek-v2.5";
    case ChatFormat::deepseek_v3:
      return "deepseek-v3";
    case ChatFormat::deepseek_r1:
      return "deepseek-r1";
    case ChatFormat::r1_distill:
      return "r1-distill";
    case ChatFormat::r1_0528:
      return "r1-0528";
    case ChatFormat::deepseek_v3_1:
      return "deepseek-v3.1";
    case ChatFormat::deepseek_v3_2:
      return "deepseek-v3.2";
    case ChatFormat::deepseek_v4:
      return "deepseek-v4";
    case ChatFormat::chatml:
      return "chatml";
  }
  return "";
}

}  // namespace fathom::engine
