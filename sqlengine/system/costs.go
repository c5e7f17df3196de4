package system

import (
	"cmp"
	"math"
	"slices"
	"time"

	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/sqlengine/plan"
	"github.com/s3sql/s3sql/storage/object"
)

// Schema is the database that holds the system tables.
const Schema = "system"

// usdScale is the number of decimals of amounts: a GET costs 0.0000004 USD.
const usdScale = 10

// USD is an amount as the system tables show it.
func USD(v float64) base.Value { return usd(v) }

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

// Columns makes columns of pairs of a name and a letter for the type; see columnsOf.
func Columns(pairs ...string) []plan.Column { return columnsOf(pairs...) }

// columnsOf makes columns of pairs of a name and a letter for the type: s text, i whole number, f number, $ amount, t time, j JSON; in
// upper case they may be NULL.
func columnsOf(pairs ...string) []plan.Column {
	types := map[byte]base.TypeID{'s': base.TypeVarchar, 'i': base.TypeBigInt, 'f': base.TypeDouble, '$': base.TypeDecimal, 't': base.TypeDateTime,
		'j': base.TypeJSON, 'x': base.TypeText}
	out := make([]plan.Column, 0, len(pairs)/2)
	for i := 0; i < len(pairs); i += 2 {
		letter := pairs[i+1][0]
		c := column(pairs[i], types[letter|0x20])
		if letter == '$' {
			c = column(pairs[i], base.TypeDecimal)
		}
		c.Nullable = letter >= 'A' && letter <= 'Z'
		out = append(out, c)
	}
	return out
}

// StatementUsage is what the statements of a digest came to.
type StatementUsage struct {
	Digest, Sample string
	Calls          int64
	Used           object.Snapshot
}

// MinuteUsage is what the requests of a minute came to, of one operation for one table and plugin.
type MinuteUsage struct {
	Minute                   time.Time
	Table, Plugin, Operation string
	Requests, Sent, Received int64
}

// costSource is what the tables of costs ask of a session: expr.Context.Tables is one.
type costSource interface {
	SessionPrices() Prices
	Requests() (total object.Snapshot, since time.Time)
	StoredBytes() (int64, error)
	StatementUsage() []StatementUsage
	CostHistory() ([]MinuteUsage, error)
}

// Costs is system.costs: what the requests of this process cost, by command.
func Costs() *plan.VirtualTable {
	return &plan.VirtualTable{Schema: Schema, Name: "costs", Source: sourced(costRows), Columns: columnsOf("command", "s", "operation", "s",
		"requests", "i", "bytes_in", "i", "bytes_out", "i", "price_per_1000", "$", "cost_usd", "$")}
}

func costRows(src costSource) (out [][]base.Value, err error) {
	p := src.SessionPrices()
	total, _ := src.Requests()
	for c, u := range total.All() {
		price := p.PerThousand(c)
		out = append(out, []base.Value{base.NewString(c.String()), base.NewString(Operation(c)), base.NewInt(u.Requests),
			base.NewInt(u.Received), base.NewInt(u.Sent), usd(price), usd(price * float64(u.Requests) / 1000)})
	}
	return out, nil
}

// CostTotals is system.cost_totals: the sum of system.costs in one row, and what the segments of the database, as this process knows
// them, cost to keep.
func CostTotals() *plan.VirtualTable {
	return &plan.VirtualTable{Schema: Schema, Name: "cost_totals", Source: sourced(totalRows), Columns: columnsOf("requests", "i", "put", "i", "get", "i",
		"head", "i", "delete", "i", "list", "i", "bytes_in", "i", "bytes_out", "i", "request_usd", "$", "transfer_usd", "$", "storage_bytes", "i",
		"storage_usd_month", "$", "total_usd", "$", "since", "t")}
}

func totalRows(src costSource) ([][]base.Value, error) {
	stored, err := src.StoredBytes()
	if err != nil {
		return nil, err
	}
	p := src.SessionPrices()
	now, since := src.Requests()
	total, byOp := now.Total(), ByOperation(now)
	return [][]base.Value{{base.NewInt(total.Requests), base.NewInt(byOp["put"]), base.NewInt(byOp["get"]), base.NewInt(byOp["head"]),
		base.NewInt(byOp["delete"]), base.NewInt(byOp["list"]), base.NewInt(total.Received), base.NewInt(total.Sent), usd(p.Requests(now)),
		usd(p.Transfer(now)), base.NewInt(stored), usd(p.StorageMonth(stored)), usd(p.Cost(now)), base.NewDateTime(since.UnixMicro())}}, nil
}

// ByOperation counts requests by the class of their command.
func ByOperation(s object.Snapshot) map[string]int64 {
	byOp := map[string]int64{}
	for c, u := range s.All() {
		byOp[Operation(c)] += u.Requests
	}
	return byOp
}

// StatementCosts is system.statement_costs: what statements that differ in constants alone cost together, the dearest first. Requests
// that no statement caused, such as those of maintenance, are not in it.
func StatementCosts() *plan.VirtualTable {
	return &plan.VirtualTable{Schema: Schema, Name: "statement_costs", Source: sourced(statementRows), Columns: columnsOf("digest", "s", "sample", "x",
		"calls", "i", "requests", "i", "bytes", "i", "cost_usd", "$", "cost_per_call_usd", "$")}
}

func statementRows(src costSource) (out [][]base.Value, err error) {
	p, list := src.SessionPrices(), src.StatementUsage()
	slices.SortFunc(list, func(a, b StatementUsage) int {
		return cmp.Or(cmp.Compare(p.Cost(b.Used), p.Cost(a.Used)), cmp.Compare(b.Calls, a.Calls), cmp.Compare(a.Sample, b.Sample))
	})
	for _, s := range list {
		t, cost := s.Used.Total(), p.Cost(s.Used)
		out = append(out, []base.Value{base.NewString(s.Digest), base.NewString(s.Sample), base.NewInt(s.Calls), base.NewInt(t.Requests),
			base.NewInt(t.Sent + t.Received), usd(cost), usd(cost / float64(max(s.Calls, 1)))})
	}
	return out, nil
}

// CostHistory is system.cost_history: what each minute's requests cost, by table, plugin and operation; of this process's last day, and
// where they are stored, by METRICS, of all processes as long as that keeps them.
func CostHistory(stored bool) *plan.VirtualTable {
	return &plan.VirtualTable{Schema: Schema, Name: "cost_history", Current: stored, Source: sourced(historyRows), Columns: columnsOf("minute", "t", "table_name", "S",
		"plugin", "S", "operation", "s", "requests", "i", "bytes", "i", "cost_usd", "$")}
}

func historyRows(src costSource) (out [][]base.Value, err error) {
	p := src.SessionPrices()
	list, err := src.CostHistory()
	slices.SortFunc(list, func(a, b MinuteUsage) int {
		return cmp.Or(a.Minute.Compare(b.Minute), cmp.Compare(a.Table, b.Table), cmp.Compare(a.Plugin, b.Plugin), cmp.Compare(a.Operation, b.Operation))
	})
	for _, m := range list {
		out = append(out, []base.Value{base.NewDateTime(m.Minute.UnixMicro()), textOrNull(m.Table), textOrNull(m.Plugin), base.NewString(m.Operation),
			base.NewInt(m.Requests), base.NewInt(m.Sent + m.Received), usd(p.OfOperation(m.Operation, m.Requests, m.Sent, m.Received))})
	}
	return out, err
}

// OfOperation returns what requests of a class cost, with their bytes.
func (p Prices) OfOperation(operation string, requests, sent, received int64) float64 {
	price := 0.0
	if f, perGiB := p.field(operation); f != nil && !perGiB {
		price = *f
	}
	return float64(requests)*price/1000 + float64(sent)/gib*p.Upload + float64(received)/gib*p.Download
}

func textOrNull(s string) base.Value {
	if s == "" {
		return base.Value{}
	}
	return base.NewString(s)
}
