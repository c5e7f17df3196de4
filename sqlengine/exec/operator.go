package exec

import (
	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/internal/errno"
	"github.com/s3sql/s3sql/internal/vec"
	"github.com/s3sql/s3sql/sqlengine/plan"
)

// Operator yields the rows of one plan node. It is for one goroutine.
type Operator interface {
	// Open makes the operator ready to yield its first row. After Close it may be opened again: it then evaluates its
	// expressions anew.
	Open() error
	// Next returns the next rows, at least one, or nil at the end. The batch and its vectors are read-only and valid until
	// the next call of Next or Close.
	//
	// Errors: those of the expressions and of storage, CodeCapacityExceeded, ctx.Err().
	Next() (*vec.Batch, error)
	// Close releases what the operator holds. It may be called at any time, also twice and after an error.
	Close() error
}

// Source is a plan node that makes its own operator.
type Source interface {
	plan.Node
	Operator(ec *Context) (Operator, error)
}

// Build makes the operators of a plan. The plan is shared and not changed.
//
// Errors: CodeUnknown (a node that this package does not know).
func Build(n plan.Node, ec *Context) (Operator, error) {
	ec.prepare()
	op, err := build(n, ec)
	if ec.Profile != nil && err == nil {
		op = ec.Profile.measured(n, op)
	}
	return op, err
}

//lint:long one flat switch over the nodes
func build(n plan.Node, ec *Context) (Operator, error) {
	switch n := n.(type) {
	case *plan.Scan:
		return newScan(n, ec), nil
	case *plan.Virtual:
		return newVirtual(n, ec), nil
	case *plan.Values:
		return newValues(n, ec), nil
	case *plan.Filter:
		return newFilter(n, ec)
	case *plan.Project:
		return newProject(n, ec)
	case *plan.Join:
		return newJoin(n, ec)
	case *plan.Lookup:
		return newLookup(n, ec)
	case *plan.Aggregate:
		return newAggregate(n, ec)
	case *plan.Window:
		return newWindow(n, ec)
	case *plan.Distinct:
		return newDistinct(n, ec)
	case *plan.Sort:
		return newSort(n, ec)
	case *plan.Limit:
		return newLimit(n, ec)
	case *plan.Union:
		return newUnion(n, ec)
	case *plan.SetOp:
		return newSetOp(n, ec)
	case *plan.Expand:
		return newExpand(n, ec)
	case *plan.Apply:
		return newApply(n, ec)
	case *plan.TableFunc:
		return newTableFunc(n, ec), nil
	case *plan.Shared:
		return newShared(n, ec), nil
	case *plan.WorkTable:
		return &heldOp{ec: ec, key: n}, nil
	case *plan.Recursive:
		return newRecursive(n, ec)
	case Source:
		return n.Operator(ec)
	}
	return nil, base.Errorf(errno.Unknown, "no operator for the plan node %T", n)
}

func buildTwo(l, r plan.Node, ec *Context) (Operator, Operator, error) {
	left, err := Build(l, ec)
	if err != nil {
		return nil, nil, err
	}
	right, err := Build(r, ec)
	return left, right, err
}
