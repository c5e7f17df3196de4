package commitlog

import (
	"context"
	"iter"
	"testing"

	"github.com/s3sql/s3sql/storage/object"
	"github.com/s3sql/s3sql/storage/object/mem"
)

// hidingStore lists without the keys in hidden, as a listing may that runs while they are created.
type hidingStore struct {
	object.Store
	hidden map[string]bool
}

func (s *hidingStore) List(ctx context.Context, prefix, after string) iter.Seq2[object.Info, error] {
	return func(yield func(object.Info, error) bool) {
		for info, err := range s.Store.List(ctx, prefix, after) {
			if err == nil && s.hidden[info.Key] {
				continue
			}
			if !yield(info, err) {
				return
			}
		}
	}
}

func TestListingThatMissesARecord(t *testing.T) {
	t.Parallel()
	for name, hidden := range map[string][]uint64{"first": {1}, "middle": {3}, "run": {3, 4, 5}, "first and middle": {1, 2, 5}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			store := &hidingStore{Store: mem.New(), hidden: map[string]bool{}}
			codec := NewCodec()
			for seq := uint64(1); seq <= 7; seq++ {
				rec := &Record{DB: ID{1}, Seq: seq, WriteID: ID{byte(seq)}, Writer: ID{9}}
				data, err := codec.EncodeRecord(rec)
				if err != nil {
					t.Fatal(err)
				}
				if _, err := store.PutIfAbsent(t.Context(), Key(seq), data); err != nil {
					t.Fatal(err)
				}
			}
			for _, seq := range hidden {
				store.hidden[Key(seq)] = true
			}
			recs, err := ReadTail(t.Context(), store, ID{1}, 0)
			if err != nil {
				t.Fatal(err)
			}
			if len(recs) != 7 {
				t.Fatalf("%d records", len(recs))
			}
			for i, r := range recs {
				if r.Seq != uint64(i+1) {
					t.Errorf("record %d at place %d", r.Seq, i)
				}
			}
		})
	}
}
