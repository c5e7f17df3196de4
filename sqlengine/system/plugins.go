package system

import (
	"cmp"
	"slices"

	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/sqlengine/plan"
)

// Plugin is a row of system.plugins.
type Plugin struct {
	Name, Version, Kind, State string
	Options, Error             string // "": NULL
}

type pluginSource interface {
	Plugins() []Plugin
}

// Plugins is system.plugins: what extends the database in this process, and how it is.
func Plugins() *plan.VirtualTable {
	return &plan.VirtualTable{Schema: Schema, Name: "plugins", Columns: columnsOf("name", "s", "version", "s", "kind", "s", "state", "s", "options", "J", "error", "X"),
		Source: sourced(func(src pluginSource) (out [][]base.Value, err error) {
			list := src.Plugins()
			slices.SortFunc(list, func(a, b Plugin) int { return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Name, b.Name)) })
			for _, p := range list {
				options := base.Value{}
				if p.Options != "" {
					options = base.NewJSON(p.Options)
				}
				out = append(out, []base.Value{base.NewString(p.Name), base.NewString(p.Version), base.NewString(p.Kind), base.NewString(p.State), options, textOrNull(p.Error)})
			}
			return out, nil
		})}
}
