package system

import (
	"github.com/s3sql/s3sql/storage/object"
)

// Prices is what requests cost in USD.
type Prices struct {
	Profile string
	// PerThousand is the price of 1,000 requests by class.
	Put, Get, List, Delete float64
}

// DefaultPrices returns the list prices of S3 Standard in us-east-1 (https://aws.amazon.com/s3/pricing/): PUT, COPY, POST
// and LIST $0.005, GET and HEAD $0.0004 per 1,000, DELETE free. Transfer inside a region is free.
func DefaultPrices() Prices {
	return Prices{Profile: "aws-s3-standard", Put: 0.005, List: 0.005, Get: 0.0004}
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

// Cost returns what the requests in s cost, in USD.
func (p Prices) Cost(s object.Snapshot) float64 {
	total := 0.0
	for c, u := range s.All() {
		total += float64(u.Requests) * p.PerThousand(c) / 1000
	}
	return total
}
