// Package sqlengine runs SQL statements: it holds the engine that a process shares and the sessions on it.
package sqlengine
