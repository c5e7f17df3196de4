// Package segment writes and reads segments: immutable runs of rows in key order, each one Parquet object.
//
// It takes the container and the encodings from parquet-go and decodes pages into column vectors itself: no value is boxed, and
// all columns have their pages cut at the same rows. It knows no catalog and no cache; docs/format/segment.md is the format.
package segment
