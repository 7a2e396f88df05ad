package ledger

import (
	"encoding/csv"
	"io"
)

func Load(reader io.Reader) (*Ledger, error) {
	rows, err := csv.NewReader(reader).ReadAll()
	if err != nil {
		return nil, err
	}
	ledger := New()
	for _, row := range rows {
		ledger.Post(Entry{Account: row[0]})
	}
	return ledger, nil
}
