// Package exec runs physical plans: operators that pull batches of column vectors, and the writes of INSERT, UPDATE and
// DELETE.
package exec
