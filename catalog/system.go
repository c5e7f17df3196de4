package catalog

import "strings"

// SystemTable returns the stored table of the schema system with a name, compared without case; nil if there is none.
func (c *Catalog) SystemTable(name string) *Table {
	if c == nil {
		return nil
	}
	return c.system[strings.ToLower(name)]
}

// SystemTables returns the stored tables of the schema system, in no order.
func (c *Catalog) SystemTables() []*Table {
	out := make([]*Table, 0, len(c.system))
	for _, t := range c.system {
		out = append(out, t)
	}
	return out
}
