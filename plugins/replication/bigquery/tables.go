package bigquery

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"cloud.google.com/go/bigquery"

	"github.com/s3sql/s3sql/plugins/replication"
)

// field is a column that a table is to have.
type field struct {
	name   string
	typ    bigquery.FieldType
	column *replication.Column // nil: of this package, whose type has to be typ
	key    bool
}

// fit is a table that takes the records of a destination.
type fit struct {
	table       string
	destination *replication.Destination
	names       []string             // of fieldsOf, as the table writes them
	types       []bigquery.FieldType // of the same, in the table
}

// The columns that say what has happened to a row, of the modes that append.
var (
	appendFields = []field{
		{name: "_operation", typ: bigquery.StringFieldType},
		{name: "_commit_seq", typ: bigquery.IntegerFieldType},
		{name: "_commit_time", typ: bigquery.TimestampFieldType},
		{name: "_change_id", typ: bigquery.StringFieldType},
	}
	immutableFields = []field{
		{name: "_operation", typ: bigquery.StringFieldType},
		{name: "_version", typ: bigquery.IntegerFieldType},
		{name: "_is_deleted", typ: bigquery.BooleanFieldType},
		{name: "_commit_time", typ: bigquery.TimestampFieldType},
		{name: "_replicated_at", typ: bigquery.TimestampFieldType},
		{name: "_change_id", typ: bigquery.StringFieldType},
	}
)

// errLocation says that the dataset is not where the option location says.
var errLocation = errors.New("in another location")

// fieldsOf returns the columns of a destination's table: first, in its order, the destination's.
func (t *target) fieldsOf(d *replication.Destination) []field {
	list := make([]field, 0, len(d.Columns)+len(immutableFields))
	for i := range d.Columns {
		c := &d.Columns[i]
		list = append(list, field{name: c.Name, typ: typeOf(c), column: c, key: slices.Contains(d.Key, i)})
	}
	switch t.config.mode {
	case modeAppend:
		list = append(list, appendFields...)
	case modeImmutable:
		list = append(list, immutableFields...)
	}
	return list
}

// checkFields says what is wrong with the columns of a table, whatever is there.
func checkFields(table string, list []field) error {
	if err := checkTableName(table); err != nil {
		return err
	}
	seen := map[string]bool{}
	for _, f := range list {
		if f.column != nil {
			if err := checkColumnName(f.name); err != nil {
				return fmt.Errorf("table %s: %w", table, err)
			}
		}
		lower := strings.ToLower(f.name)
		if seen[lower] {
			return fmt.Errorf("table %s: there would be two columns %s; rename one with AS in the replication", table, f.name)
		}
		seen[lower] = true
	}
	return nil
}

// readyDataset makes the dataset when it is missing and to be made, and learns where it is.
func (t *target) readyDataset(ctx context.Context) error {
	if t.located {
		return nil
	}
	err := t.locate(ctx)
	if isMissing(err) && t.config.create {
		err = t.do(ctx, "create dataset "+t.config.dataset, func(ctx context.Context) error {
			return t.client.Dataset(t.config.dataset).Create(ctx, &bigquery.DatasetMetadata{Location: t.config.location})
		})
		if isTaken(err) {
			err = nil
		}
	}
	t.located = err == nil
	return err
}

// locate looks for the dataset. Where location was not given, queries run where the dataset is.
//
// Errors: isMissing; Permanent when it is elsewhere than location says; those of explain.
func (t *target) locate(ctx context.Context) error {
	var md *bigquery.DatasetMetadata
	err := t.do(ctx, "look for dataset "+t.config.dataset, func(ctx context.Context) (err error) {
		md, err = t.client.Dataset(t.config.dataset).Metadata(ctx)
		return err
	})
	switch {
	case err != nil:
		return err
	case md.Location == "":
	case t.config.anyLocation:
		t.client.Location = md.Location
	case !strings.EqualFold(md.Location, t.config.location):
		return replication.Permanent(fmt.Errorf("BigQuery: dataset %s is %w, %s, and not in %s", t.config.dataset, errLocation, md.Location, t.config.location))
	}
	return nil
}

// readyTable makes a table, or the columns that it lacks, and returns how the records of a destination fit it.
//
// Errors: Permanent when something is missing and not to be made, or is of another type; those of explain.
func (t *target) readyTable(ctx context.Context, name string, list []field) (*fit, error) {
	if err := checkFields(name, list); err != nil {
		return nil, replication.Permanent(err)
	}
	md, err := t.lookup(ctx, name)
	if isMissing(err) && t.config.create {
		if err = t.createTable(ctx, name, list); err == nil {
			return fitTo(name, list, nil), nil
		}
		if isTaken(err) { // by another process, just now
			md, err = t.lookup(ctx, name)
		}
	}
	if err != nil {
		return nil, err
	}
	missing, err := compare(name, md, list)
	if err != nil {
		return nil, replication.Permanent(err)
	}
	if len(missing) > 0 {
		if !t.config.create {
			return nil, replication.Permanent(fmt.Errorf("BigQuery: table %s lacks the column %s, and create_tables is off", name, missing[0].Name))
		}
		if err := t.addColumns(ctx, md, name, missing); err != nil {
			return nil, err
		}
	}
	return fitTo(name, list, md), nil
}

func (t *target) lookup(ctx context.Context, name string) (md *bigquery.TableMetadata, err error) {
	err = t.do(ctx, "look for table "+name, func(ctx context.Context) (err error) {
		md, err = t.table(name).Metadata(ctx, bigquery.WithMetadataView(bigquery.BasicMetadataView))
		return err
	})
	if err != nil {
		return nil, err
	}
	for _, f := range md.Schema {
		if old, ok := oldNames[f.Type]; ok {
			f.Type = old
		}
	}
	return md, nil
}

func (t *target) createTable(ctx context.Context, name string, list []field) error {
	md := &bigquery.TableMetadata{Schema: schemaOf(list), Clustering: clusteringOf(list)}
	return t.do(ctx, "create table "+name, func(ctx context.Context) error { return t.table(name).Create(ctx, md) })
}

// addColumns adds columns to a table, unless it has changed since it was looked at.
func (t *target) addColumns(ctx context.Context, md *bigquery.TableMetadata, name string, missing bigquery.Schema) error {
	schema := append(slices.Clone(md.Schema), missing...)
	return t.do(ctx, "add columns to table "+name, func(ctx context.Context) error {
		_, err := t.table(name).Update(ctx, bigquery.TableMetadataToUpdate{Schema: schema}, md.ETag)
		return err
	})
}

// schemaOf makes columns that may all be NULL: what is NOT NULL in the source may cease to be, and a record of another version come late.
func schemaOf(list []field) bigquery.Schema {
	schema := make(bigquery.Schema, len(list))
	for i, f := range list {
		schema[i] = &bigquery.FieldSchema{Name: f.name, Type: f.typ}
	}
	return schema
}

// clusteringOf lets BigQuery find the rows of a MERGE without reading all of them.
func clusteringOf(list []field) *bigquery.Clustering {
	var names []string
	for _, f := range list {
		if f.key && len(names) < 4 && f.typ != bigquery.BytesFieldType && f.typ != bigquery.FloatFieldType {
			names = append(names, f.name)
		}
	}
	if names == nil {
		return nil
	}
	return &bigquery.Clustering{Fields: names}
}

// compare returns the columns that a table lacks.
//
// Errors: the table is a view or the like; a column has another type; a column that is not delivered is REQUIRED.
func compare(name string, md *bigquery.TableMetadata, list []field) (missing bigquery.Schema, err error) {
	if md.Type != "" && md.Type != bigquery.RegularTable {
		return nil, fmt.Errorf("BigQuery: %s is not a table that takes rows, but a %s", name, md.Type)
	}
	there := map[string]*bigquery.FieldSchema{}
	for _, f := range md.Schema {
		there[strings.ToLower(f.Name)] = f
	}
	for i, f := range list {
		have := there[strings.ToLower(f.name)]
		delete(there, strings.ToLower(f.name))
		switch {
		case have == nil:
			missing = append(missing, schemaOf(list[i:i+1])...)
		case f.column != nil && !fits(f.column, have), f.column == nil && (have.Type != f.typ || have.Repeated):
			return nil, fmt.Errorf("BigQuery: column %s of table %s is %s, which does not take all values of %s; it would have to be %s",
				have.Name, name, typeName(have), sourceType(f), sqlName(f.typ))
		}
	}
	for _, f := range md.Schema {
		if f.Required && there[strings.ToLower(f.Name)] != nil {
			return nil, fmt.Errorf("BigQuery: column %s of table %s is REQUIRED, and the replication has no value for it", f.Name, name)
		}
	}
	return missing, nil
}

func typeName(f *bigquery.FieldSchema) string {
	if f.Repeated {
		return "ARRAY<" + sqlName(f.Type) + ">"
	}
	return sqlName(f.Type)
}

func sourceType(f field) string {
	if f.column == nil {
		return sqlName(f.typ)
	}
	return f.column.SQLType
}

// fitTo returns how the records of columns fit a table; md is nil for one that was made for them.
func fitTo(table string, list []field, md *bigquery.TableMetadata) *fit {
	there := map[string]*bigquery.FieldSchema{}
	if md != nil {
		for _, f := range md.Schema {
			there[strings.ToLower(f.Name)] = f
		}
	}
	out := &fit{table: table}
	for _, f := range list {
		name, typ := f.name, f.typ
		if have := there[strings.ToLower(f.name)]; have != nil {
			name, typ = have.Name, have.Type
		}
		out.names, out.types = append(out.names, name), append(out.types, typ)
	}
	return out
}
