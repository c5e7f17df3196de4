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
