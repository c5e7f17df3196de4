package main

import (
	"io"
	"strings"

	"github.com/rivo/uniseg"
)

const (
	// tableSample is the number of rows that set the widths of a table. They are held; those after them are not, so
	// that a result of any size can be printed.
	tableSample = 1000
	// cellMax is the width that a table cuts a value at. The other formats print all of it.
	cellMax = 500
)

// tableFormat draws a box, as MySQL's client does.
type tableFormat struct {
	columns []column
	widths  []int
	sample  [][]cell
	open    bool // the header is printed and sample is not used any more
	b       strings.Builder
}

func (f *tableFormat) begin(_ io.Writer, columns []column) error {
	f.columns = make([]column, len(columns))
	f.widths = make([]int, len(columns))
	for i, c := range columns {
		c.name = shorten(printable(c.name, true))
		f.columns[i], f.widths[i] = c, width(c.name)
	}
	return nil
}

func (f *tableFormat) row(w io.Writer, cells []cell) error {
	for i := range cells {
		cells[i].text = shorten(printable(cells[i].text, true))
	}
	if f.open {
		f.draw(cells)
		return f.flush(w)
	}
	f.sample = append(f.sample, cells)
	for i, c := range cells {
		f.widths[i] = max(f.widths[i], width(c.text))
	}
	if len(f.sample) < tableSample {
		return nil
	}
	return f.header(w)
}

// header prints what begin and the sample have gathered.
func (f *tableFormat) header(w io.Writer) error {
	f.open = true
	names := make([]cell, len(f.columns))
	for i, c := range f.columns {
		names[i].text = c.name
	}
	f.rule()
	f.draw(names)
	f.rule()
	for _, cells := range f.sample {
		f.draw(cells)
	}
	f.sample = nil
	return f.flush(w)
}

func (f *tableFormat) end(w io.Writer) error {
	if !f.open {
		if len(f.sample) == 0 {
			return nil
		}
		if err := f.header(w); err != nil {
			return err
		}
	}
	f.rule()
	return f.flush(w)
}

func (f *tableFormat) rule() {
	f.b.WriteByte('+')
	for _, n := range f.widths {
		f.b.WriteString(strings.Repeat("-", n+2) + "+")
	}
	f.b.WriteByte('\n')
}

func (f *tableFormat) draw(cells []cell) {
	f.b.WriteByte('|')
	for i, c := range cells {
		if f.columns[i].number || c.number {
			f.b.WriteString(" " + pad(c.text, f.widths[i]) + c.text + " |")
		} else {
			f.b.WriteString(" " + c.text + pad(c.text, f.widths[i]) + " |")
		}
	}
	f.b.WriteByte('\n')
}

func (f *tableFormat) flush(w io.Writer) error {
	_, err := io.WriteString(w, f.b.String())
	f.b.Reset()
	return err
}

// shorten cuts s at cellMax terminal columns, between characters as people see them.
func shorten(s string) string {
	if len(s) <= cellMax || width(s) <= cellMax {
		return s
	}
	kept, columns := 0, 0
	for g := uniseg.NewGraphemes(s); g.Next() && columns+g.Width() < cellMax; {
		columns += g.Width()
		_, kept = g.Positions()
	}
	return s[:kept] + "…"
}
