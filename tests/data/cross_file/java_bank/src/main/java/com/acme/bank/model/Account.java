package com.acme.bank.model;

import java.util.ArrayList;
import java.util.List;

public class Account {
    private final String iban;
    private Money balance;
    private final List<String> history = new ArrayList<>();

    public Account(String iban, Money balance) {
        this.iban = iban;
        this.balance = balance;
    }

    public String iban() {
        return iban;
    }

    public Money balance() {
        return balance;
    }

    public void deposit(Money amount, String reason) {
        balance = balance.plus(amount);
        history.add("+ " + amount + " " + reason);
    }

    public void withdraw(Money amount, String reason) throws InsufficientFunds {
        if (balance.isLessThan(amount)) {
            throw new InsufficientFunds(iban);
        }
        balance = balance.minus(amount);
        history.add("- " + amount + " " + reason);
    }
}
