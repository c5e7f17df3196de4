package table

import (
	"context"
	"errors"
	"io"
	"slices"

	"github.com/s3sql/s3sql/storage/invert"
)

// textMerge makes the files of new segments from those of the segments that they replace.
type textMerge struct {
	ix    *TextIndex
	files []*invert.File // of the segments, as they come in placement.in
}

// placement is where the rows of segments have gone.
type placement struct {
	in []*seg
	to [][]newPlace // by segment and row
}

// newPlace is a row of a new segment; the zero value is none.
type newPlace struct {
	out uint32 // place in output.segs, from 1 on
	row uint32
}

// mergeTexts finds out which of the output's inverted files can be made from those of the segments that it is made from. The others
// are made from the rows.
func (o *output) mergeTexts(ctx context.Context, in []*seg) error {
	var rest []*textOutput
	for _, t := range o.texts {
		m := &textMerge{ix: t.ix}
		for _, g := range in {
			f, err := o.db.files.textFile(ctx, g, t.ix)
			if err != nil && !badText(err) {
				return err
			}
			if f == nil || f.Positions != t.ix.Positions {
				m = nil
				break
			}
			m.files = append(m.files, f)
		}
		if m == nil {
			rest = append(rest, t)
			continue
		}
		t.close()
		o.merged = append(o.merged, m)
	}
	if o.texts = rest; len(o.merged) > 0 {
		o.moved = &placement{in: in, to: make([][]newPlace, len(in))}
		for i, g := range in {
			o.moved.to[i] = make([]newPlace, g.meta.Rows)
		}
	}
	return nil
}

// note notes where the rows of pieces have gone, which are the last that were added.
func (o *output) note(pieces []piece) {
	if o.moved == nil {
		return
	}
	n := 0
	for i := range pieces {
		n += pieces[i].n
	}
	at := newPlace{out: uint32(len(o.segs) + 1), row: uint32(o.w.Rows() - n)}
	for i := range pieces {
		p := &pieces[i]
		to := o.moved.to[slices.Index(o.moved.in, p.f.g)]
		for k := range p.n {
			to[p.f.from+p.from+k] = at
			at.row++
		}
	}
}

// writeMerged writes the merged files of all segments.
func (o *output) writeMerged(ctx context.Context) error {
	for _, m := range o.merged {
		for i, g := range o.segs {
			err := o.writeText(ctx, g, m.ix, func(ctx context.Context, w io.Writer) (invert.Meta, error) {
				return invert.Merge(ctx, w, o.moved.parts(m, uint32(i+1)), g.meta.Rows)
			})
			if badText(err) {
				o.db.opts.Logger.Warn("a full-text file is damaged; it is made again from the rows", "table", o.table, "error", err)
				continue // the new segment has none, until somebody makes it
			}
			if err != nil {
				return err
			}
		}
	}
	return nil
}

// parts returns the files that have rows in one of the new segments.
func (p *placement) parts(m *textMerge, out uint32) (parts []invert.Part) {
	for i, f := range m.files {
		to := p.to[i]
		if !slices.ContainsFunc(to, func(n newPlace) bool { return n.out == out }) {
			continue
		}
		parts = append(parts, invert.Part{File: f, Map: func(doc uint32) (uint32, bool) { return to[doc].row, to[doc].out == out }})
	}
	return parts
}

// badText reports whether an error says that an inverted file has to be made again.
func badText(err error) bool {
	return errors.Is(err, invert.ErrCorrupt) || errors.Is(err, errTextMissing)
}
