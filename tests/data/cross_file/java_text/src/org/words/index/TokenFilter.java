package org.words.index;

/** Decides which words of a document are worth finding. */
public interface TokenFilter {
    boolean accepts(String token, int position);

    default TokenFilter and(TokenFilter other) {
        return (token, position) -> accepts(token, position) && other.accepts(token, position);
    }
}
