package com.acme.bank.model;

public record Money(long cents, String currency) {
    public Money plus(Money other) {
        return new Money(cents + other.cents, currency);
    }

    public Money minus(Money other) {
        return new Money(cents - other.cents, currency);
    }

    public boolean isLessThan(Money other) {
        return cents < other.cents;
    }
}
