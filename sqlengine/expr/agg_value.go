package expr

import (
	"sort"
	"strings"

	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/internal/errno"
	"github.com/s3sql/s3sql/internal/vec"
	"github.com/s3sql/s3sql/sqlengine/expr/convert"
)

// buildMinMax is MIN, MAX and ANY_VALUE, which keeps the first value it meets.
func buildMinMax(a *Agg) error {
	t := a.args[0].Type()
	if isNamed(t) && a.fn.name != "ANY_VALUE" { // by name, as MySQL's MIN and MAX do
		t = typeVarchar(textLength(t), t.Collation)
		a.in[0] = implicit(a.in[0], t)
	}
	a.typ = t
	sign := map[string]int{"MIN": -1, "MAX": 1}[a.fn.name]
	compare := Comparer(t)
	a.opts.Distinct = false // changes nothing
	a.make = func() AggState { return &extremeState{sign: sign, typ: t, compare: compare} }
	a.frame = func(bool) Frame { return &extremeFrame{sign: sign, compare: valueComparer(t)} }
	return nil
}

type extremeState struct {
	sign    int // 0: any value
	typ     base.Type
	compare func(a, b *vec.Vector, i, j int) int
	best    *vec.Vector
}

// Grow keeps the vector at the exact number of groups; its payload doubles.
func (s *extremeState) Grow(n int) {
	if s.best == nil {
		s.best = &vec.Vector{Class: s.typ.Class(), Scale: s.typ.Scale}
	}
	from := s.best.Len
	if n <= from {
		return
	}
	s.best.Len = n
	switch s.best.Class {
	case base.Null:
	case base.Float:
		s.best.F64 = extend(s.best.F64, n)
	case base.Decimal:
		s.best.Dec = extend(s.best.Dec, n)
	case base.String, base.Bytes, base.JSON:
		s.best.Str = extend(s.best.Str, n)
	default:
		s.best.I64 = extend(s.best.I64, n)
	}
	s.best.Nulls = extend(s.best.Nulls, (n+63)/64)
	for i := from; i < n; i++ {
		s.best.Nulls.Set(i)
	}
}

func (s *extremeState) Bytes() int { return 24 * s.best.Len }

func (s *extremeState) Update(groups []uint32, args []*vec.Vector, b *vec.Batch) error {
	v := args[0]
	if v.Class == base.Null {
		return nil
	}
	if v.Class == base.Int && s.sign != 0 && v.Nulls == nil {
		s.ints(groups, v.I64, b)
		return nil
	}
	for k := range b.Rows() {
		if i := b.Row(k); !v.Nulls.Get(i) {
			s.offer(group(groups, k), v, i)
		}
	}
	return nil
}

func (s *extremeState) ints(groups []uint32, v []int64, b *vec.Batch) {
	best, nulls := s.best.I64, s.best.Nulls
	for k := range b.Rows() {
		g, x := group(groups, k), v[b.Row(k)]
		if nulls.Get(int(g)) {
			nulls.Clear(int(g))
			best[g] = x
		} else if (x > best[g]) == (s.sign > 0) {
			best[g] = x
		}
	}
}

func (s *extremeState) offer(g uint32, v *vec.Vector, i int) {
	if s.best.Nulls.Get(int(g)) || s.sign != 0 && s.sign*s.compare(v, s.best, i, int(g)) > 0 {
		s.best.Nulls.Clear(int(g))
		s.best.Set(int(g), v.Value(i))
	}
}

func (s *extremeState) Merge(other AggState, mapping []uint32) error {
	o := other.(*extremeState).best
	for g := range o.Len {
		if !o.IsNull(g) {
			s.offer(mapping[g], o, g)
		}
	}
	return nil
}

func (s *extremeState) Result(*Context) (*vec.Vector, error) { return s.best, nil }

// listState keeps what GROUP_CONCAT and the JSON aggregates collect: for each group a list of entries.
type listState struct {
	lists  [][]listEntry
	take   func(args []*vec.Vector, i int) (listEntry, bool, error)
	order  []AggOrder
	first  int // position of the first ORDER BY key among the arguments
	finish func(ctx *Context, group int, list []listEntry) (base.Value, error)
	class  base.Class
	size   int
}

type listEntry struct {
	text string
	tree any // of the JSON aggregates
	keys []base.Value
}

func (s *listState) Grow(n int) { s.lists = extend(s.lists, n) }
func (s *listState) Bytes() int { return s.size + 24*len(s.lists) }

func (s *listState) Update(groups []uint32, args []*vec.Vector, b *vec.Batch) error {
	for k := range b.Rows() {
		i := b.Row(k)
		e, ok, err := s.take(args, i)
		if err != nil {
			return err
		}
		if !ok {
			continue
		}
		for o := range s.order {
			e.keys = append(e.keys, args[s.first+o].Value(i))
		}
		g := group(groups, k)
		s.lists[g] = append(s.lists[g], e)
		s.size += len(e.text) + 64 + 40*len(e.keys)
	}
	return nil
}

func (s *listState) Merge(other AggState, mapping []uint32) error {
	for g, l := range other.(*listState).lists {
		s.lists[mapping[g]] = append(s.lists[mapping[g]], l...)
	}
	return nil
}

func (s *listState) Result(ctx *Context) (*vec.Vector, error) {
	out := vec.New(s.class, 0, len(s.lists))
	done := 0 // entries since the context was looked at
	for g, list := range s.lists {
		if done += len(list) + 1; done >= 1<<14 && ctx != nil && ctx.Ctx != nil {
			if done = 0; ctx.Ctx.Err() != nil {
				return nil, ctx.Ctx.Err()
			}
		}
		if len(list) == 0 {
			out.SetNull(g)
			continue
		}
		s.sort(list)
		v, err := s.finish(ctx, g, list)
		if err != nil {
			return nil, err
		}
		out.Set(g, v)
	}
	return out, nil
}

func (s *listState) sort(list []listEntry) {
	if len(s.order) == 0 {
		return
	}
	types := make([]base.Type, len(s.order))
	for i, o := range s.order {
		types[i] = o.Expr.Type()
	}
	sort.SliceStable(list, func(i, j int) bool {
		for k, o := range s.order {
			if c := Compare(list[i].keys[k], list[j].keys[k], types[k]); c != 0 {
				return (c < 0) != o.Desc
			}
		}
		return false
	})
}

// concatMaxLen is MySQL's default of group_concat_max_len, in bytes.
const concatMaxLen = 1024

var codeCutByConcat = base.Code{Number: 1260, State: "HY000", Kind: base.KindInvalid}

func buildGroupConcat(a *Agg) error {
	binary := false
	for i, e := range a.in {
		switch t := e.Type(); {
		case t.ID == base.TypeBit:
			binary, a.in[i] = true, implicit(e, base.Type{ID: base.TypeVarbinary, Length: (t.Length + 7) / 8})
		case isBinary(t) && t.ID != base.TypeUUID:
			binary = true
		default:
			a.in[i] = implicit(e, typeVarchar(textLength(t), collationOf(t)))
		}
	}
	a.typ = base.Type{ID: base.TypeLongText, Collation: a.in[0].Type().Collation}
	result := base.NewString
	if binary {
		a.typ, result = base.Type{ID: base.TypeLongBlob}, base.NewBytes
	}
	sep, n, order := a.separator(), len(a.in), a.opts.OrderBy
	take := func(args []*vec.Vector, i int) (listEntry, bool, error) {
		text := ""
		for _, v := range args[:n] {
			if v.IsNull(i) {
				return listEntry{}, false, nil
			}
			text += v.Str[i]
		}
		return listEntry{text: text}, true, nil
	}
	finish := func(ctx *Context, g int, list []listEntry) (base.Value, error) {
		limit := concatMaxLen
		if ctx != nil && ctx.Var != nil {
			if v, ok := ctx.Var("group_concat_max_len", true); ok && v.Class() == base.Int && v.Int() >= 4 {
				limit = int(v.Int())
			}
		}
		var b strings.Builder
		for i, e := range list {
			if i > 0 {
				b.WriteString(sep)
			}
			b.WriteString(e.text)
			if b.Len() > limit {
				ctx.warn(codeCutByConcat, "Row %d was cut by GROUP_CONCAT()", i+1)
				if binary {
					return result(b.String()[:limit]), nil
				}
				return result(strings.ToValidUTF8(b.String()[:limit], "")), nil
			}
		}
		return result(b.String()), nil
	}
	a.make = func() AggState {
		return &listState{take: take, order: order, first: n, finish: finish, class: a.typ.Class()}
	}
	return nil
}

func buildJSONAgg(a *Agg) error {
	a.typ = typeJSON
	types := make([]base.Type, len(a.in))
	for i := range a.in {
		types[i] = a.in[i].Type()
	}
	object := a.fn.name == "JSON_OBJECTAGG"
	take := func(args []*vec.Vector, i int) (listEntry, bool, error) {
		var e listEntry
		last := len(args) - 1
		if object {
			if args[0].IsNull(i) {
				return e, false, base.Errorf(errno.JSONNullKey, "JSON documents may not contain NULL member names.")
			}
			e.text = convert.Format(args[0].Value(i), types[0])
		}
		tree, err := convert.ToJSONTree(args[last].Value(i), types[last])
		if err != nil {
			return e, false, err.InArgument(last+1, strings.ToLower(a.fn.name))
		}
		e.tree = tree
		return e, true, nil
	}
	finish := func(_ *Context, _ int, list []listEntry) (base.Value, error) {
		if object {
			m := make(map[string]any, len(list))
			for _, e := range list {
				m[e.text] = e.tree
			}
			return base.NewJSON(convert.FormatJSON(m)), nil
		}
		out := make([]any, len(list))
		for i, e := range list {
			out[i] = e.tree
		}
		return base.NewJSON(convert.FormatJSON(out)), nil
	}
	a.make = func() AggState { return &listState{take: take, finish: finish, class: base.JSON} }
	return nil
}
