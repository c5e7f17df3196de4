package system

import (
	"encoding/json"

	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/sqlengine/event"
	"github.com/s3sql/s3sql/sqlengine/expr"
	"github.com/s3sql/s3sql/sqlengine/expr/convert"
	"github.com/s3sql/s3sql/sqlengine/plan"
)

// eventRows makes the rows of system.events.
type eventRows func() []event.Record

// Rows describes the events.
func (f eventRows) Rows(*expr.Context) (out [][]base.Value, err error) {
	for _, r := range f() {
		b, err := json.Marshal(r.Event)
		if err != nil {
			return nil, err
		}
		detail, jerr := convert.NormalizeJSON(string(b))
		if jerr != nil {
			detail = string(b)
		}
		table := base.Value{}
		if name := r.Event.Table(); name != "" {
			table = base.NewString(name)
		}
		out = append(out, []base.Value{base.NewDateTime(r.At.UnixMicro()), base.NewString(r.Event.Type()), table, base.NewJSON(detail)})
	}
	return out, nil
}

// Events is system.events: the last events of this process.
func Events(recent func() []event.Record) *plan.VirtualTable {
	return &plan.VirtualTable{Schema: Schema, Name: "events", Source: eventRows(recent), Columns: []plan.Column{column("at", base.TypeDateTime),
		column("type", base.TypeVarchar), optional(column("table_name", base.TypeVarchar)), column("detail", base.TypeJSON)}}
}
