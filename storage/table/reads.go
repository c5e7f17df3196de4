package table

import "sort"

// readRange is one tracked read: the keys lo ≤ key < hi of a table ("" is unbounded).
type readRange struct {
	table  uint32
	lo, hi string
	empty  bool // a scan that has not returned anything yet
}

// successor returns the smallest key above key.
func successor(key string) string { return key + "\x00" }

// extend notes that a scan has read its range up to and including key.
func (r *readRange) extend(key string, spec ScanSpec) {
	switch {
	case r == nil:
	case spec.Reverse:
		r.lo, r.hi, r.empty = key, spec.Hi, false
	default:
		r.lo, r.hi, r.empty = spec.Lo, successor(key), false
	}
}

// exhaust notes that a scan has read the whole of its range.
func (r *readRange) exhaust(spec ScanSpec) {
	if r != nil {
		r.lo, r.hi, r.empty = spec.Lo, spec.Hi, false
	}
}

// coalesce returns the ranges sorted and merged where they touch.
func coalesce(reads []*readRange) []readRange {
	sorted := make([]readRange, 0, len(reads))
	for _, r := range reads {
		if !r.empty {
			sorted = append(sorted, *r)
		}
	}
	sort.Slice(sorted, func(i, j int) bool {
		a, b := &sorted[i], &sorted[j]
		return a.table < b.table || a.table == b.table && a.lo < b.lo
	})
	out := sorted[:0]
	for _, r := range sorted {
		if n := len(out); n > 0 && out[n-1].table == r.table && (out[n-1].hi == "" || r.lo <= out[n-1].hi) {
			if out[n-1].hi != "" && (r.hi == "" || r.hi > out[n-1].hi) {
				out[n-1].hi = r.hi
			}
			continue
		}
		out = append(out, r)
	}
	return out
}
