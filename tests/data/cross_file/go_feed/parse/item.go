package parse

import "time"

type Item struct {
	Title     string
	Link      string
	Published time.Time
}

func Items(document []byte) ([]Item, error) {
	return nil, nil
}
