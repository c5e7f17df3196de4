package sqlengine

import (
	"errors"
	"strconv"
	"time"

	"github.com/s3sql/s3sql/catalog"
	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/plugins"
	"github.com/s3sql/s3sql/sqlengine/ast"
	"github.com/s3sql/s3sql/sqlengine/system"
	"github.com/s3sql/s3sql/storage/object"
)

// showCosts is SHOW COSTS: system.costs with the sum in its last row.
func (r *run) showCosts() (*listing, error) {
	t := system.Costs()
	list, err := t.Source.Rows(r.execContext(r.tx, 0).Expr)
	if err != nil {
		return nil, err
	}
	used, _ := r.s.e.costs.requests()
	sum, cols := used.Total(), t.Columns
	cols[5].Nullable = true
	p := r.s.prices()
	return &listing{cols: cols, rows: append(list, []base.Value{base.NewString("total"), base.NewString(""), base.NewInt(sum.Requests),
		base.NewInt(sum.Received), base.NewInt(sum.Sent), {}, system.USD(p.Cost(used))})}, nil
}

// resetCosts is RESET COSTS: the figures of this process begin anew.
func (r *run) resetCosts() (*Result, error) {
	calls := map[string]int64{}
	for _, d := range r.s.e.metrics.Digests() {
		calls[d.ID] = d.Calls.Load()
	}
	r.s.e.costs.reset(r.s.e.now(), calls)
	return &Result{}, nil
}

// costOf is SHOW COST OF: it runs the statement and returns what it cost.
func (r *run) costOf(n *ast.CostOf) (*Result, error) {
	inner := &run{s: r.s, sql: n.Text, start: r.s.e.now(), since: r.since, meter: new(object.Meter)}
	inner.ctx = object.WithMeter(r.ctx, inner.meter)
	res, err := inner.exec()
	if err != nil {
		return nil, err
	}
	res.whole = false
	for res.op != nil {
		b, err := res.Next(r.ctx)
		if err != nil {
			return nil, errors.Join(err, res.Close())
		}
		if b == nil {
			break
		}
	}
	if err := res.Close(); err != nil {
		return nil, err
	}
	used := inner.meter.Snapshot()
	byOp, t := system.ByOperation(used), used.Total()
	took := r.s.e.now().Sub(inner.start)
	cols := system.Columns("requests", "i", "put", "i", "get", "i", "head", "i", "delete", "i", "list", "i", "bytes_in", "i", "bytes_out", "i",
		"cost_usd", "$", "duration_ms", "f", "row_count", "i")
	rows := res.rows
	if res.op == nil {
		rows = int64(res.AffectedRows)
	}
	return rowsResult(cols, [][]base.Value{{base.NewInt(t.Requests), base.NewInt(byOp["put"]), base.NewInt(byOp["get"]), base.NewInt(byOp["head"]),
		base.NewInt(byOp["delete"]), base.NewInt(byOp["list"]), base.NewInt(t.Received), base.NewInt(t.Sent), system.USD(r.s.prices().Cost(used)),
		base.NewFloat(float64(took.Microseconds()) / 1000), base.NewInt(rows)}}), nil
}

// estimateCost is ESTIMATE COST FOR n DAYS: what this process would cost in that time if it went on as since the figures begin, and what
// the database takes in the store now.
func (r *run) estimateCost(n *ast.EstimateCost) (*Result, error) {
	tx, done, err := r.readTx()
	if err != nil {
		return nil, err
	}
	r.tx = tx
	stored, err := (*infoSource)(r).StoredBytes()
	if err = errors.Join(err, done(err)); err != nil {
		return nil, err
	}
	used, since := r.s.e.costs.requests()
	over := max(r.s.e.now().Sub(since), time.Second)
	scale := float64(n.Days) * 24 * float64(time.Hour) / float64(over)
	p, byOp, t := r.s.prices(), system.ByOperation(used), used.Total()
	var out [][]base.Value
	total := 0.0
	add := func(item string, requests, bytes, usd float64) {
		total += usd
		out = append(out, []base.Value{base.NewString(item), base.NewInt(int64(requests + 0.5)), base.NewInt(int64(bytes + 0.5)), system.USD(usd)})
	}
	for _, op := range []string{"put", "get", "head", "list", "delete"} {
		requests := float64(byOp[op]) * scale
		add(op, requests, 0, requests*p.OfOperation(op, 1, 0, 0))
	}
	add("transfer", 0, float64(t.Sent+t.Received)*scale, p.Transfer(used)*scale)
	add("storage", 0, float64(stored), p.StorageMonth(stored)*float64(n.Days)/daysOfMonth)
	add("total", float64(t.Requests)*scale, 0, 0)
	out[len(out)-1][3] = system.USD(total)
	return rowsResult(system.Columns("item", "s", "requests", "i", "bytes", "i", "cost_usd", "$"), out), nil
}

// daysOfMonth is how many days of storage a month's price is for.
const daysOfMonth = 30.4375

// priceOptions returns the options of an object that holds a price.
func priceOptions(o *catalog.Object) (plugins.Options, error) {
	return plugins.NewOptions("price "+o.Name, []plugins.Option{{Name: "profile", Required: true}, {Name: "operation", Required: true},
		{Name: "usd", Type: plugins.Float, Required: true}}, givenOptions(o))
}

// SetPrice stores another price of an operation of a profile.
func (r *infoSource) SetPrice(profile, operation string, usd float64) error {
	cat, err := r.Catalog()
	if err != nil {
		return err
	}
	name := profile + " " + operation
	o := &catalog.Object{Kind: priceKind, Name: name, CreatedMicros: r.start.UnixMicro(), Options: []catalog.ObjectSetting{
		{Name: "profile", Value: profile}, {Name: "operation", Value: operation}, {Name: "usd", Value: strconv.FormatFloat(usd, 'f', -1, 64)}}}
	return catalog.PutObject(r.tx, cat.Object(priceKind, name), o, nil)
}
