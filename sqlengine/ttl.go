package sqlengine

import (
	"errors"

	"github.com/s3sql/s3sql/catalog"
	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/internal/errno"
	"github.com/s3sql/s3sql/sqlengine/expr"
	"github.com/s3sql/s3sql/sqlengine/plan"
)

// checkTTL checks that the ttl of a table, if it has one, is a time that the columns of a row alone give.
//
// Errors: 1054 unknown column, 1210.
func (r *run) checkTTL(t *catalog.Table) error {
	if t.TTL == "" {
		return nil
	}
	e, err := r.rowText(t, t.TTL, "ttl")
	if errors.Is(err, plan.ErrSubquery) {
		return badTTL(t, "contains a query")
	}
	if err != nil {
		return err
	}
	if name, yes := expr.OutsideRow(e); yes {
		return badTTL(t, "contains '"+name+"', which is not a matter of the row")
	}
	cols := plan.RowColumns(e)
	for i := range cols {
		if t.Columns[i].Encrypted != "" {
			return badTTL(t, "reads column '"+t.Columns[i].Name+"', which is encrypted")
		}
	}
	switch class := e.Type().Class(); {
	case class != base.Date && class != base.DateTime:
		return badTTL(t, "is no DATE, DATETIME or TIMESTAMP")
	case len(cols) == 0:
		return badTTL(t, "reads no column")
	}
	return nil
}

func badTTL(t *catalog.Table, why string) error {
	return base.Errorf(errno.WrongArguments, "the ttl of table '%s' %s: it says when a row expires, as in ttl = 'created + INTERVAL 30 DAY'", t.Name, why)
}

func temporaryTTL() error {
	return base.Errorf(errno.WrongArguments, "a TEMPORARY table has no ttl: it goes with its session")
}

// agingParent refuses a foreign key to a table whose rows expire: its children would lose their parents without a statement.
func agingParent(k *catalog.ForeignKey, parent string) error {
	return base.Errorf(errno.WrongArguments, "table '%s' has a ttl, so that foreign key '%s' cannot reference it: its rows go by themselves", parent, k.Name)
}
