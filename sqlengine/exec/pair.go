package exec

import (
	"github.com/s3sql/s3sql/internal/vec"
	"github.com/s3sql/s3sql/sqlengine/expr"
	"github.com/s3sql/s3sql/sqlengine/plan"
)

// pairer turns the rows of a left batch and the right rows that may match them into the rows of a join. The left order is
// kept, and under one left row the right order.
type pairer struct {
	ec   *Context
	kind plan.JoinKind
	on   expr.Expr

	left   *vec.Batch
	heads  []int32       // by counting row of left: the first right row to try, -1 none
	chain  []int32       // by right row: the next to try, -1 none; nil when there is at most one
	right  []*vec.Vector // columns of the right rows
	joined vec.Bitmap    // right rows that have found a partner: of a full join

	k       int   // counting row of left at hand
	cand    int32 // right row to try next for it; -1 its heads are not read yet
	begun   bool  // some of the pairs of k were in the last batch
	matched bool  // a begun k has found a partner

	l, r     []int32 // pairs to be tried
	ol, or   []int32 // pairs that are rows
	outer    bool    // or has a -1
	gathered bool    // the rows put out are those of ol, one by one; else they are rows of left as they lie
	trial    vec.Batch
	spare    []vec.Vector // columns of trial
	pass     []int32
	out      vec.Batch
	outVecs  []vec.Vector
	used     []int // columns that on reads
}

func newPairer(ec *Context, kind plan.JoinKind, on expr.Expr, leftCols, rightCols int) pairer {
	p := pairer{ec: ec, kind: kind, on: on}
	n := leftCols + rightCols
	if on != nil {
		seen := make([]bool, n)
		columnsOf(on, seen)
		for i, s := range seen {
			if s {
				p.used = append(p.used, i)
			}
		}
		p.trial.Cols, p.spare = make([]*vec.Vector, n), make([]vec.Vector, n)
	}
	if kind == plan.SemiJoin || kind == plan.AntiJoin {
		return p
	}
	p.out.Cols, p.outVecs = make([]*vec.Vector, n), make([]vec.Vector, n)
	return p
}

// columnsOf marks the columns that e reads.
func columnsOf(e expr.Expr, seen []bool) {
	if c, ok := expr.AsColumn(e); ok {
		if c >= 0 && c < len(seen) {
			seen[c] = true
		}
		return
	}
	for _, c := range e.Children() {
		columnsOf(c, seen)
	}
}

// start begins a left batch, whose candidates are in heads.
func (p *pairer) start(left *vec.Batch) {
	p.left, p.k, p.cand, p.begun, p.matched = left, 0, -1, false, false
}

// next returns more rows of the join, nil when the left batch is exhausted.
func (p *pairer) next() (*vec.Batch, error) {
	for p.left != nil && p.k < p.left.Rows() {
		if err := p.ec.Ctx.Err(); err != nil {
			return nil, err
		}
		b, err := p.step()
		if err != nil || b != nil {
			return b, err
		}
	}
	p.left = nil
	return nil, nil
}

func (p *pairer) step() (*vec.Batch, error) {
	p.gathered = false
	if p.on == nil && p.k == 0 && !p.begun {
		switch {
		case p.kind == plan.SemiJoin || p.kind == plan.AntiJoin:
			return p.filterLeft(), nil
		case p.kind == plan.InnerJoin && p.chain == nil:
			return p.widenLeft(), nil
		}
	}
	p.collect()
	if err := p.try(); err != nil {
		return nil, err
	}
	if p.kind == plan.SemiJoin || p.kind == plan.AntiJoin {
		if len(p.ol) == 0 {
			return nil, nil
		}
		p.out = vec.Batch{Cols: p.left.Cols, N: p.left.N, Sel: p.ol}
		return &p.out, nil
	}
	return p.emit(), nil
}

// filterLeft answers a semi or anti join without further condition: whether there is a candidate is all that counts.
func (p *pairer) filterLeft() *vec.Batch {
	p.ol = p.ol[:0]
	for k, h := range p.heads[:p.left.Rows()] {
		if (h >= 0) == (p.kind == plan.SemiJoin) {
			p.ol = append(p.ol, int32(p.left.Row(k)))
		}
	}
	p.k = p.left.Rows()
	if len(p.ol) == 0 {
		return nil
	}
	p.out = vec.Batch{Cols: p.left.Cols, N: p.left.N, Sel: p.ol}
	return &p.out
}

// widenLeft answers an inner join without further condition in which a left row has one partner at most: the left columns
// are passed on as they are, with a selection, and the right ones are laid beside them.
func (p *pairer) widenLeft() *vec.Batch {
	p.ol, p.or = p.ol[:0], p.or[:0]
	rows := p.left.Rows()
	for k, h := range p.heads[:rows] {
		if h >= 0 {
			p.ol, p.or = append(p.ol, int32(p.left.Row(k))), append(p.or, h)
		}
	}
	p.k = rows
	if len(p.ol) == 0 {
		return nil
	}
	n := len(p.left.Cols)
	copy(p.out.Cols, p.left.Cols)
	p.out.N, p.out.Sel = p.left.N, p.ol
	dense := len(p.ol) == p.left.N
	if dense {
		p.out.Sel = nil
	}
	for c, col := range p.right {
		v := &p.outVecs[n+c]
		if p.out.Cols[n+c] = v; dense {
			gather(v, col, p.or, false)
		} else {
			scatter(v, col, p.left.N, p.ol, p.or)
		}
	}
	return &p.out
}

// collect lists pairs to be tried, vec.MaxRows at most. A left row without candidate is listed with -1 if its kind of join
// has to know of it.
func (p *pairer) collect() {
	p.l, p.r = p.l[:0], p.r[:0]
	rows := p.left.Rows()
	for p.k < rows && len(p.l) < vec.MaxRows {
		i := int32(p.left.Row(p.k))
		if !p.begun {
			p.begun, p.cand = true, p.heads[p.k]
			if p.cand < 0 && p.kind != plan.InnerJoin && p.kind != plan.SemiJoin {
				p.l, p.r = append(p.l, i), append(p.r, -1)
			}
		}
		for p.cand >= 0 && len(p.l) < vec.MaxRows {
			p.l, p.r = append(p.l, i), append(p.r, p.cand)
			if p.chain == nil {
				p.cand = -1
			} else {
				p.cand = p.chain[p.cand]
			}
		}
		if p.cand >= 0 {
			return // the row goes on in the next batch
		}
		p.begun = false
		p.k++
	}
}

// try evaluates the condition for the collected pairs and lists the rows of the join.
func (p *pairer) try() error {
	p.ol, p.or, p.outer = p.ol[:0], p.or[:0], false
	if err := p.test(); err != nil {
		return err
	}
	at := 0 // in pass
	for i := 0; i < len(p.l); {
		// One left row: pairs [i, j).
		j, found := i, p.matched && i == 0
		for ; j < len(p.l) && p.l[j] == p.l[i]; j++ {
			if p.r[j] < 0 || p.on != nil && (at == len(p.pass) || p.pass[at] != int32(j)) {
				continue
			}
			at++
			if !found || p.kind != plan.SemiJoin && p.kind != plan.AntiJoin {
				p.match(p.l[j], p.r[j])
			}
			found = true
		}
		if j == len(p.l) && p.begun { // its other candidates come in the next batch
			p.matched = found
			if found && (p.kind == plan.SemiJoin || p.kind == plan.AntiJoin) {
				p.begun, p.k = false, p.k+1
				p.matched = false
			}
			return nil
		}
		if !found {
			p.lonely(p.l[i])
		}
		i = j
	}
	p.matched = false
	return nil
}

func (p *pairer) match(l, r int32) {
	switch p.kind {
	case plan.AntiJoin:
		return
	case plan.FullJoin:
		p.joined.Set(int(r))
	}
	p.ol, p.or = append(p.ol, l), append(p.or, r)
}

func (p *pairer) lonely(l int32) {
	if p.kind == plan.InnerJoin || p.kind == plan.SemiJoin {
		return
	}
	p.ol, p.or, p.outer = append(p.ol, l), append(p.or, -1), true
}

// test sets pass to the pairs for which the condition is TRUE.
func (p *pairer) test() error {
	if p.on == nil {
		return nil
	}
	p.pass = p.pass[:0]
	p.trial.N, p.trial.Sel = len(p.l), nil
	outer := false
	for _, r := range p.r {
		outer = outer || r < 0
	}
	n := len(p.left.Cols)
	for _, c := range p.used {
		p.trial.Cols[c] = &p.spare[c]
		if c < n {
			gather(&p.spare[c], p.left.Cols[c], p.l, false)
		} else {
			gather(&p.spare[c], p.right[c-n], p.r, outer)
		}
	}
	if outer { // pairs without a right row are not tried
		sel := make([]int32, 0, len(p.l))
		for j, r := range p.r {
			if r >= 0 {
				sel = append(sel, int32(j))
			}
		}
		if len(sel) == 0 {
			return nil
		}
		p.trial.Sel = sel
	}
	if len(p.l) == 0 {
		return nil
	}
	var err error
	p.pass, err = expr.Filter(p.ec.Expr, p.on, &p.trial, p.pass)
	return err
}

// emit makes a batch of the listed pairs.
func (p *pairer) emit() *vec.Batch {
	if len(p.ol) == 0 {
		return nil
	}
	n := len(p.left.Cols)
	for c, col := range p.left.Cols {
		p.out.Cols[c] = &p.outVecs[c]
		gather(&p.outVecs[c], col, p.ol, false)
	}
	for c, col := range p.right {
		p.out.Cols[n+c] = &p.outVecs[n+c]
		gather(&p.outVecs[n+c], col, p.or, p.outer)
	}
	p.out.N, p.out.Sel, p.gathered = len(p.ol), nil, true
	return &p.out
}
