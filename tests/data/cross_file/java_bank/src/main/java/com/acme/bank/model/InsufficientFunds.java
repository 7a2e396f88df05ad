package com.acme.bank.model;

public class InsufficientFunds extends Exception {
    public InsufficientFunds(String iban) {
        super("not enough money on " + iban);
    }
}
