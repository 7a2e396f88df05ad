#include "lsp/consent_desk.h"

#include <utility>

namespace fathom::lsp {

using completion::ConsentAnswer;

void ConsentDesk::look_up(std::string origin, std::vector<std::string> folders,
                          OnAnswers on_answers) {
  worker_.post([this, origin = std::move(origin), folders = std::move(folders),
                on_answers = std::move(on_answers)] {
    std::vector<ConsentAnswer> answers;
    for (const std::string& folder : folders) answers.push_back(consent_.answer(origin, folder));
    on_answers(answers);
  });
}

void ConsentDesk::record(std::string origin, std::vector<std::string> folders, ConsentAnswer answer,
                         OnRecorded on_recorded) {
  worker_.post([this, origin = std::move(origin), folders = std::move(folders), answer,
                on_recorded = std::move(on_recorded)] {
    Status recorded;
    for (const std::string& folder : folders) {
      Status status = consent_.record(origin, folder, answer);
      if (recorded && !status) recorded = std::move(status);
    }
    on_recorded(recorded);
  });
}

}  // namespace fathom::lsp
