package webhook

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"net/http"
	"sync/atomic"

	"golang.org/x/sync/errgroup"

	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/plugins/replication"
)

// target is one replication's server. For one goroutine.
type target struct {
	config   config
	clock    base.Clock
	client   *http.Client
	outcomes replication.Outcomes
}

var _ replication.Target = (*target)(nil)

func open(_ context.Context, c replication.Config) (replication.Target, error) {
	cfg, err := parse(c)
	if err != nil {
		return nil, replication.Permanent(err)
	}
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.MaxIdleConnsPerHost = cfg.workers
	client := &http.Client{Transport: transport, Timeout: cfg.timeout, CheckRedirect: follow}
	return &target{config: cfg, clock: base.SystemClock{}, client: client}, nil
}

// Prepare has nothing to do.
func (t *target) Prepare(context.Context, []*replication.Destination) error { return nil }

// Apply sends the records of a batch that have not arrived yet.
// Cost: a request for each record, or for each array.
//
// Errors: *replication.Rejected for records that the server refuses; those of send.
func (t *target) Apply(ctx context.Context, b *replication.Batch) error {
	open := t.outcomes.Begin(b.Records)
	deliver := t.each
	if t.config.batch {
		deliver = t.arrays
	}
	return t.outcomes.End(deliver(ctx, b.Records, open))
}

// each sends records one by one, concurrently; those of a row in order. After an error no more are sent.
func (t *target) each(ctx context.Context, records []*replication.Record, open []int) error {
	lanes := make([][]int, t.config.workers)
	for _, i := range open {
		n := lane(records[i], len(lanes))
		lanes[n] = append(lanes[n], i)
	}
	var down atomic.Bool
	var group errgroup.Group
	for _, lane := range lanes {
		if len(lane) == 0 {
			continue
		}
		group.Go(func() error {
			for _, i := range lane {
				if down.Load() {
					return nil
				}
				if err := t.one(ctx, i, records[i]); err != nil {
					down.Store(true)
					return err
				}
			}
			return nil
		})
	}
	return group.Wait()
}

// lane returns which of n a record goes through: all of a row take the same.
func lane(r *replication.Record, n int) int {
	row := r.Destination.Name + "\x00" + r.RecordID
	if r.Destination.Key == nil {
		row = r.ID // there is no row that others are about
	}
	h := fnv.New32a()
	_, _ = h.Write([]byte(row)) // which never fails
	return int(h.Sum32() % uint32(n))
}

// one sends a record.
func (t *target) one(ctx context.Context, i int, r *replication.Record) error {
	body, err := replication.Message(t.config.Config, r)
	if err != nil {
		t.outcomes.Rejected(i, err)
		return nil
	}
	err = t.send(ctx, t.config.address(r), r.ID, body)
	var no *refusal
	switch {
	case errors.As(err, &no):
		t.outcomes.Rejected(i, err)
		return nil
	case err == nil:
		t.outcomes.Delivered(i)
	}
	return err
}

// element is a record in an array.
type element struct {
	at   int // in the batch
	id   string
	body []byte
}

// arrays sends records in arrays, each as large as may be, and to one address. They are the same again when what follows an error is sent.
func (t *target) arrays(ctx context.Context, records []*replication.Record, open []int) error {
	var array []element
	var address string
	size := 0
	for _, i := range open {
		body, err := replication.Message(t.config.Config, records[i])
		if err != nil {
			t.outcomes.Rejected(i, err)
			continue
		}
		to := t.config.address(records[i])
		if len(array) > 0 && (to != address || size+len(body)+len("[,]") > t.config.maxSize) {
			if err := t.array(ctx, address, array); err != nil {
				return err
			}
			array, size = nil, 0
		}
		array, address, size = append(array, element{i, records[i].ID, body}), to, size+len(body)+len(",")
	}
	return t.array(ctx, address, array)
}

// array sends an array. One that is refused is sent again in halves, so that only those records are rejected that are the cause.
func (t *target) array(ctx context.Context, address string, array []element) error {
	if len(array) == 0 {
		return nil
	}
	bodies := make([][]byte, len(array))
	for i, e := range array {
		bodies[i] = e.body
	}
	body := append(append([]byte{'['}, bytes.Join(bodies, []byte{','})...), ']')
	err := t.send(ctx, address, fmt.Sprintf("%s+%d", array[0].id, len(array)), body)
	var no *refusal
	switch {
	case errors.As(err, &no) && len(array) == 1:
		t.outcomes.Rejected(array[0].at, err)
		return nil
	case errors.As(err, &no):
		half := len(array) / 2
		if err := t.array(ctx, address, array[:half]); err != nil {
			return err
		}
		return t.array(ctx, address, array[half:])
	case err != nil:
		return err
	}
	for _, e := range array {
		t.outcomes.Delivered(e.at)
	}
	return nil
}

// Close closes the connections that wait for another request.
func (t *target) Close() error {
	t.client.CloseIdleConnections()
	return nil
}
