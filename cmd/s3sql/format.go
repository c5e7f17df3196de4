package main

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"github.com/mattn/go-runewidth"
)

// format lays out one result.
type format interface {
	begin(w io.Writer, names []string) error
	row(w io.Writer, cells []cell) error
	end(w io.Writer) error
	// forPrograms reports that nothing but the result may be on the output.
	forPrograms() bool
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

// tableFormat draws a box, as MySQL's client does. It holds the rows until the end: the widths depend on all of them.
type tableFormat struct {
	names []string
	rows  [][]cell
}

func (f *tableFormat) forPrograms() bool { return false }

func (f *tableFormat) begin(_ io.Writer, names []string) error {
	f.names = names
	return nil
}

func (f *tableFormat) row(_ io.Writer, cells []cell) error {
	for i := range cells {
		cells[i].text = printable(cells[i].text)
	}
	f.rows = append(f.rows, cells)
	return nil
}

// printable keeps control characters from the terminal and rows on one line.
func printable(s string) string {
	if strings.IndexFunc(s, func(r rune) bool { return r < ' ' || r == 0x7f }) < 0 {
		return s
	}
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\t' || r == '\r':
			return ' '
		case r < ' ' || r == 0x7f:
			return '·'
		}
		return r
	}, s)
}

func (f *tableFormat) end(w io.Writer) error {
	if len(f.rows) == 0 {
		return nil
	}
	widths := make([]int, len(f.names))
	for i, n := range f.names {
		widths[i] = runewidth.StringWidth(n)
	}
	for _, row := range f.rows {
		for i, c := range row {
			widths[i] = max(widths[i], runewidth.StringWidth(c.text))
		}
	}
	line := "+"
	for _, n := range widths {
		line += strings.Repeat("-", n+2) + "+"
	}
	var b strings.Builder
	b.WriteString(line + "\n|")
	for i, n := range f.names {
		b.WriteString(" " + n + pad(n, widths[i]) + " |")
	}
	b.WriteString("\n" + line + "\n")
	for _, row := range f.rows {
		b.WriteString("|")
		for i, c := range row {
			if c.number {
				b.WriteString(" " + pad(c.text, widths[i]) + c.text + " |")
			} else {
				b.WriteString(" " + c.text + pad(c.text, widths[i]) + " |")
			}
		}
		b.WriteString("\n")
	}
	b.WriteString(line + "\n")
	_, err := io.WriteString(w, b.String())
	return err
}

func pad(s string, width int) string { return strings.Repeat(" ", width-runewidth.StringWidth(s)) }

// verticalFormat prints one column a line.
type verticalFormat struct {
	names []string
	width int
	n     int
}

func (f *verticalFormat) forPrograms() bool { return false }

func (f *verticalFormat) begin(_ io.Writer, names []string) error {
	f.names = names
	for _, n := range names {
		f.width = max(f.width, runewidth.StringWidth(n))
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
		if _, err := fmt.Fprintf(w, "%s%s: %s\n", pad(f.names[i], f.width), f.names[i], c.text); err != nil {
			return err
		}
	}
	return nil
}

func (f *verticalFormat) end(io.Writer) error { return nil }

// csvFormat follows RFC 4180, with a header line; NULL is an empty field.
type csvFormat struct{ w *csv.Writer }

func (f *csvFormat) forPrograms() bool { return true }

func (f *csvFormat) begin(w io.Writer, names []string) error {
	f.w = csv.NewWriter(w)
	f.w.UseCRLF = true
	return f.w.Write(names)
}

func (f *csvFormat) row(_ io.Writer, cells []cell) error {
	out := make([]string, len(cells))
	for i, c := range cells {
		if !c.null {
			out[i] = c.text
		}
	}
	return f.w.Write(out)
}

func (f *csvFormat) end(io.Writer) error {
	f.w.Flush()
	return f.w.Error()
}

// jsonFormat is one array of objects, an object a line. Integers, decimals and doubles are JSON numbers with all their
// digits.
type jsonFormat struct {
	names [][]byte
	n     int
}

func (f *jsonFormat) forPrograms() bool { return true }

func (f *jsonFormat) begin(w io.Writer, names []string) error {
	for _, n := range names {
		b, err := json.Marshal(n)
		if err != nil {
			return err
		}
		f.names = append(f.names, b)
	}
	_, err := io.WriteString(w, "[")
	return err
}

func (f *jsonFormat) row(w io.Writer, cells []cell) error {
	sep := ",\n "
	if f.n == 0 {
		sep = "\n "
	}
	f.n++
	b := []byte(sep + "{")
	for i, c := range cells {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(append(b, f.names[i]...), ':')
		switch {
		case c.null:
			b = append(b, "null"...)
		case c.number && json.Valid([]byte(c.text)):
			b = append(b, c.text...)
		default:
			text, err := json.Marshal(c.text)
			if err != nil {
				return err
			}
			b = append(b, text...)
		}
	}
	_, err := w.Write(append(b, '}'))
	return err
}

func (f *jsonFormat) end(w io.Writer) error {
	_, err := io.WriteString(w, "\n]\n")
	return err
}
