package main

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/s3sql/s3sql/storage/object"
)

// probe notes the reads of a store, and delays every request.
type probe struct {
	object.Store
	multipart object.Multipart
	latency   time.Duration

	mu    sync.Mutex
	reads []read
}

var _ object.Multipart = (*probe)(nil)

// read is one GET.
type read struct {
	key        string
	bytes      int
	start, end time.Time
}

func (p *probe) wait(ctx context.Context) error {
	if p.latency == 0 {
		return nil
	}
	t := time.NewTimer(p.latency)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (p *probe) note(key string, start time.Time, o object.Object) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.reads = append(p.reads, read{key, len(o.Data), start, time.Now()})
}

// Get implements object.Store.
func (p *probe) Get(ctx context.Context, key string) (object.Object, error) {
	start := time.Now()
	if err := p.wait(ctx); err != nil {
		return object.Object{}, err
	}
	o, err := p.Store.Get(ctx, key)
	p.note(key, start, o)
	return o, err
}

// GetRange implements object.Store.
func (p *probe) GetRange(ctx context.Context, key string, offset, length int64) (object.Object, error) {
	start := time.Now()
	if err := p.wait(ctx); err != nil {
		return object.Object{}, err
	}
	o, err := p.Store.GetRange(ctx, key, offset, length)
	p.note(key, start, o)
	return o, err
}

// CreateUpload implements object.Multipart.
func (p *probe) CreateUpload(ctx context.Context, key string) (string, error) {
	return p.multipart.CreateUpload(ctx, key)
}

// UploadPart implements object.Multipart.
func (p *probe) UploadPart(ctx context.Context, key, id string, number int, data []byte) (string, error) {
	return p.multipart.UploadPart(ctx, key, id, number, data)
}

// CompleteUpload implements object.Multipart.
func (p *probe) CompleteUpload(ctx context.Context, key, id string, tags []string) (string, error) {
	return p.multipart.CompleteUpload(ctx, key, id, tags)
}

// AbortUpload implements object.Multipart.
func (p *probe) AbortUpload(ctx context.Context, key, id string) error {
	return p.multipart.AbortUpload(ctx, key, id)
}

// reset forgets the reads so far and returns them.
func (p *probe) reset() []read {
	p.mu.Lock()
	defer p.mu.Unlock()
	out := p.reads
	p.reads = nil
	return out
}

// rounds returns the longest chain of reads of which each began after the one before had ended: with a latency, the round trips.
func rounds(reads []read) (n int) {
	slices.SortFunc(reads, func(a, b read) int { return a.end.Compare(b.end) })
	var last time.Time
	for _, r := range reads {
		if n == 0 || !r.start.Before(last) {
			n, last = n+1, r.end
		}
	}
	return n
}

// segmentsOf returns the names of the segments among the reads.
func segmentsOf(reads []read) (keys []string) {
	for _, r := range reads {
		if strings.HasSuffix(r.key, ".parquet") {
			keys = append(keys, r.key)
		}
	}
	slices.SortFunc(keys, cmp.Compare[string])
	return slices.Compact(keys)
}

func sumBytes(reads []read) (n int) {
	for _, r := range reads {
		n += r.bytes
	}
	return n
}
