package fetch

import (
	"context"
	"log"
	"net/url"

	"example.com/feed/parse"
	"example.com/feed/store"
)

type Worker struct {
	client  *Client
	limiter *Limiter
	store   store.Store
}

func (w *Worker) Fetch(ctx context.Context, feed *url.URL) error {
	if err := w.limiter.Wait($0
		return err
	}
	document, err := w.client.Get(ctx, feed.String())
	if err != nil {
		log.Printf("%s: %v", feed, err)
		return err
	}
	items, err := parse.Items(document)
	if err != nil {
		return err
	}
	return w.store.Save(feed.String(), items)
}
