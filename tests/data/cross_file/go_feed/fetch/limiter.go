package fetch

import (
	"context"
	"sync"
	"time"
)

// Limiter lets one request pass to a host in each interval.
type Limiter struct {
	mu       sync.Mutex
	interval time.Duration
	next     map[string]time.Time
}

func NewLimiter(interval time.Duration) *Limiter {
	return &Limiter{interval: interval, next: map[string]time.Time{}}
}

func (l *Limiter) Wait(ctx context.Context, host string) error {
	l.mu.Lock()
	at := l.next[host]
	l.next[host] = time.Now().Add(l.interval)
	l.mu.Unlock()
	select {
	case <-time.After(time.Until(at)):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
