package tpch

import (
	"fmt"
	"iter"
	"strconv"
	"strings"
	"time"
)

// Cents is an amount of money in hundredths, printed as a decimal number.
type Cents int64

// String returns the amount with two digits after the point.
func (c Cents) String() string {
	sign := ""
	if c < 0 {
		sign, c = "-", -c
	}
	return fmt.Sprintf("%s%d.%02d", sign, c/100, c%100)
}

// Date is a day, counted from 1992-01-01, the first day of the benchmark.
type Date int

var firstDay = time.Date(1992, 1, 1, 0, 0, 0, 0, time.UTC)

// String returns the date as YYYY-MM-DD.
func (d Date) String() string { return firstDay.AddDate(0, 0, int(d)).Format(time.DateOnly) }

// Days of clause 4.2.2.12.
var (
	currentDate = Date(time.Date(1995, 6, 17, 0, 0, 0, 0, time.UTC).Sub(firstDay) / (24 * time.Hour))
	endDate     = Date(time.Date(1998, 12, 31, 0, 0, 0, 0, time.UTC).Sub(firstDay) / (24 * time.Hour))
)

// Row is one row of a table: int, string, Cents and Date values, in the order of the table's columns.
type Row []any

// Generator makes the rows of a database. Equal scale factors and seeds give equal rows.
type Generator struct {
	// Scale is the scale factor; 1 is about 1 GB, 8.6 million rows.
	Scale float64
	Seed  uint64
}

// Generators of the tables draw from seeds of their own, so that one can be made without the others.
const (
	seedSupplier = iota + 1
	seedPart
	seedPartSupp
	seedCustomer
	seedOrders
	seedNation
)

func (g Generator) random(table uint64) *random { return newRandom(g.Seed*1_000_003 + table) }

func (g Generator) count(base int) int { return max(int(float64(base)*g.Scale), 1) }

func itoa(n int) string { return strconv.Itoa(n) }

// Rows returns the rows of a table by its name; nil when there is no such table.
//
//lint:long one flat switch over the tables
func (g Generator) Rows(table string) iter.Seq[Row] {
	switch table {
	case "region":
		return g.region
	case "nation":
		return g.nation
	case "supplier":
		return g.supplier
	case "part":
		return g.part
	case "partsupp":
		return g.partsupp
	case "customer":
		return g.customer
	case "orders":
		return func(yield func(Row) bool) {
			g.sales(func(order Row, _ []Row) bool { return yield(order) })
		}
	case "lineitem":
		return func(yield func(Row) bool) {
			g.sales(func(_ Row, lines []Row) bool {
				for _, l := range lines {
					if !yield(l) {
						return false
					}
				}
				return true
			})
		}
	}
	return nil
}

func (g Generator) region(yield func(Row) bool) {
	r := g.random(seedNation)
	for i, name := range regions {
		if !yield(Row{i, name, r.text(31, 115)}) {
			return
		}
	}
}

func (g Generator) nation(yield func(Row) bool) {
	r := g.random(seedNation + 100)
	for i, n := range nations {
		if !yield(Row{i, n.name, n.region, r.text(31, 114)}) {
			return
		}
	}
}

func (g Generator) supplier(yield func(Row) bool) {
	r := g.random(seedSupplier)
	for k := 1; k <= g.count(10_000); k++ {
		nation := r.between(0, 24)
		comment := r.text(25, 100)
		switch r.between(1, 2000) { // clause 4.2.3: 5 of 10,000 rows each
		case 1:
			comment = "Customer " + comment[:12] + " Complaints"
		case 2:
			comment = "Customer " + comment[:12] + " Recommends"
		}
		if !yield(Row{k, fmt.Sprintf("Supplier#%09d", k), r.vstring(10, 40), nation, r.phone(nation),
			Cents(r.between(-99_999, 999_999)), comment}) {
			return
		}
	}
}

func (g Generator) part(yield func(Row) bool) {
	r := g.random(seedPart)
	for k := 1; k <= g.count(200_000); k++ {
		m := r.between(1, 5)
		kind := r.of(typeWords[0]) + " " + r.of(typeWords[1]) + " " + r.of(typeWords[2])
		if !yield(Row{k, r.partName(), "Manufacturer#" + itoa(m), "Brand#" + itoa(m*10+r.between(1, 5)), kind, r.between(1, 50),
			r.of(containerWords[0]) + " " + r.of(containerWords[1]), retailPrice(k), r.text(5, 22)}) {
			return
		}
	}
}

// partName is five different colours.
func (r *random) partName() string {
	var words []string
	for len(words) < 5 {
		w := r.of(colours)
		fresh := true
		for _, have := range words {
			fresh = fresh && have != w
		}
		if fresh {
			words = append(words, w)
		}
	}
	return strings.Join(words, " ")
}

func retailPrice(part int) Cents { return Cents(90_000 + part/10%20_001 + 100*(part%1000)) }

// supplierOf is the i-th of the four suppliers of a part.
func (g Generator) supplierOf(part, i int) int {
	s := g.count(10_000)
	return (part+i*(s/4+(part-1)/s))%s + 1
}

func (g Generator) partsupp(yield func(Row) bool) {
	r := g.random(seedPartSupp)
	for k := 1; k <= g.count(200_000); k++ {
		seen := map[int]bool{}
		for i := range 4 {
			s := g.supplierOf(k, i)
			if seen[s] { // of a tiny scale factor
				continue
			}
			seen[s] = true
			if !yield(Row{k, s, r.between(1, 9999), Cents(r.between(100, 100_000)), r.text(49, 198)}) {
				return
			}
		}
	}
}

func (g Generator) customer(yield func(Row) bool) {
	r := g.random(seedCustomer)
	for k := 1; k <= g.count(150_000); k++ {
		nation := r.between(0, 24)
		if !yield(Row{k, fmt.Sprintf("Customer#%09d", k), r.vstring(10, 40), nation, r.phone(nation),
			Cents(r.between(-99_999, 999_999)), r.of(segments), r.text(29, 116)}) {
			return
		}
	}
}

// sales makes each order with its line items.
func (g Generator) sales(yield func(order Row, lines []Row) bool) {
	r := g.random(seedOrders)
	customers, clerks := g.count(150_000), g.count(1000)
	for i := range g.count(1_500_000) {
		key := i/8*32 + i%8 + 1 // the first 8 of each 32 keys
		cust := r.between(1, customers)
		for cust%3 == 0 && customers > 2 { // a third of the customers have no orders
			cust = r.between(1, customers)
		}
		day := Date(r.between(0, int(endDate)-151))
		lines, total, status := g.lines(r, key, day)
		order := Row{key, cust, status, total, day, r.of(priorities), fmt.Sprintf("Clerk#%09d", r.between(1, clerks)), 0, r.text(19, 78)}
		if !yield(order, lines) {
			return
		}
	}
}

// lines makes the line items of an order, and what the order says of them.
func (g Generator) lines(r *random, key int, day Date) (lines []Row, total Cents, status string) {
	parts := g.count(200_000)
	open := 0
	n := r.between(1, 7)
	for line := 1; line <= n; line++ {
		part := r.between(1, parts)
		quantity, discount, tax := r.between(1, 50), r.between(0, 10), r.between(0, 8)
		price := Cents(quantity) * retailPrice(part)
		ship := day + Date(r.between(1, 121))
		commit := day + Date(r.between(30, 90))
		receipt := ship + Date(r.between(1, 30))
		flag, state := "N", "F"
		if receipt <= currentDate {
			flag = r.of([]string{"R", "A"})
		}
		if ship > currentDate {
			state = "O"
			open++
		}
		total += price * Cents(100+tax) * Cents(100-discount) / 10_000
		lines = append(lines, Row{key, part, g.supplierOf(part, r.between(0, 3)), line, Cents(quantity * 100), price, Cents(discount),
			Cents(tax), flag, state, ship, commit, receipt, r.of(instructions), r.of(modes), r.text(10, 43)})
	}
	switch open {
	case 0:
		return lines, total, "F"
	case n:
		return lines, total, "O"
	}
	return lines, total, "P"
}
