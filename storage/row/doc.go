// Package row reads encoded rows into column vectors.
package row
