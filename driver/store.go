package driver

import (
	"context"
	"io"

	"github.com/s3sql/s3sql/storage/object"
	"github.com/s3sql/s3sql/storage/object/dir"
	"github.com/s3sql/s3sql/storage/object/s3"
)

// openStore opens the store that cfg names. release gives back what it holds; it is never nil without an error.
func openStore(ctx context.Context, d *Driver, cfg Config) (store object.Store, release func() error, err error) {
	switch cfg.Scheme {
	case SchemeMem:
		m, free := d.memoryStore(cfg.Name)
		return m, func() error { free(); return nil }, nil
	case SchemeFile:
		s, err := dir.Open(cfg.Path, dir.Options{})
		if err != nil {
			return nil, nil, err
		}
		return s, closerOf(s), nil
	default:
		s, err := s3.Open(ctx, s3Config(cfg))
		if err != nil {
			return nil, nil, err
		}
		return s, closerOf(s), nil
	}
}

func closerOf(v any) func() error {
	if c, ok := v.(io.Closer); ok {
		return c.Close
	}
	return func() error { return nil }
}

func s3Config(cfg Config) s3.Config {
	c := s3.Config{Bucket: cfg.Bucket, Prefix: cfg.Prefix, Region: cfg.Region, Endpoint: cfg.Endpoint, PathStyle: *cfg.PathStyle,
		AccessKey: cfg.AccessKeyID, SecretKey: cfg.SecretAccessKey, SessionToken: cfg.SessionToken, Profile: cfg.Profile,
		SSE: cfg.SSE, KMSKeyID: cfg.KMSKeyID}
	if cfg.Scheme != SchemeS3 {
		c.Endpoint = cfg.Scheme + "://" + cfg.Host
	}
	return c
}
