package postgres_test

import (
	"fmt"
	"testing"

	"github.com/s3sql/s3sql/plugins/replication"
)

// BenchmarkApply delivers batches of 500 rows of ten columns: new rows, changed rows, rows of a snapshot, and parents and children that
// take turns, which no statement can take together.
func BenchmarkApply(b *testing.B) {
	const size = 500
	more := []replication.Column{{Name: "a", Kind: replication.Int, Bits: 64}, {Name: "b", Kind: replication.Float, Bits: 64}, {Name: "c", Kind: replication.Decimal, Precision: 10, Scale: 2},
		{Name: "d", Kind: replication.Timestamp}, {Name: "e", Kind: replication.JSON}, {Name: "f", Kind: replication.Bytes}, {Name: "g", Kind: replication.Date}, {Name: "h", Kind: replication.Text}}
	row := func(d *replication.Destination, op replication.Operation, id int) *replication.Record {
		return record(d, op, int64(id), "name", int64(id)*7, float64(id)/3, "12345.67", commitTime, `{"a":[1,2,3],"b":"text"}`, []byte("some bytes"), commitTime, "some text of usual length")
	}
	for _, tt := range []struct {
		name   string
		record func(d [2]*replication.Destination, n, i int) *replication.Record
	}{
		{"insert", func(d [2]*replication.Destination, n, i int) *replication.Record {
			return row(d[0], replication.Insert, n*size+i)
		}},
		{"update", func(d [2]*replication.Destination, _, i int) *replication.Record {
			return row(d[0], replication.Update, i)
		}},
		{"snapshot", func(d [2]*replication.Destination, n, i int) *replication.Record {
			r := row(d[0], replication.Insert, n*size+i)
			r.Snapshot = true
			return r
		}},
		{"turns", func(d [2]*replication.Destination, n, i int) *replication.Record {
			return row(d[i%2], replication.Insert, n*size+i)
		}},
	} {
		b.Run(tt.name, func(b *testing.B) {
			s := newServer(b)
			d := [2]*replication.Destination{destination("one", more...), destination("two", more...)}
			target := s.prepared(nil, d[0], d[1])
			at, n := "", 0
			for b.Loop() {
				batch := &replication.Batch{From: at, To: fmt.Sprint(n)}
				for i := range size {
					batch.Records = append(batch.Records, tt.record(d, n, i))
				}
				if err := target.Apply(b.Context(), batch); err != nil {
					b.Fatal(err)
				}
				at, n = batch.To, n+1
			}
			b.ReportMetric(float64(n*size)/b.Elapsed().Seconds(), "rows/s")
		})
	}
}
