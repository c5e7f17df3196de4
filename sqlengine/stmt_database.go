package sqlengine

import (
	"context"
	"strings"

	"github.com/s3sql/s3sql/catalog"
	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/internal/collation"
	"github.com/s3sql/s3sql/internal/errno"
	"github.com/s3sql/s3sql/sqlengine/ast"
	"github.com/s3sql/s3sql/sqlengine/infoschema"
	"github.com/s3sql/s3sql/storage/table"
)

// createDatabase is CREATE DATABASE: there is one, which the DSN names.
func (r *run) createDatabase(n *ast.CreateDatabase) (*Result, error) {
	if n.Alter {
		return r.write(func(tx *table.Tx) (*Result, error) { return r.alterDatabase(n, tx) })
	}
	if strings.EqualFold(n.Name, r.s.e.cfg.Database) {
		if n.IfNotExists {
			return &Result{AffectedRows: 1}, nil
		}
		return nil, base.Errorf(errno.DBCreateExists, "Can't create database '%s'; database exists", n.Name)
	}
	return nil, base.Errorf(errno.NotSupported, "CREATE DATABASE is not supported: open a DSN with create=true")
}

// alterDatabase sets the collation of new tables that name none. Those that are there keep theirs.
func (r *run) alterDatabase(n *ast.CreateDatabase, tx *table.Tx) (*Result, error) {
	switch {
	case n.Name != "" && !strings.EqualFold(n.Name, r.s.e.cfg.Database):
		return nil, base.Errorf(errno.BadDB, "Unknown database '%s'", n.Name)
	case n.ReadOnly:
		return nil, base.Errorf(errno.NotSupported, "ALTER DATABASE … READ ONLY = 1 is not supported: open the database with a DSN that says so")
	case n.Encryption != "" && !strings.EqualFold(n.Encryption, "N"):
		return nil, base.Errorf(errno.NotSupported, "ALTER DATABASE … ENCRYPTION = '%s' is not supported", n.Encryption)
	}
	name, err := databaseCollation(n)
	if err == nil && name != "" {
		err = catalog.SetCollation(tx, name)
	}
	if err != nil {
		return nil, err
	}
	return &Result{AffectedRows: 1}, nil
}

// databaseCollation returns the collation that the options of an ALTER DATABASE ask for, "" if they do not. Errors: 1115, 1273, 1253.
func databaseCollation(n *ast.CreateDatabase) (string, error) {
	set := n.Charset
	if set == "utf8" {
		set = "utf8mb3"
	}
	of := infoschema.DefaultCollation(set)
	switch {
	case set == "default": // the server's
		set, of = "", catalog.DefaultCollation
	case set != "" && of == "":
		return "", base.Errorf(errno.UnknownCharset, "Unknown character set: '%s'", set)
	}
	if n.Collation == "" {
		return of, nil
	}
	c := collation.Lookup(n.Collation)
	switch {
	case c == nil:
		return "", base.Errorf(errno.UnknownCollation, "Unknown collation: '%s'", n.Collation)
	case set != "" && c.Charset != set:
		return "", base.Errorf(errno.CollationCharset, "COLLATION '%s' is not valid for CHARACTER SET '%s'", n.Collation, set)
	}
	return c.Name, nil // utf8_bin is called utf8mb3_bin
}

// defaultCollation gives a new table the collation of the database, unless its options name one or a character set.
func (r *run) defaultCollation(t *catalog.Table, options []ast.Option, tx *table.Tx) error {
	for i := range options {
		if o := &options[i]; o.Name == "collate" || o.Name == "charset" && !strings.EqualFold(optionText(o), "default") {
			return nil
		}
	}
	name, err := r.s.e.collationIn(r.ctx, tx)
	if err != nil {
		return err
	}
	catalog.DependOnDatabase(tx)
	if t.Collation = ""; name != catalog.DefaultCollation {
		t.Collation = name
	}
	return nil
}

func (e *Engine) collationIn(ctx context.Context, tx *table.Tx) (string, error) {
	cat, err := e.catalog.Load(ctx, tx)
	if err != nil {
		return "", err
	}
	return cat.Collation(), nil
}

// collationDatabase is the variable collation_database: what SET left, or the collation of the database as this process knows it,
// without asking the store.
func collationDatabase(s *Session) string {
	if text, ok := s.settings.other["collation_database"]; ok {
		return text
	}
	ctx, tx := context.Background(), s.tx
	if tx == nil {
		var err error
		if tx, err = s.e.db.Begin(ctx, table.TxOptions{ReadOnly: true, Fresh: table.None}); err != nil {
			return catalog.DefaultCollation // the database is closed: whatever comes of the variable meets the error
		}
		defer tx.Rollback()
	}
	name, err := s.e.collationIn(ctx, tx)
	if err != nil {
		return catalog.DefaultCollation // as above: nothing can be planned
	}
	return name
}

// charsetDatabase is the variable character_set_database.
func charsetDatabase(s *Session) string {
	if text, ok := s.settings.other["character_set_database"]; ok {
		return text
	}
	return infoschema.CharsetOf(collationDatabase(s))
}
