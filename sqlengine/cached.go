package sqlengine

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"sync/atomic"

	"github.com/s3sql/s3sql/catalog"
	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/internal/vec"
	"github.com/s3sql/s3sql/plugins/cache"
	"github.com/s3sql/s3sql/sqlengine/ast"
	"github.com/s3sql/s3sql/sqlengine/exec"
	"github.com/s3sql/s3sql/sqlengine/plan"
	"github.com/s3sql/s3sql/storage/table"
)

// use is how a query uses a cache.
type use struct {
	c        *resultCache
	key      string
	versions []cache.Version
	shared   bool // the result may leave the memory of the process: it holds no value of an ENCRYPTED column
	wanted   bool // it is kept whatever min_hits says
}

// cacheUse returns how a query uses a cache; nil: it uses none.
func (r *run) cacheUse(q ast.Query, p *plan.Plan, tx *table.Tx) *use {
	if r.steering == nil || len(r.steering.caches) == 0 || r.s.unusual() || tx.TracksReads() {
		return nil
	}
	mode := ""
	if sel, ok := q.(*ast.Select); ok {
		mode = sel.Cache
	}
	tables, ok := p.Repeatable()
	if mode == "SQL_NO_CACHE" || !ok {
		return nil
	}
	u := &use{wanted: mode == "SQL_CACHE" || r.warming != nil, shared: true}
	for _, c := range r.steering.caches {
		if r.warming != nil && c != r.warming || r.warming == nil && mode == "" && !c.covers(tables) {
			continue
		}
		u.c = c
		break
	}
	if u.c == nil {
		return nil
	}
	for _, t := range tables {
		u.shared = u.shared && !t.HasEncrypted()
	}
	if u.versions, ok = r.versions(p, tx, u.c.partition); !ok {
		return nil
	}
	u.key = r.cacheKey(r.sql)
	return u
}

// versions returns the state of what a plan reads; ok is false if the transaction has written to it.
func (r *run) versions(p *plan.Plan, tx *table.Tx, parts bool) (out []cache.Version, ok bool) {
	ids := append([]uint32{catalog.DescriptorTable}, p.RowsRead(r.execContext(tx, p.Slots).Expr, len(r.types), parts)...)
	for _, id := range ids {
		seq, ok := tx.ChangedAt(id)
		if !ok {
			return nil, false
		}
		out = append(out, cache.Version{ID: id, Seq: seq})
	}
	return out, true
}

// cacheKey returns the key of a text with the statement's arguments, under the settings of the session.
func (r *run) cacheKey(sql string) string {
	h := sha256.New()
	fmt.Fprintf(h, "s3sql result 1\x00%s\x00%s\x00%s\x00%v\x00%v", r.s.e.db.UUID(), sql, r.s.settings.sqlMode, r.s.settings.divByZero, r.types)
	row := []byte{}
	for i, v := range r.params {
		row = base.AppendField(row, uint32(i+1), v)
	}
	h.Write(row)
	for _, name := range slices.Sorted(maps.Keys(r.s.settings.other)) {
		fmt.Fprintf(h, "\x00%s=%s", name, r.s.settings.other[name])
	}
	return hex.EncodeToString(h.Sum(nil)[:20])
}

// cached answers a query from a cache, or runs it and keeps its result.
func (r *run) cached(u *use, p *plan.Plan, tx *table.Tx, done func(error) error) (*Result, error) {
	for {
		if e := u.c.Get(r.ctx, u.key, u.versions, u.shared); e != nil {
			if res, err := r.fromEntry(e, p, done); err == nil {
				return res, nil
			}
			u.c.Delete(r.ctx, u.key) // it is not what this version of s3sql writes
		}
		if !u.wanted && !u.c.Wanted(u.key) {
			return r.uncached(p, tx, done)
		}
		flight, leads := u.c.Begin(u.key, u.versions)
		if leads {
			res, e, err := r.fill(u, p, tx, done)
			flight.Finish(e)
			return res, err
		}
		e, err := flight.Wait(r.ctx)
		if err != nil {
			return nil, errors.Join(err, done(err))
		}
		if e == nil {
			return r.uncached(p, tx, done)
		}
		if res, err := r.fromEntry(e, p, done); err == nil {
			return res, nil
		}
	}
}

func (r *run) uncached(p *plan.Plan, tx *table.Tx, done func(error) error) (*Result, error) {
	op, err := r.open(p, tx)
	if err != nil {
		return nil, errors.Join(err, done(err))
	}
	return &Result{columns: p.Columns, op: op, done: done}, nil
}

// fill runs a query to its end, as far as its result may be kept, and keeps it. The entry is nil if it was not kept.
func (r *run) fill(u *use, p *plan.Plan, tx *table.Tx, done func(error) error) (*Result, *cache.Entry, error) {
	before := r.stats(0)
	warnings := r.s.warningCount
	r.varied = new(atomic.Bool)
	op, err := r.open(p, tx)
	if err != nil {
		return nil, nil, errors.Join(err, done(err))
	}
	var rows [][]base.Value
	var enc []byte
	for {
		b, err := op.Next()
		if err != nil {
			return nil, nil, errors.Join(err, op.Close(), done(err))
		}
		if b == nil {
			break
		}
		at := len(rows)
		rows = exec.AppendRows(rows, b)
		for _, row := range rows[at:] {
			enc = appendRow(enc, row)
		}
		if int64(len(enc)) > max(4*u.c.MaxResult(), 1<<16) { // compressed, it may still fit
			return &Result{columns: p.Columns, op: &continued{head: exec.FromRows(p.Columns, rows), rest: op}, done: done}, nil, nil
		}
	}
	if err := op.Close(); err != nil {
		return nil, nil, errors.Join(err, done(err))
	}
	res := &Result{columns: p.Columns, op: exec.FromRows(p.Columns, rows), done: done}
	if r.varied.Load() || r.s.warningCount != warnings {
		return res, nil, nil
	}
	used, now := r.stats(0), r.s.e.now()
	e := &cache.Entry{Statement: r.st.what.text, Versions: u.versions, Created: now.UTC().Truncate(1000), Columns: len(p.Columns), Rows: enc,
		Requests: used.Requests - before.Requests, NanoUSD: int64(math.Round((used.CostUSD - before.CostUSD) * 1e9))}
	if ttl := u.c.TTL(); ttl > 0 {
		e.Expires = e.Created.Add(ttl)
	}
	u.c.Put(r.ctx, u.key, e, u.shared)
	return res, e, nil
}

// fromEntry makes a result of an entry.
func (r *run) fromEntry(e *cache.Entry, p *plan.Plan, done func(error) error) (*Result, error) {
	rows, err := decodeRows(e, len(p.Columns))
	if err != nil {
		return nil, err
	}
	return &Result{columns: p.Columns, op: exec.FromRows(p.Columns, rows), done: done}, nil
}

// appendRow adds a row: its length, and a field as rows are stored for each column that is not NULL, numbered from 1.
func appendRow(dst []byte, row []base.Value) []byte {
	var fields []byte
	for i, v := range row {
		if !v.IsNull() {
			fields = base.AppendField(fields, uint32(i+1), v)
		}
	}
	dst = binary.AppendUvarint(dst, uint64(len(fields)))
	return append(dst, fields...)
}

var errEntry = errors.New("the rows of a cached result do not decode")

// decodeRows is the inverse of appendRow for all rows of an entry.
func decodeRows(e *cache.Entry, width int) (rows [][]base.Value, err error) {
	if e.Columns != width {
		return nil, errEntry
	}
	for rest := e.Rows; len(rest) > 0; {
		n, size := binary.Uvarint(rest)
		if size <= 0 || n > uint64(len(rest)-size) {
			return nil, errEntry
		}
		row := make([]base.Value, width)
		f := base.NewRowReader(string(rest[size : size+int(n)]))
		for id, v, ok := f.Next(); ok; id, v, ok = f.Next() {
			if id == 0 || id > uint32(width) {
				return nil, errEntry
			}
			row[id-1] = v
		}
		if f.Err() != nil {
			return nil, errEntry
		}
		rows, rest = append(rows, row), rest[size+int(n):]
	}
	return rows, nil
}

// continued is rows that have been read, and then those that are left.
type continued struct {
	head, rest exec.Operator
	past       bool
}

func (c *continued) Open() error { return nil }

func (c *continued) Next() (*vec.Batch, error) {
	if !c.past {
		b, err := c.head.Next()
		if b != nil || err != nil {
			return b, err
		}
		c.past = true
	}
	return c.rest.Next()
}

func (c *continued) Close() error { return c.rest.Close() }
