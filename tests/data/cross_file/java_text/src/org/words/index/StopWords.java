package org.words.index;

import java.util.Set;

public final class StopWords implements TokenFilter {
    private final Set<String> words;

    public StopWords(Set<String> words) {
        this.words = words;
    }

    @Override
    public boolean accepts(String token, int position) {
        return !words.contains(token);
    }
}
