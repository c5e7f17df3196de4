package cache

import (
	"context"
	"strings"
	"time"
)

// store keeps each value in an object beneath the database's prefix. Nothing bounds it but the time to live and the number of distinct
// queries: a query's new result takes the place of its old one.
type store struct {
	s      Store
	prefix string
}

func openStore(cfg Config) (Driver, error) {
	prefix := strings.Trim(cfg.Prefix, "/")
	if prefix != "" {
		prefix += "/"
	}
	return &store{cfg.Store, prefix + cfg.Name + "/"}, nil
}

func (s *store) Get(ctx context.Context, key string) ([]byte, bool, error) {
	return s.s.Get(ctx, s.prefix+key)
}

func (s *store) Put(ctx context.Context, key string, value []byte, _ time.Duration) error {
	return s.s.Put(ctx, s.prefix+key, value)
}

func (s *store) Delete(ctx context.Context, key string) error { return s.s.Delete(ctx, s.prefix+key) }

func (s *store) Clear(ctx context.Context) error {
	var keys []string
	if err := s.s.List(ctx, s.prefix, func(key string) { keys = append(keys, key) }); err != nil || len(keys) == 0 {
		return err
	}
	return s.s.Delete(ctx, keys...)
}
