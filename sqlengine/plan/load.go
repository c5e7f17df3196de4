package plan

import (
	"strings"

	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/internal/errno"
	"github.com/s3sql/s3sql/sqlengine/ast"
)

// Load reads rows of a table from a file.
type Load struct {
	Insert *Insert // its Target are the columns that fields and SET give values to
	File   string
	Format ast.LoadFormat
	Skip   int
	Latin1 bool // the file is in latin1, not in UTF-8
	Fields []LoadField
	Set    []Assignment // over the columns of the table
}

// LoadFormat is how lines and fields are found.
type LoadFormat = ast.LoadFormat

// LoadField is where a field of a line goes.
type LoadField struct {
	Value    int // position in Insert.Target; -1: a variable
	Variable string
}

// load plans LOAD DATA LOCAL.
func (p *planner) load(s *ast.LoadData) (*Load, error) {
	var names []string
	for _, f := range s.Fields {
		if !f.Variable {
			names = append(names, f.Name)
		}
	}
	for _, it := range s.Set {
		names = append(names, it.Column.Name)
	}
	w, err := p.inserted(s.Table, names, "LOAD")
	if err != nil {
		return nil, err
	}
	n := &Load{File: s.File, Format: s.Format, Skip: s.Skip, Insert: p.insertInto(w)}
	if !s.Strict {
		n.Insert.Mode, n.Insert.Ignore = DupIgnore, true
	}
	if s.Replace {
		n.Insert.Mode = DupReplace
	}
	if err := loadFormat(n, s); err != nil {
		return nil, err
	}
	if err := p.loadFields(n, w, s); err != nil {
		return nil, err
	}
	if err := p.targets.add(changed{w.table, w.alias, w.view, "LOAD"}); err != nil {
		return nil, err
	}
	b := &binder{p: p, scope: w.names, clause: "field list", defaultOf: w.defaultOf}
	defer p.loadVariables(n)()
	if n.Set, err = assignments(b, w, s.Set); err != nil {
		return nil, err
	}
	for _, a := range n.Set {
		n.target(a.Column)
	}
	p.volatile = true
	return n, nil
}

// target returns the position of a column among the targets, and makes it one.
func (n *Load) target(column int) int {
	for j, i := range n.Insert.Target {
		if i == column {
			return j
		}
	}
	n.Insert.Target = append(n.Insert.Target, column)
	return len(n.Insert.Target) - 1
}

func loadFormat(n *Load, s *ast.LoadData) error {
	switch f := s.Format; {
	case len(f.Enclosed) > 1, len(f.Escaped) > 1:
		return base.Errorf(errno.WrongFieldTerms, "Field separator argument is not what is expected; check the manual")
	case f.FieldEnd == "" && f.Enclosed == "":
		return base.Errorf(errno.NotSupported, "LOAD DATA of fields of fixed width (FIELDS TERMINATED BY '' ENCLOSED BY '') is not supported")
	case f.FieldEnd == "" && f.LineEnd == "":
		return base.Errorf(errno.NotSupported, "LOAD DATA with FIELDS TERMINATED BY '' and LINES TERMINATED BY '' is not supported")
	}
	switch s.Charset {
	case "", "utf8mb4", "utf8", "utf8mb3", "ascii", "binary":
	case "latin1":
		n.Latin1 = true
	default:
		return base.Errorf(errno.UnknownCharset, "Unknown character set: '%s'", s.Charset)
	}
	return nil
}

func (p *planner) loadFields(n *Load, w *written, s *ast.LoadData) error {
	if len(s.Fields) == 0 {
		all, err := w.targets(nil)
		if err != nil {
			return err
		}
		for _, i := range all {
			n.Fields = append(n.Fields, LoadField{Value: n.target(i)})
		}
		return nil
	}
	for _, f := range s.Fields {
		if f.Variable {
			n.Fields = append(n.Fields, LoadField{Value: -1, Variable: strings.ToLower(f.Name)})
			continue
		}
		i, _, err := w.find(&ast.ColumnRef{Name: f.Name})
		if err != nil {
			return err
		}
		n.Fields = append(n.Fields, LoadField{Value: n.target(i)})
	}
	return nil
}

// loadVariables gives the variables that fields go to the type of a text until the returned function is called.
func (p *planner) loadVariables(n *Load) func() {
	saved := p.Var
	p.Var = func(name string, system bool) (base.Type, bool) {
		for _, f := range n.Fields {
			if !system && f.Value < 0 && strings.EqualFold(f.Variable, name) {
				return base.Type{ID: base.TypeLongText}, true
			}
		}
		return saved(name, system)
	}
	return func() { p.Var = saved }
}
