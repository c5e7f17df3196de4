package expr

import (
	"strings"

	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/internal/errno"
	"github.com/s3sql/s3sql/internal/vec"
)

// AggOptions says how an aggregate is called.
type AggOptions struct {
	Distinct  bool
	Separator *string    // of GROUP_CONCAT; nil is ","
	OrderBy   []AggOrder // of GROUP_CONCAT
}

// AggOrder is one key that GROUP_CONCAT orders by.
type AggOrder struct {
	Expr Expr
	Desc bool
}

// Agg is a call of an aggregate function. It is immutable; NewState makes what accumulates.
type Agg struct {
	fn   *aggregate
	args []Expr
	in   []Expr // after implicit conversions
	opts AggOptions
	typ  base.Type
	make func() AggState
	// frame makes what accumulates over a moving frame; nil if there is nothing better than to start anew for each.
	frame func(growing bool) Frame
}

// AggState accumulates one aggregate for many groups, which are numbered from 0. It is for one goroutine at a time.
type AggState interface {
	// Grow makes room for groups 0 to n-1; new ones are empty.
	Grow(n int)
	// Update adds the counting rows of b: the k-th of them to group groups[k]; nil groups means all to group 0. args are
	// what Agg.Eval returned for b.
	Update(groups []uint32, args []*vec.Vector, b *vec.Batch) error
	// Merge adds what other, a state of the same Agg, has in its group g to group mapping[g].
	Merge(other AggState, mapping []uint32) error
	// Result returns the values of all groups. It ends the state's use.
	Result(ctx *Context) (*vec.Vector, error)
	// Bytes estimates the memory in use.
	Bytes() int
}

// aggregate is an entry of the table of aggregate functions.
type aggregate struct {
	name     string
	min, max int
	nonNull  bool // the result is never NULL
	build    func(a *Agg) error
}

var aggregates map[string]*aggregate

func init() {
	aggregates = map[string]*aggregate{}
	for _, f := range []*aggregate{
		{"COUNT", 0, -1, true, buildCount},
		{"SUM", 1, 1, false, buildSum},
		{"AVG", 1, 1, false, buildSum},
		{"MIN", 1, 1, false, buildMinMax},
		{"MAX", 1, 1, false, buildMinMax},
		{"ANY_VALUE", 1, 1, false, buildMinMax},
		{"BIT_AND", 1, 1, true, buildBitAgg},
		{"BIT_OR", 1, 1, true, buildBitAgg},
		{"BIT_XOR", 1, 1, true, buildBitAgg},
		{"STD", 1, 1, false, buildVariance},
		{"STDDEV", 1, 1, false, buildVariance},
		{"STDDEV_POP", 1, 1, false, buildVariance},
		{"STDDEV_SAMP", 1, 1, false, buildVariance},
		{"VARIANCE", 1, 1, false, buildVariance},
		{"VAR_POP", 1, 1, false, buildVariance},
		{"VAR_SAMP", 1, 1, false, buildVariance},
		{"GROUP_CONCAT", 1, -1, false, buildGroupConcat},
		{"JSON_ARRAYAGG", 1, 1, false, buildJSONAgg},
		{"JSON_OBJECTAGG", 2, 2, false, buildJSONAgg},
	} {
		aggregates[f.name] = f
	}
}

// IsAggregate reports whether name, in any case, is an aggregate function.
func IsAggregate(name string) bool {
	f := aggregates[strings.ToUpper(name)]
	return f != nil && f.name != "ANY_VALUE" // which is a scalar function; the planner makes an aggregate of it where it groups
}

// NewAgg is the aggregate name over args; COUNT without args is COUNT(*).
//
// Errors: 1305 unknown aggregate, 1582 wrong number of arguments.
func NewAgg(name string, args []Expr, opts AggOptions) (Agg, error) {
	fn := aggregates[strings.ToUpper(name)]
	if fn == nil {
		return Agg{}, base.Errorf(errno.FuncNotExist, "FUNCTION %s does not exist", name)
	}
	if len(args) < fn.min || fn.max >= 0 && len(args) > fn.max || len(args) > 1 && fn.name == "COUNT" && !opts.Distinct {
		return Agg{}, base.Errorf(errno.WrongParamCount, "Incorrect parameter count in the call to native function '%s'", name)
	}
	a := Agg{fn: fn, args: args, in: append([]Expr(nil), args...), opts: opts}
	if err := fn.build(&a); err != nil {
		return Agg{}, err
	}
	if plain := a.make; a.opts.Distinct && len(args) > 0 {
		types := make([]base.Type, len(a.args))
		for i := range types {
			types[i] = a.in[i].Type()
		}
		a.make = func() AggState { return &distinctState{inner: plain(), types: types, seen: map[string]struct{}{}} }
	}
	return a, nil
}

// Type is the declared type of the result.
func (a Agg) Type() base.Type { return a.typ }

// Nullable reports whether the result can be NULL.
func (a Agg) Nullable() bool { return !a.fn.nonNull }

// Name is the name of the function, in upper case.
func (a Agg) Name() string { return a.fn.name }

// Children returns the arguments, then the keys of ORDER BY.
func (a Agg) Children() []Expr {
	out := a.args[:len(a.args):len(a.args)]
	for _, o := range a.opts.OrderBy {
		out = append(out, o.Expr)
	}
	return out
}

// WithChildren returns the aggregate over other expressions of the same types.
func (a Agg) WithChildren(c []Expr) Agg {
	opts := a.opts
	opts.OrderBy = make([]AggOrder, len(a.opts.OrderBy))
	for i, o := range a.opts.OrderBy {
		opts.OrderBy[i] = AggOrder{Expr: c[len(a.args)+i], Desc: o.Desc}
	}
	n := len(a.args)
	out, err := NewAgg(a.fn.name, c[:n:n], opts)
	if err != nil {
		return a // cannot happen: the types are the same
	}
	return out
}

// Equal reports whether a and b compute the same.
func (a Agg) Equal(b Agg) bool {
	ac, bc := a.Children(), b.Children()
	if a.fn != b.fn || a.opts.Distinct != b.opts.Distinct || len(ac) != len(bc) || a.separator() != b.separator() {
		return false
	}
	for i := range a.opts.OrderBy {
		if a.opts.OrderBy[i].Desc != b.opts.OrderBy[i].Desc {
			return false
		}
	}
	for i := range ac {
		if !Equal(ac[i], bc[i]) {
			return false
		}
	}
	return true
}

func (a Agg) separator() string {
	if a.opts.Separator == nil {
		return ","
	}
	return *a.opts.Separator
}

// String returns the call as messages print it.
func (a Agg) String() string {
	var b strings.Builder
	b.WriteString(strings.ToLower(a.fn.name) + "(")
	if a.opts.Distinct {
		b.WriteString("distinct ")
	}
	if len(a.args) == 0 {
		b.WriteString("0")
	}
	for i, e := range a.args {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString(e.String())
	}
	return b.String() + ")"
}

// Mergeable reports whether states of several parts of the input can be merged.
func (a Agg) Mergeable() bool { return !a.opts.Distinct }

// NewState returns an empty state.
func (a Agg) NewState() AggState { return a.make() }

// Eval computes what Update takes: the arguments, then the keys of ORDER BY.
func (a Agg) Eval(ctx *Context, b *vec.Batch) ([]*vec.Vector, error) {
	out := make([]*vec.Vector, 0, len(a.in)+len(a.opts.OrderBy))
	for _, e := range a.in {
		v, err := e.Eval(ctx, b)
		if err != nil {
			return nil, err
		}
		out = append(out, v)
	}
	for _, o := range a.opts.OrderBy {
		v, err := o.Expr.Eval(ctx, b)
		if err != nil {
			return nil, err
		}
		out = append(out, v)
	}
	return out, nil
}

// group returns the group of the k-th counting row.
func group(groups []uint32, k int) uint32 {
	if groups == nil {
		return 0
	}
	return groups[k]
}

// distinctState hands each combination of arguments to its inner state once a group.
type distinctState struct {
	inner AggState
	types []base.Type
	seen  map[string]struct{}
	buf   []byte
	size  int
}

func (s *distinctState) Grow(n int) { s.inner.Grow(n) }

func (s *distinctState) Update(groups []uint32, args []*vec.Vector, b *vec.Batch) error {
	sel := make([]int32, 0, b.Rows())
	kept := make([]uint32, 0, b.Rows())
rows:
	for k := range b.Rows() {
		i, g := b.Row(k), group(groups, k)
		s.buf = append(s.buf[:0], byte(g), byte(g>>8), byte(g>>16), byte(g>>24))
		for a, t := range s.types {
			if args[a].IsNull(i) {
				continue rows
			}
			s.buf = AppendKey(s.buf, t, args[a], i)
		}
		if _, ok := s.seen[string(s.buf)]; ok {
			continue
		}
		s.seen[string(s.buf)] = struct{}{}
		s.size += len(s.buf) + 48
		sel, kept = append(sel, int32(i)), append(kept, g)
	}
	if len(sel) == 0 {
		return nil
	}
	return s.inner.Update(kept, args, &vec.Batch{Cols: b.Cols, N: b.N, Sel: sel})
}

func (s *distinctState) Merge(AggState, []uint32) error {
	return base.Errorf(errno.Unknown, "a DISTINCT aggregate cannot be merged")
}

func (s *distinctState) Result(ctx *Context) (*vec.Vector, error) { return s.inner.Result(ctx) }
func (s *distinctState) Bytes() int                               { return s.size + s.inner.Bytes() }

// extend returns s with n elements.
func extend[T any](s []T, n int) []T {
	if n <= len(s) {
		return s
	}
	if n <= cap(s) {
		return s[:n]
	}
	out := make([]T, n, max(n, 2*cap(s)))
	copy(out, s)
	return out
}
