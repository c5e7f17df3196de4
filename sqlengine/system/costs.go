package system

import (
	"math"
	"time"

	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/sqlengine/expr"
	"github.com/s3sql/s3sql/sqlengine/plan"
	"github.com/s3sql/s3sql/storage/object"
)

// Schema is the database that holds the system tables.
const Schema = "system"

// usdScale is the number of decimals of amounts: a GET costs 0.0000004 USD.
const usdScale = 10

func usd(v float64) base.Value {
	return base.NewDecimal(base.Int128From(int64(math.Round(v*1e10))), usdScale)
}

func column(name string, t base.TypeID) plan.Column {
	c := plan.Column{Name: name, Type: base.Type{ID: t}}
	switch t {
	case base.TypeVarchar:
		c.Type.Length = 255
	case base.TypeDateTime:
		c.Type.Scale = 6
	case base.TypeDecimal: // amounts of USD
		c.Type.Precision, c.Type.Scale = 20, usdScale
	}
	return c
}

// rows adapts a function to plan.RowSource.
type rows func() [][]base.Value

// Rows calls the function.
func (f rows) Rows(*expr.Context) ([][]base.Value, error) { return f(), nil }

// Costs is system.costs: what the requests of this process cost, by command.
func Costs(usage func() object.Snapshot, p Prices) *plan.VirtualTable {
	return &plan.VirtualTable{Schema: Schema, Name: "costs", Columns: []plan.Column{
		column("command", base.TypeVarchar), column("operation", base.TypeVarchar), column("requests", base.TypeBigInt),
		column("bytes_in", base.TypeBigInt), column("bytes_out", base.TypeBigInt), column("price_per_1000", base.TypeDecimal),
		column("cost_usd", base.TypeDecimal),
	}, Source: rows(func() [][]base.Value {
		var out [][]base.Value
		for c, u := range usage().All() {
			price := p.PerThousand(c)
			out = append(out, []base.Value{base.NewString(c.String()), base.NewString(Operation(c)), base.NewInt(u.Requests),
				base.NewInt(u.Received), base.NewInt(u.Sent), usd(price), usd(price * float64(u.Requests) / 1000)})
		}
		return out
	})}
}

// CostTotals is system.cost_totals: the sum of system.costs in one row. Storage is what the database keeps in the store:
// unknown here, so NULL.
func CostTotals(usage func() object.Snapshot, p Prices, since time.Time) *plan.VirtualTable {
	cols := []plan.Column{column("requests", base.TypeBigInt), column("put", base.TypeBigInt), column("get", base.TypeBigInt),
		column("head", base.TypeBigInt), column("delete", base.TypeBigInt), column("list", base.TypeBigInt),
		column("bytes_in", base.TypeBigInt), column("bytes_out", base.TypeBigInt), column("request_usd", base.TypeDecimal),
		column("transfer_usd", base.TypeDecimal), column("storage_bytes", base.TypeBigInt),
		column("storage_usd_month", base.TypeDecimal), column("total_usd", base.TypeDecimal), column("since", base.TypeDateTime)}
	cols[10].Nullable, cols[11].Nullable = true, true
	return &plan.VirtualTable{Schema: Schema, Name: "cost_totals", Columns: cols, Source: rows(func() [][]base.Value {
		now := usage()
		total, byOp := now.Total(), map[string]int64{}
		for c, u := range now.All() {
			byOp[Operation(c)] += u.Requests
		}
		spent := usd(p.Cost(now))
		return [][]base.Value{{base.NewInt(total.Requests), base.NewInt(byOp["put"]), base.NewInt(byOp["get"]), base.NewInt(byOp["head"]),
			base.NewInt(byOp["delete"]), base.NewInt(byOp["list"]), base.NewInt(total.Received), base.NewInt(total.Sent), spent, usd(0),
			{}, {}, spent, base.NewDateTime(since.UnixMicro())}}
	})}
}
