// Package lint holds the rules of the source that no compiler checks, as tests.
package lint
