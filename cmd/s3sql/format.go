package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/rivo/uniseg"
)

// format lays out one result.
type format interface {
	begin(w io.Writer, columns []column) error
	row(w io.Writer, cells []cell) error
	end(w io.Writer) error
}

func formatNames() []string { return []string{"table", "vertical", "csv", "json"} }

// newFormat returns the format called name, nil for an unknown one.
func newFormat(name string) format {
	switch name {
	case "table":
		return &tableFormat{}
	case "vertical":
		return &verticalFormat{}
	case "csv":
		return &csvFormat{}
	case "json":
		return &jsonFormat{}
	}
	return nil
}

// forPrograms reports that a program reads the output: only results belong there.
func forPrograms(format string) bool { return format == "csv" || format == "json" }

// width is the number of terminal columns that s takes.
func width(s string) int { return uniseg.StringWidth(s) }

func pad(s string, to int) string { return strings.Repeat(" ", max(to-width(s), 0)) }

// verticalFormat prints one column a line.
type verticalFormat struct {
	names []string
	n     int
}

func (f *verticalFormat) begin(_ io.Writer, columns []column) error {
	widest := 0
	for _, c := range columns {
		name := printable(c.name, true)
		f.names = append(f.names, name)
		widest = max(widest, width(name))
	}
	for i, n := range f.names {
		f.names[i] = pad(n, widest) + n
	}
	return nil
}

func (f *verticalFormat) row(w io.Writer, cells []cell) error {
	f.n++
	stars := strings.Repeat("*", 27)
	if _, err := fmt.Fprintf(w, "%s %d. row %s\n", stars, f.n, stars); err != nil {
		return err
	}
	for i, c := range cells {
		if _, err := fmt.Fprintf(w, "%s: %s\n", f.names[i], printable(c.text, false)); err != nil {
			return err
		}
	}
	return nil
}

func (f *verticalFormat) end(io.Writer) error { return nil }
