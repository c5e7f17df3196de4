// Package expr evaluates typed expressions over batches of column vectors, with the types and the semantics of MySQL 8.0.
//
// It knows no names, tables or syntax: a planner resolves names and calls the constructors here (Column, Const, Call, Case,
// Cast, …), which infer types and put implicit conversions in. Expressions are immutable and may be shared.
package expr
