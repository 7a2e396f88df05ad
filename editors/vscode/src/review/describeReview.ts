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
export function describeReview({ summary, notReviewed }: ReviewResult): string {
  if (notReviewed.length === 0) return l10n.t("Review: {0}.", summary);
  const named = notReviewed.slice(0, kMostNamed).map(({ path, reason }) => `${path} (${reason})`);
  if (notReviewed.length > kMostNamed) named.push(l10n.t("{0} more", notReviewed.length - kMostNamed));
  return l10n.t("Review: {0}. Not reviewed: {1}.", summary, named.join(", "));
}
