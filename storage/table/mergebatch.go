package table

import (
	"github.com/s3sql/s3sql/internal/vec"
	"github.com/s3sql/s3sql/storage/row"
)

// batch makes a batch of the steps.
func (m *merge) batch(b *vec.Batch) (keys []string, ok bool, err error) {
	if len(m.steps) == 0 {
		m.done = true
		m.read.exhaust(m.spec)
		return nil, false, nil
	}
	n := 0
	for i := range m.steps {
		n += m.steps[i].n
	}
	b.N, b.Cols = n, resizeCols(b.Cols, len(m.spec.Cols))
	if p := &m.steps[0]; len(m.steps) == 1 && p.e == nil && !m.spec.Reverse {
		for i, c := range p.f.cols {
			b.Cols[i] = c.slice(m.spec.Cols[i], p.from, n)
		}
	} else if err := m.copyTo(b); err != nil {
		return nil, false, err
	}
	if m.spec.WithKeys {
		keys = make([]string, 0, n)
		for i := range m.steps {
			keys = m.steps[i].appendKeys(keys, m.spec.Reverse)
		}
	}
	if m.spec.AnyOrder {
		m.read.exhaust(m.spec)
	} else {
		m.read.extend(m.steps[len(m.steps)-1].lastKey(m.spec), m.spec)
	}
	return keys, true, nil
}

func (m *merge) copyTo(b *vec.Batch) error {
	for i, q := range m.spec.Cols {
		b.Cols[i] = vec.New(q.Type.Class(), q.scale(), b.N)
	}
	at := 0
	for i := range m.steps {
		p := &m.steps[i]
		if p.e == nil {
			for c, q := range m.spec.Cols {
				p.f.cols[c].copyTo(b.Cols[c], q, at, p.from, p.n, m.spec.Reverse)
			}
		} else if err := m.decode(p.e, b, at); err != nil {
			return err
		}
		at += p.n
	}
	return nil
}

func (m *merge) decode(e *entry, b *vec.Batch, at int) error {
	if m.raw {
		b.Cols[0].Str[at] = e.row
		return nil
	}
	if !m.decs {
		m.dec, m.decs = row.NewDecoder(fieldsOf(m.spec.Cols)), true
	}
	return m.dec.Decode(e.row, b.Cols, at)
}

// lastKey returns the key of the last row in the order of the scan, or one that is further on where the keys were not read.
func (p *piece) lastKey(spec ScanSpec) string {
	switch {
	case p.e != nil:
		return p.e.key
	case p.f.keys == nil && spec.Reverse:
		return max(p.f.g.meta.First, spec.Lo)
	case p.f.keys == nil:
		return p.f.g.meta.Last
	case spec.Reverse:
		return p.f.keys[p.from]
	}
	return p.f.keys[p.from+p.n-1]
}

func (p *piece) appendKeys(keys []string, reverse bool) []string {
	if p.e != nil {
		return append(keys, p.e.key)
	}
	if !reverse {
		return append(keys, p.f.keys[p.from:p.from+p.n]...)
	}
	for i := range p.n {
		keys = append(keys, p.f.keys[p.from+p.n-1-i])
	}
	return keys
}
