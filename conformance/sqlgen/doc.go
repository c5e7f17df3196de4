// Package sqlgen writes SQL at random, from a seed, for suites that compare engines; what it has written can be made smaller.
package sqlgen
