package ledger

import (
	"errors"
	"time"
)

var ErrUnknownAccount = errors.New("unknown account")

type Amount int64

type Entry struct {
	Account string
	Amount  Amount
	At      time.Time
}

type Ledger struct {
	entries []Entry
	names   map[string]bool
}

func New() *Ledger {
	return &Ledger{names: map[string]bool{}}
}

func (l *Ledger) Post(entry Entry) {
	l.entries = append(l.entries, entry)
	l.names[entry.Account] = true
}

// Balance sums what was posted to an account before a time.
func (l *Ledger) Balance(account string, until time.Time) (Amount, error) {
	if !l.names[account] {
		return 0, ErrUnknownAccount
	}
	var sum Amount
	for _, entry := range l.entries {
		if entry.Account == account && entry.At.Before(until) {
			sum += entry.Amount
		}
	}
	return sum, nil
}
