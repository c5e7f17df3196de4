package plan

import (
	"github.com/s3sql/s3sql/sqlengine/ast"
	"github.com/s3sql/s3sql/sqlengine/expr"
)

// jsonValue binds JSON_VALUE with its clauses.
func (b *binder) jsonValue(e *ast.JSONValue) (expr.Expr, error) {
	args, err := b.exprs([]ast.Expr{e.Doc, e.Path})
	if err != nil {
		return nil, err
	}
	onEmpty, err := b.jsonFallback(e.OnEmpty)
	if err != nil {
		return nil, err
	}
	onError, err := b.jsonFallback(e.OnError)
	if err != nil {
		return nil, err
	}
	return expr.JSONValue(args[0], args[1], e.Type, onEmpty, onError)
}

func (b *binder) jsonFallback(d *ast.JSONDefault) (expr.JSONValueFallback, error) {
	switch {
	case d == nil:
		return expr.JSONValueFallback{}, nil
	case d.Kind != "DEFAULT":
		return expr.JSONValueFallback{Error: d.Kind == "ERROR"}, nil
	}
	x, err := b.expr(d.Value)
	return expr.JSONValueFallback{Default: x}, err
}
