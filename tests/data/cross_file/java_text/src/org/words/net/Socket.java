package org.words.net;

public class Socket {
    public boolean accepts(int port) {
        return port > 1024;
    }
}
