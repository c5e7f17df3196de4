package orm

import (
	"context"
	"testing"

	"entgo.io/ent/dialect"
	entsql "entgo.io/ent/dialect/sql"
	"entgo.io/ent/dialect/sql/schema"
	"entgo.io/ent/schema/field"
)

// entTables is a schema as ent's generated code describes one.
func entTables() []*schema.Table {
	users := &schema.Table{Name: "ent_users", Columns: []*schema.Column{
		{Name: "id", Type: field.TypeInt, Increment: true},
		{Name: "name", Type: field.TypeString, Size: 100, Default: "unknown"},
		{Name: "email", Type: field.TypeString, Unique: true},
		{Name: "age", Type: field.TypeInt8, Nullable: true},
		{Name: "points", Type: field.TypeUint64, Default: 5},
		{Name: "score", Type: field.TypeFloat64},
		{Name: "ratio", Type: field.TypeFloat32, Nullable: true},
		{Name: "active", Type: field.TypeBool, Default: true},
		{Name: "state", Type: field.TypeEnum, Enums: []string{"open", "closed"}, Default: "open"},
		{Name: "doc", Type: field.TypeJSON, Nullable: true},
		{Name: "raw", Type: field.TypeBytes, Nullable: true},
		{Name: "bio", Type: field.TypeString, Size: 2147483647, Nullable: true},
		{Name: "token", Type: field.TypeUUID, Nullable: true},
		{Name: "price", Type: field.TypeFloat64, SchemaType: map[string]string{dialect.MySQL: "decimal(10,2)"}},
		{Name: "created_at", Type: field.TypeTime},
		{Name: "stamp", Type: field.TypeTime, SchemaType: map[string]string{dialect.MySQL: "datetime(6)"}, Default: "CURRENT_TIMESTAMP(6)"},
	}}
	users.PrimaryKey = users.Columns[:1]
	users.Indexes = []*schema.Index{{Name: "entuser_name_age", Columns: []*schema.Column{users.Columns[1], users.Columns[3]}},
		{Name: "entuser_state_age", Unique: true, Columns: []*schema.Column{users.Columns[8], users.Columns[3], users.Columns[0]}}}
	pets := &schema.Table{Name: "ent_pets", Columns: []*schema.Column{
		{Name: "id", Type: field.TypeInt64, Increment: true},
		{Name: "name", Type: field.TypeString, Comment: "what it listens to"},
		{Name: "owner_id", Type: field.TypeInt, Nullable: true},
	}}
	pets.PrimaryKey = pets.Columns[:1]
	pets.ForeignKeys = []*schema.ForeignKey{{Symbol: "ent_pets_owner", Columns: pets.Columns[2:], RefTable: users, RefColumns: users.Columns[:1],
		OnDelete: schema.SetNull}}
	return []*schema.Table{users, pets}
}

func openEnt(t *testing.T) (*entsql.Driver, *recorder) {
	t.Helper()
	pool, r := open(t)
	return entsql.OpenDB(dialect.MySQL, pool), r
}

func entMigrate(drv dialect.Driver, foreignKeys bool) error {
	m, err := schema.NewMigrate(drv, schema.WithForeignKeys(foreignKeys), schema.WithDropColumn(true), schema.WithDropIndex(true))
	if err != nil {
		return err
	}
	return m.Create(context.Background(), entTables()...)
}

func TestEntMigratesOnce(t *testing.T) {
	drv, r := openEnt(t)
	must(t, entMigrate(drv, true))
	unchanged(t, r, func() error { return entMigrate(drv, true) })
}

func TestEntReadsAndWrites(t *testing.T) {
	ctx := context.Background()
	drv, _ := openEnt(t)
	must(t, entMigrate(drv, true))
	insert := func(table, column string, id int) {
		t.Helper()
		query, args := entsql.Dialect(dialect.MySQL).Insert("ent_users").Columns("name", "email", "score", "price", "created_at", "doc").
			Values("Ann", column, 1.5, "2.25", "2026-01-02 03:04:05", `{"a": 1}`).
			OnConflict(entsql.ResolveWithNewValues()).Query()
		var res entsql.Result
		must(t, drv.Exec(ctx, query, args, &res))
		if got, err := res.LastInsertId(); err != nil || int(got) != id {
			t.Errorf("id %d, %v", got, err)
		}
	}
	insert("ent_users", "a@x", 1)
	insert("ent_users", "b@x", 2)
	users, pets := entsql.Table("ent_users"), entsql.Table("ent_pets")
	query, args := entsql.Dialect(dialect.MySQL).Insert("ent_pets").Columns("name", "owner_id").Values("Rex", 1).Values("Kit", 2).Query()
	must(t, drv.Exec(ctx, query, args, nil))
	query, args = entsql.Dialect(dialect.MySQL).Select(users.C("name"), entsql.As(entsql.Count("*"), "n")).From(users).Join(pets).
		On(users.C("id"), pets.C("owner_id")).Where(entsql.And(entsql.EQ(users.C("active"), true), entsql.HasPrefix(users.C("email"), "a"))).
		GroupBy(users.C("name")).OrderBy(entsql.Desc("n")).Limit(5).Query()
	var rows entsql.Rows
	must(t, drv.Query(ctx, query, args, &rows))
	n := 0
	for rows.Next() {
		var name string
		var count int
		must(t, rows.Scan(&name, &count))
		if name != "Ann" || count != 1 {
			t.Error(name, count)
		}
		n++
	}
	must(t, rows.Close())
	if n != 1 {
		t.Errorf("%d groups", n)
	}
	tx, err := drv.Tx(ctx)
	must(t, err)
	query, args = entsql.Dialect(dialect.MySQL).Update("ent_users").Add("points", 3).SetNull("age").Where(entsql.In("id", 1, 2)).Query()
	must(t, tx.Exec(ctx, query, args, nil))
	query, args = entsql.Dialect(dialect.MySQL).Delete("ent_pets").Where(entsql.EQ("name", "Kit")).Query()
	must(t, tx.Exec(ctx, query, args, nil))
	must(t, tx.Commit())
	query, args = entsql.Dialect(dialect.MySQL).Select("points").From(users).Where(entsql.EQ("id", 1)).ForUpdate().Query()
	must(t, drv.Query(ctx, query, args, &rows))
	var points uint64
	must(t, entsql.ScanOne(&rows, &points))
	must(t, rows.Close())
	if points != 8 {
		t.Errorf("%d points", points)
	}
}
