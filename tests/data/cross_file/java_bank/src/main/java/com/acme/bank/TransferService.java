package com.acme.bank;

import com.acme.bank.model.Account;
import com.acme.bank.model.InsufficientFunds;
import com.acme.bank.model.Money;

public class TransferService {
    private final AccountRepository accounts;

    public TransferService(AccountRepository accounts) {
        this.accounts = accounts;
    }

    public void transfer(String from, String to, Money amount) throws InsufficientFunds {
        Account source = accounts.findByIban(from).orElseThrow();
        Account target = accounts.findByIban(to).orElseThrow();
        source.withdraw($0
        target.deposit(amount, "from " + from);
        accounts.save(source);
        accounts.save(target);
    }
}
