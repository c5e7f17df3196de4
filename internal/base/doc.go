// Package base holds the vocabulary every layer shares: values and their types, order-preserving keys, row encoding,
// errors with their MySQL numbers, and the sources of time and randomness.
//
// It is a leaf: it imports the standard library only, and it does no I/O.
package base
