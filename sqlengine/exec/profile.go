package exec

import (
	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/internal/vec"
	"github.com/s3sql/s3sql/sqlengine/plan"
)

// Profile measures the operators of an execution. It is for one goroutine.
type Profile struct {
	Clock base.Clock
	Nodes plan.Actuals
}

// measured returns op, measured as the operator of n.
func (p *Profile) measured(n plan.Node, op Operator) Operator {
	a := p.Nodes[n]
	if a == nil {
		a = &plan.Actual{}
		p.Nodes[n] = a
	}
	return &measuredOp{in: op, clock: p.Clock, a: a}
}

// measuredOp counts the rows and the time of an operator, that of its inputs included.
type measuredOp struct {
	in    Operator
	clock base.Clock
	a     *plan.Actual
}

func (o *measuredOp) Open() error {
	start := o.clock.Now()
	err := o.in.Open()
	o.a.Loops++
	o.a.Time += o.clock.Now().Sub(start)
	return err
}

func (o *measuredOp) Next() (*vec.Batch, error) {
	start := o.clock.Now()
	b, err := o.in.Next()
	o.a.Time += o.clock.Now().Sub(start)
	if b != nil {
		o.a.Rows += int64(b.Rows())
	}
	return b, err
}

func (o *measuredOp) Close() error { return o.in.Close() }
