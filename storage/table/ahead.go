package table

import (
	"context"
	"sync/atomic"
)

// Ahead decodes columns of parts that a scan has yet to come to, in several goroutines at once.
type Ahead struct {
	parts []part
	cols  []ScanCol
	next  atomic.Int64 // of parts
}

// Ahead returns what decodes columns before Next needs them; nil when there is too little left to be worth it. Columns are
// kept with their parts, so that nothing is decoded twice, and nothing is held that the scan itself would not hold.
func (s *Scanner) Ahead() *Ahead {
	if s.m != nil || s.spec.Reverse || len(s.spec.Cols) == 0 {
		return nil
	}
	a := &Ahead{cols: s.spec.Cols}
	for i := s.pi + 1; i < len(s.v.parts) && (s.spec.Hi == "" || s.v.parts[i].first() < s.spec.Hi); i++ {
		if p := s.v.parts[i]; !p.ready(a.cols) {
			a.parts = append(a.parts, p)
		}
	}
	if len(a.parts) < 2 {
		return nil
	}
	return a
}

// Run decodes until nothing is left or ctx ends. It may run in several goroutines, beside the scanner. What is wrong with a
// part the scanner reports when it comes there.
func (a *Ahead) Run(ctx context.Context) {
	for ctx.Err() == nil {
		i := int(a.next.Add(1)) - 1
		if i >= len(a.parts) {
			return
		}
		if _, err := a.parts[i].columns(a.cols); err != nil {
			return
		}
	}
}
