// Command scale loads a table of any number of rows and measures what reading it costs: requests, rounds of requests, bytes
// and time, cold and warm. docs/testing.md tells how to run it.
package main
