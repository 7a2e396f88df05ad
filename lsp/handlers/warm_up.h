// Lets the model read what surrounds the cursor before anybody asks for a completion there, so that
// the first one finds its prompt computed.
//
// A client tells where its cursor is only by what it asks: the end of a change, and the place for
// which an editor wants code actions whenever the cursor has moved. Of a document that was just
// opened the end is taken: wherever the cursor is then, what is before it is computed.

#pragma once

#include <string>

#include "lsp/position.h"
#include "lsp/session.h"

namespace fathom::lsp {

/// The cursor may be there: once nothing else came for a moment, unless a completion was asked for.
/// Loads no model. Main thread; never waits.
void warm_up_soon(Session& session, const std::string& uri, Position position);

/// A model was loaded: the same for where the cursor was last.
void warm_up_again(Session& session);

}  // namespace fathom::lsp
