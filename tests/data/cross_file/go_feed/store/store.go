package store

import "example.com/feed/parse"

type Store interface {
	Save(feed string, items []parse.Item) error
	Wait()
}
