package com.acme.bank;

import com.acme.bank.model.Account;
import java.util.Optional;

public interface AccountRepository {
    Optional<Account> findByIban(String iban);

    void save(Account account);
}
