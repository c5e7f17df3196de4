package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"runtime/pprof"
	"time"

	"github.com/s3sql/s3sql/sqlengine"
	"github.com/s3sql/s3sql/storage/object"
	"github.com/s3sql/s3sql/storage/object/dir"
	"github.com/s3sql/s3sql/storage/object/mem"
	"github.com/s3sql/s3sql/storage/object/s3"
)

// settings are what the command line says.
type settings struct {
	rows, tx, runs int
	mixed          int
	dir, cache     string
	endpoint       string
	bucket         string
	latency        time.Duration
	memory         int64
	only, cpu      string
	store          *probe
}

func main() {
	var s settings
	flag.IntVar(&s.rows, "rows", 1_000_000, "rows to load")
	flag.IntVar(&s.tx, "tx", 0, "rows of a transaction; 0 loads all in one")
	flag.IntVar(&s.runs, "runs", 3, "warm runs of each query; the fastest counts")
	flag.IntVar(&s.mixed, "mixed", 0, "run so many commits of one row each instead, and look at the table as it grows; in memory without -dir and -s3")
	flag.StringVar(&s.dir, "dir", "", "folder of the database; a temporary one without it. One that has the table already is not loaded again")
	flag.StringVar(&s.cache, "cache", "", "folder of the disk cache; none without it")
	flag.StringVar(&s.endpoint, "s3", "", "endpoint of an S3 server to use in the place of the folder; credentials by the rules of AWS")
	flag.StringVar(&s.bucket, "bucket", "scale", "bucket there, which exists")
	flag.DurationVar(&s.latency, "latency", 0, "what each request takes longer")
	flag.Int64Var(&s.memory, "memory", 512<<20, "memory limit in bytes")
	flag.StringVar(&s.only, "only", "", "measure only what has this in its name")
	flag.StringVar(&s.cpu, "cpuprofile", "", "file for a CPU profile")
	flag.Parse()
	if err := run(context.Background(), s); err != nil {
		fmt.Fprintln(os.Stderr, "scale:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, s settings) (err error) {
	if s.dir == "" && s.endpoint == "" && s.mixed == 0 {
		if s.dir, err = os.MkdirTemp("", "scale"); err != nil {
			return err
		}
		defer func() { err = errors.Join(err, os.RemoveAll(s.dir)) }()
	}
	store, closeStore, err := openStore(ctx, s)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, closeStore()) }()
	s.store = &probe{Store: store, multipart: object.MultipartOf(store)}
	if s.cpu != "" {
		f, err := os.Create(s.cpu)
		if err != nil {
			return err
		}
		defer f.Close()
		if err := pprof.StartCPUProfile(f); err != nil {
			return err
		}
		defer pprof.StopCPUProfile()
	}
	if s.mixed > 0 {
		s.store.latency = s.latency
		return mixed(ctx, s)
	}
	if err := load(ctx, s); err != nil {
		return err
	}
	s.store.latency = s.latency
	return measure(ctx, s)
}

func openStore(ctx context.Context, s settings) (object.Store, func() error, error) {
	if s.endpoint != "" {
		st, err := s3.Open(ctx, s3.Config{Bucket: s.bucket, Prefix: fmt.Sprintf("scale-%d", s.rows), Endpoint: s.endpoint, PathStyle: true,
			Region: "us-east-1"})
		return st, st.Close, err
	}
	if s.dir == "" {
		return mem.New(), func() error { return nil }, nil
	}
	st, err := dir.Open(s.dir, dir.Options{})
	if err != nil {
		return nil, nil, err
	}
	return st, st.Close, nil
}

func open(ctx context.Context, s settings) (*sqlengine.Engine, error) {
	return sqlengine.Open(ctx, sqlengine.Config{Store: s.store, Database: "scale", Create: true, MemoryLimit: s.memory, CacheDir: s.cache})
}
