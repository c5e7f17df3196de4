package plan

import (
	"encoding/json"
	"fmt"
	"math"
	"strings"
	"time"
)

// Actual is what an operator did in an execution.
type Actual struct {
	Rows  int64 // in all loops
	Loops int64 // how often it was started
	Time  time.Duration
	Store StoreUse
}

// Actuals has what the operators of a plan did.
type Actuals map[Node]*Actual

// StoreUse is requests to the object store, the bytes they moved, and their price.
type StoreUse struct {
	Requests int64   `json:"requests"`
	Bytes    int64   `json:"bytes"`
	USD      float64 `json:"usd"`
}

// Description is an operator of a plan as EXPLAIN shows it.
//
// Source: docs/explain.md.
type Description struct {
	Operation string         `json:"operation"`
	Rows      float64        `json:"estimated_rows"`
	Cost      float64        `json:"estimated_cost"`
	Actual    *ActualFigures `json:"actual,omitempty"`
	// Store is what a scan expects to ask of the store.
	Store      *StoreUse      `json:"store,omitempty"`
	Partitions []string       `json:"partitions,omitempty"` // that a scan reads
	Inputs     []*Description `json:"inputs,omitempty"`
	Subqueries []*Description `json:"subqueries,omitempty"`
}

// ActualFigures are the figures of an operator under EXPLAIN ANALYZE: rows and time of one loop on average.
type ActualFigures struct {
	Rows  float64   `json:"rows"`
	Loops int64     `json:"loops"`
	Ms    float64   `json:"time_ms"`
	Store *StoreUse `json:"store,omitempty"`
}

// Describe describes a plan. actuals is nil for one that has not run.
func Describe(n Node, actuals Actuals) *Description {
	d := &Description{Operation: label(n), Rows: math.Ceil(Rows(n)), Cost: math.Round(Cost(n)*100) / 100}
	a := actuals[n]
	if a == nil && actuals != nil {
		a = &Actual{}
	}
	if a != nil {
		loops := float64(max(a.Loops, 1))
		d.Actual = &ActualFigures{Rows: math.Round(float64(a.Rows)/loops*100) / 100, Loops: a.Loops,
			Ms: float64(a.Time.Microseconds()) / 1000 / loops}
	}
	switch n := n.(type) {
	case *Scan:
		d.Store = &StoreUse{} // rows are in memory
		if n.Parts != nil {
			d.Partitions = n.Parts.shown
		}
		if d.Actual != nil {
			d.Actual.Store = &a.Store
		}
	case *Lookup:
		d.Store = &StoreUse{}
		d.Inputs = append(d.Inputs, Describe(n.Left, actuals))
		d.describeSubqueries(n, actuals)
		return d
	}
	for _, c := range n.Children() {
		d.Inputs = append(d.Inputs, Describe(c, actuals))
	}
	d.describeSubqueries(n, actuals)
	return d
}

func (d *Description) describeSubqueries(n Node, actuals Actuals) {
	for _, s := range subqueries(n) {
		sub := &Description{Operation: "Subquery, run for each row", Rows: math.Ceil(Rows(s.Plan)), Cost: math.Round(Cost(s.Plan)*100) / 100,
			Inputs: []*Description{Describe(s.Plan, actuals)}}
		if s.Once {
			sub.Operation = "Subquery, run once"
		}
		d.Subqueries = append(d.Subqueries, sub)
	}
}

// DescribeMutation describes the plan of a statement that changes data. actuals is nil where its rows have not been looked for.
func DescribeMutation(m *Mutation, actuals Actuals) *Description {
	head, source := mutationHead(m)
	d := &Description{Operation: head}
	if source != nil {
		d.Inputs = []*Description{Describe(source, actuals)}
		d.Rows, d.Cost = d.Inputs[0].Rows, d.Inputs[0].Cost
	} else if ins, ok := m.Stmt.(*Insert); ok {
		d.Rows = float64(len(ins.Rows))
	}
	return d
}

// Tree writes the description as an indented tree, one operator a line.
func (d *Description) Tree() string {
	var b strings.Builder
	d.tree(&b, 0)
	return strings.TrimSuffix(b.String(), "\n")
}

func (d *Description) tree(b *strings.Builder, depth int) {
	fmt.Fprintf(b, "%s-> %s  (cost=%.0f rows=%.0f)", strings.Repeat("    ", depth), d.Operation, math.Ceil(d.Cost), d.Rows)
	if a := d.Actual; a != nil {
		if a.Loops == 0 {
			b.WriteString(" (never executed)")
		} else {
			fmt.Fprintf(b, " (actual time=%.3f ms rows=%s loops=%d)", a.Ms, shortNumber(a.Rows), a.Loops)
		}
	}
	if d.Store != nil {
		use := *d.Store
		if d.Actual != nil && d.Actual.Store != nil {
			use = *d.Actual.Store
		}
		b.WriteString(" (" + use.String() + ")")
	}
	b.WriteByte('\n')
	for _, c := range d.Inputs {
		c.tree(b, depth+1)
	}
	for _, s := range d.Subqueries {
		s.tree(b, depth+1)
	}
}

func shortNumber(f float64) string {
	return strings.TrimSuffix(strings.TrimRight(fmt.Sprintf("%.2f", f), "0"), ".")
}

// String returns the use as EXPLAIN prints it.
func (u StoreUse) String() string {
	return fmt.Sprintf("requests=%d bytes=%d usd=%s", u.Requests, u.Bytes, shortUSD(u.USD))
}

func shortUSD(f float64) string {
	if f == 0 {
		return "0"
	}
	return strings.TrimRight(fmt.Sprintf("%.9f", f), "0")
}

// JSON writes the description, and what the statement as a whole asks of the store, as one JSON document.
func (d *Description) JSON(use StoreUse) (string, error) {
	out, err := json.MarshalIndent(struct {
		Plan  *Description `json:"plan"`
		Store StoreUse     `json:"store"`
	}{d, use}, "", "  ")
	return string(out), err
}

// Cost estimates what running a plan takes, in rows scanned.
func Cost(n Node) float64 {
	rows := Rows(n)
	switch n := n.(type) {
	case *Scan:
		if n.Keys != nil && n.Keys.Cost > 0 {
			return n.Keys.Cost
		}
		if n.Access.Points != nil || n.Access.Eq != nil || n.Access.Lo != nil || n.Access.Hi != nil || n.Read == 0 {
			return rows
		}
		return n.Read
	case *Join:
		l, r := Rows(n.Left), Rows(n.Right)
		own := l*costProbe + r*costBuild
		if len(n.LeftKeys) == 0 {
			own = l * r * costPair
		}
		return Cost(n.Left) + Cost(n.Right) + own + rows*costOut
	case *Lookup:
		return Cost(n.Left) + Rows(n.Left)*costLookup + rows*costOut
	case *Aggregate:
		return Cost(n.Input) + Rows(n.Input)*costProbe + rows*costBuild
	case *Distinct:
		return Cost(n.Input) + Rows(n.Input)*costBuild
	case *Sort:
		in := max(Rows(n.Input), 2)
		return Cost(n.Input) + in*math.Log2(in)
	}
	total := rows
	for _, c := range n.Children() {
		total += Cost(c)
	}
	return total
}
