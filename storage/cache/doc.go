// Package cache reads ranges of immutable objects with few requests and within bounds of memory and disk.
package cache
