package com.acme.atm;

public class Dispenser {
    private int notes;

    public void withdraw(int count) {
        notes -= count;
    }
}
