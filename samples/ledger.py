"""A small double-entry ledger: every transaction moves an amount between two accounts."""

from dataclasses import dataclass, field


@dataclass
class Transaction:
    source: str
    target: str
    amount: int


@dataclass
class Ledger:
    transactions: list[Transaction] = field(default_factory=list)

    def add(self, source: str, target: str, amount: int) -> None:
        if amount <= 0:
            raise ValueError("amount must be positive")
        self.transactions.append(Transaction(source, target, amount))

    def balance(self, account: str) -> int:
        total = 0
        for transaction in self.transactions:
            if transaction.target == account:
                total += transaction.amount
            if transaction.source $0
                total -= transaction.amount
        return total
