// Package lease gives names to one holder at a time, across processes, by conditional writes of one object a name.
package lease
