// Package partition decides which partition of a table a row belongs to, and which ones a condition leaves.
package partition
