package sqlengine

import (
	"strings"
	"sync"
	"sync/atomic"

	"github.com/s3sql/s3sql/catalog"
	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/sqlengine/ast"
	"github.com/s3sql/s3sql/sqlengine/parse"
	"github.com/s3sql/s3sql/sqlengine/plan"
	"github.com/s3sql/s3sql/storage/table"
)

// statement is a parsed statement with the plans made for it. It is shared by sessions.
type statement struct {
	stmt  ast.Statement
	names []string // of the placeholders, in order; "" for a positional one
	what  described

	readsTables atomic.Bool // known to read tables of the database

	mu struct {
		sync.Mutex
		version any         // of the catalog that the plan was made for
		types   []base.Type // of the arguments
		query   *plan.Plan
		change  *plan.Mutation
	}
}

// The cache keeps this many statements of at most this many bytes. Beyond, it starts afresh: simpler than a list of
// recency and as good for programs, which send few distinct texts.
const (
	maxStatements     = 2048
	maxStatementBytes = 16 << 10
)

// statementCache maps the text of a statement to its parse and plan.
type statementCache struct {
	mu struct {
		sync.RWMutex
		m map[string]*statement
	}
}

// parsed returns the parse of sql, from the cache if it is there.
func (e *Engine) parsed(sql string) (*statement, error) {
	c := &e.statements
	c.mu.RLock()
	st := c.mu.m[sql]
	c.mu.RUnlock()
	if st != nil {
		return st, nil
	}
	p, err := parse.Parse(sql)
	if err != nil {
		return nil, err
	}
	st = &statement{stmt: p.Stmt, names: p.ParamNames, what: e.describe(p.Stmt, sql)}
	if len(sql) > maxStatementBytes {
		return st, nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.mu.m == nil || len(c.mu.m) >= maxStatements {
		c.mu.m = make(map[string]*statement)
	}
	c.mu.m[strings.Clone(sql)] = st
	return st, nil
}

func (e *Engine) parseExpr(sql string) (ast.Expr, error) { return parse.Expr(sql) }

// unusual reports whether the session plans statements in a way of its own, so that no plan is shared with others.
func (s *Session) unusual() bool { return s.plain || s.owner || s.settings.invisible }

// planQuery returns the plan of a query, the cached one if it was made for this catalog and these argument types.
func (r *run) planQuery(st *statement, q ast.Query, tx *table.Tx) (*plan.Plan, error) {
	version := r.catalogVersion(tx)
	st.mu.Lock()
	p, ok := st.mu.query, st.mu.version == version && sameTypes(st.mu.types, r.types)
	st.mu.Unlock()
	if p != nil && ok && !r.s.unusual() && p.Sizes.Hold(r.rowCount(tx)) {
		return p, nil
	}
	env, err := r.env(tx)
	if err != nil {
		return nil, err
	}
	if p, err = plan.Query(env, q); err != nil || !p.Cached || r.s.unusual() {
		return p, err
	}
	st.mu.Lock()
	defer st.mu.Unlock()
	st.mu.version, st.mu.types, st.mu.query = version, r.types, p
	return p, nil
}

// planMutation is planQuery for INSERT, UPDATE and DELETE.
func (r *run) planMutation(st *statement, tx *table.Tx) (*plan.Mutation, error) {
	version := r.catalogVersion(tx)
	st.mu.Lock()
	m, ok := st.mu.change, st.mu.version == version && sameTypes(st.mu.types, r.types)
	st.mu.Unlock()
	if m != nil && ok && !r.s.unusual() && m.Sizes.Hold(r.rowCount(tx)) {
		return m, nil
	}
	env, err := r.env(tx)
	if err != nil {
		return nil, err
	}
	if m, err = plan.Mutate(env, st.stmt); err != nil || !m.Cached || r.s.unusual() {
		return m, err
	}
	st.mu.Lock()
	defer st.mu.Unlock()
	st.mu.version, st.mu.types, st.mu.change = version, r.types, m
	return m, nil
}

// rowCount estimates the rows of tables by id. One with partitions has its rows under the ids of those.
func (r *run) rowCount(tx *table.Tx) func(uint32) float64 {
	return func(id uint32) float64 {
		n := tx.RowCount(id)
		if n > 0 {
			return float64(n)
		}
		if cat, err := r.catalog(tx); err == nil { // without a catalog nothing else of the statement works
			if t := cat.ByID(id); t != nil && t.Partitioning != nil {
				return estimatedRows(tx, t)
			}
		}
		return float64(n)
	}
}

// knownParts is how many partitions estimates look at.
const knownParts = 16

// spreadParts returns the ids of at most knownParts partitions of a table, evenly spread, or its own id.
func spreadParts(t *catalog.Table) []uint32 {
	if t.Partitioning == nil {
		return []uint32{t.ID}
	}
	parts := t.Partitioning.Parts
	ids := make([]uint32, 0, knownParts)
	for i := 0; i < len(parts); i += (len(parts) + knownParts - 1) / knownParts {
		ids = append(ids, parts[i].ID)
	}
	return ids
}

// estimatedRows estimates the rows of a table with partitions: it is asked before each execution.
func estimatedRows(tx *table.Tx, t *catalog.Table) float64 {
	n := 0
	ids := spreadParts(t)
	for _, id := range ids {
		n += tx.RowCount(id)
	}
	return float64(n) * float64(len(t.Partitioning.Parts)) / float64(len(ids))
}

// tableRows counts the rows of a table, those of its partitions together.
func tableRows(tx *table.Tx, t *catalog.Table) (n int) {
	for _, id := range t.RowTables() {
		n += tx.RowCount(id)
	}
	return n
}

func sameTypes(a, b []base.Type) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i].ID != b[i].ID || a[i].Unsigned != b[i].Unsigned || a[i].Scale != b[i].Scale || a[i].Precision < b[i].Precision {
			return false
		}
	}
	return true
}

// split cuts a text into statements; a text of one statement is not scanned twice.
func split(sql string) ([]string, error) {
	i := strings.IndexByte(sql, ';')
	if i < 0 || strings.TrimSpace(sql[i+1:]) == "" {
		return []string{sql}, nil
	}
	var out []string
	for text := range parse.Split(sql) {
		out = append(out, text)
	}
	if len(out) == 0 {
		return []string{sql}, nil
	}
	return out, nil
}
