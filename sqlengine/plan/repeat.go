package plan

import (
	"slices"

	"github.com/s3sql/s3sql/catalog"
	"github.com/s3sql/s3sql/sqlengine/expr"
)

// Tables returns the stored tables that the plan reads; one may be there more than once.
func (p *Plan) Tables() []*catalog.Table { return p.reads }

// Repeatable reports whether a plan yields the same rows whenever the tables that it reads and its arguments are the same, and returns
// those tables; one may be there more than once.
func (p *Plan) Repeatable() (tables []*catalog.Table, ok bool) {
	if p.varies || len(p.reads) == 0 {
		return nil, false
	}
	for _, t := range p.reads {
		if t.TTL != "" || t.Temporary || t.System {
			return nil, false
		}
	}
	return p.reads, !anyNode(p.Root, func(n Node) bool {
		switch n := n.(type) {
		case *Scan:
			return n.Lock
		case *Virtual, *TableFunc:
			return true
		}
		return false
	})
}

// RowsRead returns the ids of the tables of rows that a plan may read; with parts, of tables with partitions only those that the
// conditions leave. params is the number of arguments that are known.
func (p *Plan) RowsRead(ctx *expr.Context, params int, parts bool) []uint32 {
	var scans []*Scan
	if parts {
		anyNode(p.Root, func(n Node) bool {
			if s, ok := n.(*Scan); ok && !slices.Contains(scans, s) {
				scans = append(scans, s)
			}
			return false
		})
	}
	var ids []uint32
	if len(scans) != len(p.reads) { // not all are in sight: what conditions leave of the others is not known
		for _, t := range p.reads {
			ids = append(ids, t.RowTables()...)
		}
	} else {
		for _, s := range scans {
			if s.Parts == nil {
				ids = append(ids, s.Table.RowTables()...)
				continue
			}
			for _, i := range s.Parts.read(ctx, params) {
				ids = append(ids, s.Table.Partitioning.Parts[i].ID)
			}
		}
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}
