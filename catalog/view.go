package catalog

import (
	"encoding/json"
	"strings"

	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/internal/errno"
	"github.com/s3sql/s3sql/storage/table"
)

// View describes a view: a query under a name.
type View struct {
	ID            uint32   `json:"id"`
	Version       uint32   `json:"version"`
	Name          string   `json:"name"`
	Columns       []string `json:"columns"`          // names of the columns it shows
	Listed        bool     `json:"listed,omitempty"` // the names were written as a list
	SQL           string   `json:"sql"`              // the query, its * replaced by the columns there were
	Algorithm     string   `json:"algorithm,omitempty"`
	Definer       string   `json:"definer,omitempty"`
	Security      string   `json:"security,omitempty"`     // INVOKER; "" DEFINER
	CheckOption   string   `json:"check_option,omitempty"` // CASCADED, LOCAL; "" none
	Updatable     bool     `json:"updatable,omitempty"`
	CreatedMicros int64    `json:"created_us,omitempty"`
}

// View returns the view called name, compared without case; nil if there is none.
func (c *Catalog) View(name string) *View {
	if c == nil || len(c.views) == 0 {
		return nil
	}
	return c.views[strings.ToLower(name)]
}

// Views returns all views in no particular order.
func (c *Catalog) Views() []*View {
	out := make([]*View, 0, len(c.views))
	for _, v := range c.views {
		out = append(out, v)
	}
	return out
}

// Taken reports whether a table or a view has the name.
func (c *Catalog) Taken(name string) bool { return c.Table(name) != nil || c.View(name) != nil }

// CreateView stores a view, in the place of old if that is not nil. It assigns the id.
//
// Errors: 1050 the name is taken, 1059, 1103; those of tx.
func CreateView(tx *table.Tx, old, v *View) error {
	if err := CheckTableName(v.Name); err != nil {
		return err
	}
	if old != nil {
		v.ID, v.Version = old.ID, old.Version+1
	} else {
		if err := free(tx, v.Name); err != nil {
			return err
		}
		first, err := tx.NextAutoInc(DescriptorTable, 1)
		if err != nil {
			return err
		}
		v.ID, v.Version = uint32(first)+FirstID-1, 1
	}
	row, err := encodeView(v)
	if err != nil {
		return err
	}
	if err := tx.Put(DescriptorTable, DescriptorKey(v.ID), row); err != nil {
		return err
	}
	return putName(tx, v.Name, v.ID)
}

// DropView removes a view.
func DropView(tx *table.Tx, v *View) error {
	if err := tx.Delete(DescriptorTable, DescriptorKey(v.ID)); err != nil {
		return err
	}
	return tx.Delete(NameTable, nameKey(v.Name))
}

// RenameView gives a view another name.
//
// Errors: as CreateView.
func RenameView(tx *table.Tx, v *View, name string) error {
	renamed := *v
	renamed.Name = name
	if !strings.EqualFold(v.Name, name) {
		if err := free(tx, name); err != nil {
			return err
		}
		if err := tx.Delete(NameTable, nameKey(v.Name)); err != nil {
			return err
		}
	}
	return CreateView(tx, v, &renamed)
}

func encodeView(v *View) (string, error) {
	b, err := json.Marshal(document{Format: plainFormat, Kind: "view", View: v})
	if err != nil {
		return "", base.Errorf(errno.Unknown, "the descriptor of view %s: %v", v.Name, err)
	}
	return string(base.AppendField(nil, 1, base.NewBytes(string(b)))), nil
}

// CreateViewSQL writes the statement that makes v, as SHOW CREATE VIEW does.
func CreateViewSQL(v *View) string {
	algorithm, security := v.Algorithm, v.Security
	if algorithm == "" {
		algorithm = "UNDEFINED"
	}
	if security == "" {
		security = "DEFINER"
	}
	user, host, ok := strings.Cut(v.Definer, "@")
	if !ok {
		host = "%"
	}
	s := "CREATE ALGORITHM=" + algorithm + " DEFINER=" + QuoteName(user) + "@" + QuoteName(host) + " SQL SECURITY " + security + " VIEW " +
		QuoteName(v.Name)
	if v.Listed {
		names := make([]string, len(v.Columns))
		for i, c := range v.Columns {
			names[i] = QuoteName(c)
		}
		s += " (" + strings.Join(names, ",") + ")"
	}
	s += " AS " + v.SQL
	if v.CheckOption != "" {
		s += " WITH " + v.CheckOption + " CHECK OPTION"
	}
	return s
}
