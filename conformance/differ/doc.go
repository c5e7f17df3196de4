// Package differ asks two SQL engines the same and says where their answers part.
package differ
