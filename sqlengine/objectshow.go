package sqlengine

import (
	"strings"
	"time"

	"github.com/s3sql/s3sql/catalog"
	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/internal/errno"
	"github.com/s3sql/s3sql/internal/suggest"
	"github.com/s3sql/s3sql/sqlengine/ast"
	"github.com/s3sql/s3sql/sqlengine/plan"
	"github.com/s3sql/s3sql/storage/table"
)

func noSuchTable(cat *catalog.Catalog, database, name string) error {
	return plan.NoSuchTable(cat, database, name)
}

func noObject(cat *catalog.Catalog, kind, name string) error {
	var names []string
	for _, o := range cat.Objects(kind) {
		names = append(names, o.Name)
	}
	hint := ""
	if near := suggest.Nearest(name, names); near != "" {
		hint = "; did you mean '" + near + "'?"
	}
	return base.Errorf(errno.NoSuchObject, "there is no %s '%s'%s", strings.ToLower(kind), name, hint)
}

// showObjects is SHOW CACHES and its like.
func (r *run) showObjects(n *ast.Show, tx *table.Tx) (*listing, error) {
	if _, err := r.s.e.kindOf(n.From); err != nil {
		return nil, err
	}
	cat, err := r.s.e.catalog.Load(r.ctx, tx)
	if err != nil {
		return nil, err
	}
	l := &listing{cols: columns("Name", "State", "Definition", "Created")}
	l.cols[3].Type = base.Type{ID: base.TypeDateTime}
	for _, o := range cat.Objects(n.From) {
		state := "active"
		if o.Paused {
			state = "paused"
		}
		created := time.UnixMicro(o.CreatedMicros).Truncate(time.Second)
		l.rows = append(l.rows, append(texts(o.Name, state, catalog.CreateObjectSQL(o)), base.NewDateTime(created.UnixMicro())))
	}
	return l, nil
}

func (r *run) showCreateObject(n *ast.Show, tx *table.Tx) (*listing, error) {
	_, o, err := r.object(n.From, n.Table.Name, tx)
	if err != nil {
		return nil, err
	}
	title := n.From[:1] + strings.ToLower(n.From[1:])
	return &listing{cols: columns(title, "Create "+title), rows: [][]base.Value{texts(o.Name, catalog.CreateObjectSQL(o))}}, nil
}
