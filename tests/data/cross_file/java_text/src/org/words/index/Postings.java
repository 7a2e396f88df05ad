package org.words.index;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

public class Postings {
    private final Map<String, List<Integer>> lists = new HashMap<>();

    public void add(String token, int document) {
        lists.computeIfAbsent(token, key -> new ArrayList<>()).add(document);
    }
}
