import { l10n } from "vscode";

/** Result of `fathom.review` (docs/lsp-extensions.md), as far as it is shown here. */
export interface ReviewResult {
  summary: string;
  findings: unknown[];
  notReviewed: { path: string; reason: string }[];
  complete: boolean;
}

const kMostNamed = 3;

/** The outcome as one message: what was not reviewed is part of it. */
export function describeReview({ summary, notReviewed, complete }: ReviewResult): { message: string; isComplete: boolean } {
  if (notReviewed.length === 0)
    return { message: complete ? `${summary}.` : l10n.t("{0}. Not all was reviewed.", summary), isComplete: complete };
  const named = notReviewed.slice(0, kMostNamed).map(({ path, reason }) => `${path} (${reason})`);
  if (notReviewed.length > kMostNamed) named.push(l10n.t("{0} more", notReviewed.length - kMostNamed));
  return { message: l10n.t("{0}. Not reviewed: {1}.", summary, named.join(", ")), isComplete: false };
}
