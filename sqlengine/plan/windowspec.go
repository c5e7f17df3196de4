package plan

import (
	"strings"

	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/internal/errno"
	"github.com/s3sql/s3sql/sqlengine/ast"
)

// unnamedWindow is how MySQL's messages call a window without a name.
const unnamedWindow = "<unnamed window>"

// windowSpec is a window with all that it takes from the one it is based on.
type windowSpec struct {
	name      string // for messages
	partition []ast.Expr
	order     []ast.OrderItem
	frame     *ast.Frame
}

// windowNames are the windows that a WINDOW clause defines.
type windowNames []ast.NamedWindow

func (w windowNames) find(name string) *ast.NamedWindow {
	for i := range w {
		if strings.EqualFold(w[i].Name, name) {
			return &w[i]
		}
	}
	return nil
}

// check reports names defined twice and windows based on themselves.
func (w windowNames) check() error {
	for i := range w {
		if w.find(w[i].Name) != &w[i] {
			return base.Errorf(errno.WindowTwice, "Window '%s' is defined twice.", w[i].Name)
		}
	}
	for i := range w {
		at := w[i].Spec
		for steps := 0; at.Name != ""; steps++ {
			next := w.find(at.Name)
			if next == nil {
				return base.Errorf(errno.NoSuchWindow, "Window name '%s' is not defined.", at.Name)
			}
			if steps == len(w) {
				return base.Errorf(errno.WindowCircle, "There is a circularity in the window dependency graph.")
			}
			at = next.Spec
		}
	}
	return nil
}

// resolve returns the window that a specification means. w has passed check.
//
// Source: SQL:2016, 7.15 <window clause>, syntax rule 10.
func (w windowNames) resolve(spec *ast.Window, name string) (windowSpec, error) {
	s := windowSpec{name: name, partition: spec.Partition, order: spec.OrderBy, frame: spec.Frame}
	if spec.Name == "" {
		return s, nil
	}
	def := w.find(spec.Name)
	if def == nil {
		return s, base.Errorf(errno.NoSuchWindow, "Window name '%s' is not defined.", spec.Name)
	}
	parent, err := w.resolve(def.Spec, def.Name)
	if err != nil || spec.Ref {
		return parent, err
	}
	switch {
	case spec.Partition != nil:
		return s, base.Errorf(errno.WindowPartition, "A window which depends on another cannot define partitioning.")
	case spec.OrderBy != nil && parent.order != nil:
		return s, base.Errorf(errno.WindowRedefOrder, "Window '%s' cannot inherit '%s' since both contain an ORDER BY clause.", name, parent.name)
	case parent.frame != nil:
		return s, base.Errorf(errno.WindowInheritFrame, "Window '%s' has a frame definition, so cannot be referenced by another window.", parent.name)
	}
	s.partition = parent.partition
	if s.order == nil {
		s.order = parent.order
	}
	return s, nil
}

// checkFrame reports bounds that no frame can have, whatever their values.
//
// Source: SQL:2016, 7.15 <window clause>, syntax rule 8.
func (s *windowSpec) checkFrame() error {
	start, end := s.frame.Start, s.frame.End
	switch {
	case start.Kind == "UNBOUNDED FOLLOWING":
		return base.Errorf(errno.WindowFrameStart, "Window '%s': frame start cannot be UNBOUNDED FOLLOWING.", s.name)
	case end.Kind == "UNBOUNDED PRECEDING":
		return base.Errorf(errno.WindowFrameEnd, "Window '%s': frame end cannot be UNBOUNDED PRECEDING.", s.name)
	case start.Kind == "CURRENT ROW" && end.Kind == "PRECEDING",
		start.Kind == "FOLLOWING" && (end.Kind == "CURRENT ROW" || end.Kind == "PRECEDING"):
		return s.illegal()
	}
	for _, b := range []ast.Bound{start, end} {
		if _, interval := b.Offset.(*ast.Interval); interval && s.frame.Unit != "RANGE" {
			return base.Errorf(errno.WindowRowsInterval, "Window '%s': INTERVAL can only be used with RANGE frames.", s.name)
		}
	}
	return nil
}

func (s *windowSpec) illegal() error { return illegalFrame(s.name) }

func illegalFrame(window string) error {
	return base.Errorf(errno.WindowFrameIllegal, "Window '%s': frame start or end is negative, NULL or of non-integral type", window)
}

// checkPositions reports integers among the keys, which are no positions here.
func (s *windowSpec) checkPositions() error {
	keys := append([]ast.Expr(nil), s.partition...)
	for _, o := range s.order {
		keys = append(keys, o.Expr)
	}
	for _, k := range keys {
		if _, ok := ordinal(k); ok {
			return base.Errorf(errno.WindowPosition,
				"Window '%s': ORDER BY or PARTITION BY uses legacy position indication which is not supported, use expression.", s.name)
		}
	}
	return nil
}
