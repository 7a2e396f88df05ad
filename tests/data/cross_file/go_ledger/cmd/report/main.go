package main

import (
	"fmt"
	"os"
	"time"

	"example.com/books/internal/ledger"
	"example.com/books/internal/money"
)

func main() {
	book, err := ledger.Load(os.Stdin)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	for _, account := range os.Args[1:] {
		balance, err := book.Balance($0
		if err != nil {
			fmt.Fprintln(os.Stderr, account, err)
			continue
		}
		fmt.Println(account, money.Format(int64(balance), "EUR"))
	}
}
