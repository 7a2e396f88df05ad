package org.words.text;

import java.util.List;

public class Tokenizer {
    public List<String> split(String text) {
        return List.of(text.toLowerCase().split("\\W+"));
    }
}
