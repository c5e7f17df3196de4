package ast

import "github.com/s3sql/s3sql/internal/base"

// JSONColumn is one entry of JSON_TABLE's COLUMNS list.
type JSONColumn struct {
	Name       string
	Ordinality bool // FOR ORDINALITY
	Exists     bool // EXISTS PATH
	Type       base.Type
	Path       string
	OnEmpty    *JSONFallback
	OnError    *JSONFallback
	Nested     []JSONColumn // NESTED PATH
}

// JSONFallback is NULL | ERROR | DEFAULT value, ON EMPTY or ON ERROR.
type JSONFallback struct {
	Kind  string // "NULL", "ERROR", "DEFAULT"
	Value string
}

// JSONValue is JSON_VALUE(Doc, Path [RETURNING Type] [… ON EMPTY] [… ON ERROR]). Without RETURNING the type is VARCHAR(512).
type JSONValue struct {
	At        Pos
	Doc, Path Expr
	Type      base.Type
	OnEmpty   *JSONDefault // nil: NULL
	OnError   *JSONDefault
}

// JSONDefault is NULL | ERROR | DEFAULT Value.
type JSONDefault struct {
	Kind  string // "NULL", "ERROR", "DEFAULT"
	Value Expr
}

// Position returns where the node starts.
func (e *JSONValue) Position() Pos { return e.At }
func (*JSONValue) expr()           {}
