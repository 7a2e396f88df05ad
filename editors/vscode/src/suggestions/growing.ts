import type { LanguageClient, Position, TextDocumentIdentifier } from "vscode-languageclient/node";
import { askAgain } from "./askAgain";

interface Extended {
  textDocument: TextDocumentIdentifier;
  position: Position;
}

/** Asks again for a suggestion that is longer now. */
export function followGrowingSuggestions(client: LanguageClient): void {
  const { asUri, asPosition } = client.protocol2CodeConverter;
  client.onNotification("fathom/didExtendCompletion", ({ textDocument, position }: Extended) =>
    askAgain(asUri(textDocument.uri), asPosition(position)),
  );
}
