package exec

import (
	"github.com/s3sql/s3sql/internal/vec"
	"github.com/s3sql/s3sql/storage/table"
)

// readText reads the next rows that a search finds.
func (o *scanOp) readText() (bool, error) {
	t := o.plan.Text
	if o.search == nil {
		run, err := o.ec.search(o.tx, t.Search)
		if err != nil {
			return false, err
		}
		best, err := o.bestAsked()
		if err != nil {
			return false, err
		}
		o.search = run
		if o.plan.AnyOrder && !t.Scored && len(o.plan.Cols) == 0 {
			o.counted, err = run.count(o.ec.Ctx)
		} else {
			o.hits, err = run.find(o.ec.Ctx, !o.plan.AnyOrder || t.Scored, best)
		}
		if err != nil {
			return false, err
		}
	}
	if o.counted > 0 {
		o.raw = vec.Batch{N: min(o.counted, vec.MaxRows)}
		o.counted -= o.raw.N
		return true, nil
	}
	if len(o.hits) == 0 {
		return false, nil
	}
	n := min(len(o.hits), o.room)
	hits := o.hits[:n]
	o.hits, o.room = o.hits[n:], min(4*o.room, vec.MaxRows)
	places := make([]table.Place, n)
	for i, h := range hits {
		places[i] = table.Place{Part: h.Part, Doc: h.Doc}
	}
	keys, err := o.tx.RowsAt(o.ec.Ctx, o.search.storage, places, columnsAsked(o.plan.Table, o.plan.Cols), t.Scored, &o.raw)
	if err != nil {
		return false, err
	}
	if t.Scored {
		o.search.note(keys, hits)
	}
	return true, nil
}

// bestAsked returns how many of the best rows are asked for; 0: all, or so many that it makes no difference.
func (o *scanOp) bestAsked() (best int, err error) {
	for _, e := range o.plan.Text.Best {
		n, err := rowCount(o.ec, e, 0)
		if err != nil {
			return 0, err
		}
		best += int(min(n, maxBest+1))
	}
	switch {
	case len(o.plan.Text.Best) == 0 || best > maxBest:
		return 0, nil
	case best == 0: // LIMIT 0
		return 1, nil
	}
	return best, nil
}

// maxBest is the most rows that are worth looking for the best of, rather than for all.
const maxBest = 1 << 16
