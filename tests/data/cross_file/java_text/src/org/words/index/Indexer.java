package org.words.index;

import org.words.text.Tokenizer;

public class Indexer {
    private final Tokenizer tokenizer = new Tokenizer();
    private final Postings postings = new Postings();
    private final TokenFilter filter;

    public Indexer(TokenFilter filter) {
        this.filter = filter;
    }

    public void index(int document, String text) {
        int position = 0;
        for (String token : tokenizer.split(text)) {
            if (filter.$0
                postings.add(token, document);
            }
            position++;
        }
    }
}
