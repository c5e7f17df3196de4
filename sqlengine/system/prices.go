package system

import (
	"maps"
	"math"
	"slices"

	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/internal/errno"
	"github.com/s3sql/s3sql/sqlengine/expr"
	"github.com/s3sql/s3sql/sqlengine/plan"
	"github.com/s3sql/s3sql/storage/object"
)

// Prices is what a store charges, in USD.
type Prices struct {
	Profile                      string
	Put, Get, Head, List, Delete float64 // of 1,000 requests
	Upload, Download             float64 // of a GiB
	Storage                      float64 // of a GiB and month
}

// DefaultProfile is the profile that holds unless cost_profile says otherwise.
const DefaultProfile = "aws-s3-standard"

// Profiles returns the list prices that are known. Those of Amazon are of us-east-1 and for clients in that region
// (https://aws.amazon.com/s3/pricing/), those of R2 of its class A and B operations (https://developers.cloudflare.com/r2/pricing/);
// s3db are the fixed prices of s3db.js.
func Profiles() []Prices {
	return []Prices{
		{Profile: DefaultProfile, Put: 0.005, List: 0.005, Get: 0.0004, Head: 0.0004, Storage: 0.023},
		{Profile: "aws-s3-express", Put: 0.00113, List: 0.00113, Get: 0.00003, Head: 0.00003, Upload: 0.0032, Download: 0.0006, Storage: 0.11},
		{Profile: "cloudflare-r2", Put: 0.0045, List: 0.0045, Get: 0.00036, Head: 0.00036, Storage: 0.015},
		{Profile: "s3db", Put: 0.005, List: 0.005, Get: 0.0004, Head: 0.0004, Delete: 0.0004},
	}
}

// PriceList is the prices by profile.
type PriceList map[string]Prices

// NewPriceList returns the list prices.
func NewPriceList() PriceList {
	l := PriceList{}
	for _, p := range Profiles() {
		l[p.Profile] = p
	}
	return l
}

// Of returns the prices of a profile, of the default one where there is none of that name.
func (l PriceList) Of(profile string) Prices {
	if p, ok := l[profile]; ok {
		return p
	}
	return l[DefaultProfile]
}

// priceOperations are what system.prices has a row for in each profile.
var priceOperations = []string{"put", "get", "head", "list", "delete", "upload", "download", "storage"}

// field returns where the price of an operation is kept, and whether it is of a GiB; nil of none that is known.
func (p *Prices) field(operation string) (f *float64, perGiB bool) {
	switch operation {
	case "put":
		return &p.Put, false
	case "get":
		return &p.Get, false
	case "head":
		return &p.Head, false
	case "list":
		return &p.List, false
	case "delete":
		return &p.Delete, false
	case "upload":
		return &p.Upload, true
	case "download":
		return &p.Download, true
	case "storage":
		return &p.Storage, true
	}
	return nil, false
}

// Set gives an operation of a profile another price.
func (l PriceList) Set(profile, operation string, usd float64) {
	p, ok := l[profile]
	if f, _ := p.field(operation); ok && f != nil {
		*f = usd
		l[profile] = p
	}
}

// priceSource is what system.prices asks of a session: expr.Context.Tables is one.
type priceSource interface {
	Prices() (PriceList, error)
	SetPrice(profile, operation string, usd float64) error
}

// PriceTable is system.prices. UPDATE changes its prices.
func PriceTable() *plan.VirtualTable {
	return &plan.VirtualTable{Schema: Schema, Name: "prices", Change: changePrice, Source: sourced(priceRows),
		Columns: []plan.Column{column("profile", base.TypeVarchar), column("operation", base.TypeVarchar),
			optional(column("price_per_1000_usd", base.TypeDecimal)), optional(column("price_per_gb_usd", base.TypeDecimal))}}
}

func priceRows(src priceSource) (out [][]base.Value, err error) {
	l, err := src.Prices()
	for _, profile := range slices.Sorted(maps.Keys(l)) {
		p := l[profile]
		for _, op := range priceOperations {
			f, perGiB := p.field(op)
			row := []base.Value{base.NewString(profile), base.NewString(op), {}, {}}
			row[map[bool]int{false: 2, true: 3}[perGiB]] = usd(*f)
			out = append(out, row)
		}
	}
	return out, err
}

// changePrice is UPDATE of one row.
//
// Errors: 1235 of what is no price; 1690 of a negative one.
func changePrice(c *expr.Context, old, row []base.Value) error {
	src, ok := c.Tables.(priceSource)
	switch {
	case !ok || row == nil:
		return base.Errorf(errno.NotSupported, "rows of system.prices can be updated, not deleted")
	case row[0] != old[0] || row[1] != old[1]:
		return base.Errorf(errno.NotSupported, "of system.prices, only price_per_1000_usd and price_per_gb_usd can be updated")
	case row[2].IsNull() != old[2].IsNull() || row[3].IsNull() != old[3].IsNull():
		return base.Errorf(errno.NotSupported, "an operation of system.prices has a price for 1,000 requests or for a GiB, never both")
	}
	at := 2
	if row[at].IsNull() {
		at = 3
	}
	coef, scale := row[at].Decimal()
	units, ok := coef.Int64()
	f := float64(units) / math.Pow10(int(scale))
	if !ok || f < 0 {
		return base.Errorf(errno.DataOutOfRange, "a price is not below zero")
	}
	return src.SetPrice(row[0].Text(), row[1].Text(), f)
}

// PerThousand returns the price of 1,000 requests of a command.
func (p Prices) PerThousand(c object.Command) float64 {
	switch Operation(c) {
	case "put":
		return p.Put
	case "list":
		return p.List
	case "delete":
		return p.Delete
	case "head":
		return p.Head
	}
	return p.Get
}

// Operation returns the class of a command: put, get, head, delete or list.
func Operation(c object.Command) string {
	switch c {
	case object.GetObject:
		return "get"
	case object.HeadObject:
		return "head"
	case object.DeleteObject, object.DeleteObjects, object.AbortMultipartUpload: // which is free as well
		return "delete"
	case object.ListObjectsV2:
		return "list"
	}
	return "put"
}

const gib = 1 << 30

// Requests returns what the requests in s cost, without transfer.
func (p Prices) Requests(s object.Snapshot) float64 {
	total := 0.0
	for c, u := range s.All() {
		total += float64(u.Requests) * p.PerThousand(c) / 1000
	}
	return total
}

// Transfer returns what the bytes in s cost.
func (p Prices) Transfer(s object.Snapshot) float64 {
	t := s.Total()
	return float64(t.Sent)/gib*p.Upload + float64(t.Received)/gib*p.Download
}

// Cost returns what the requests in s cost with their bytes.
func (p Prices) Cost(s object.Snapshot) float64 { return p.Requests(s) + p.Transfer(s) }

// StorageMonth returns what so many bytes cost in a month.
func (p Prices) StorageMonth(bytes int64) float64 { return float64(bytes) / gib * p.Storage }
