package orm

import (
	"context"
	"database/sql"
	"errors"
	"testing"
	"time"

	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect/mysqldialect"
	"github.com/uptrace/bun/migrate"
)

// BunUser has many orders.
type BunUser struct {
	bun.BaseModel `bun:"table:bun_users,alias:u"`

	ID        int64       `bun:",pk,autoincrement"`
	Name      string      `bun:",notnull,type:varchar(100)"`
	Email     string      `bun:",unique,type:varchar(120)"`
	Active    bool        `bun:",notnull,default:true"`
	Balance   float64     `bun:"type:decimal(10,2),default:0"`
	Tags      []string    `bun:"type:json"`
	Meta      *BunMeta    `bun:"type:json"`
	CreatedAt time.Time   `bun:",nullzero,notnull,default:current_timestamp(6),type:datetime(6)"`
	DeletedAt time.Time   `bun:",soft_delete,nullzero"`
	Orders    []*BunOrder `bun:"rel:has-many,join:id=user_id"`
}

// BunMeta is stored as JSON.
type BunMeta struct{ Level int }

// BunOrder belongs to a user and has many items.
type BunOrder struct {
	bun.BaseModel `bun:"table:bun_orders"`

	ID     int64 `bun:",pk,autoincrement"`
	UserID int64
	User   *BunUser   `bun:"rel:belongs-to,join:user_id=id"`
	Total  int64      `bun:",notnull"`
	Items  []*BunItem `bun:"m2m:bun_order_items,join:Order=Item"`
}

// BunItem is in many orders.
type BunItem struct {
	bun.BaseModel `bun:"table:bun_items"`

	ID   int64 `bun:",pk,autoincrement"`
	Name string
}

// BunOrderItem joins orders and items.
type BunOrderItem struct {
	bun.BaseModel `bun:"table:bun_order_items"`

	OrderID int64     `bun:",pk"`
	Order   *BunOrder `bun:"rel:belongs-to,join:order_id=id"`
	ItemID  int64     `bun:",pk"`
	Item    *BunItem  `bun:"rel:belongs-to,join:item_id=id"`
}

func openBun(t *testing.T) (*bun.DB, *recorder) {
	t.Helper()
	pool, r := open(t)
	db := bun.NewDB(pool, mysqldialect.New())
	db.RegisterModel((*BunOrderItem)(nil))
	return db, r
}

func bunMigrations(db *bun.DB) *migrate.Migrations {
	with := func(step func(context.Context, *bun.DB) error) func(context.Context, *migrate.Migrator, *migrate.Migration) error {
		return func(ctx context.Context, _ *migrate.Migrator, _ *migrate.Migration) error { return step(ctx, db) }
	}
	m := migrate.NewMigrations()
	m.Add(migrate.Migration{Name: "20260101000000", Up: with(func(ctx context.Context, db *bun.DB) error {
		for _, model := range []any{(*BunUser)(nil), (*BunOrder)(nil), (*BunItem)(nil), (*BunOrderItem)(nil)} {
			if _, err := db.NewCreateTable().Model(model).IfNotExists().Exec(ctx); err != nil {
				return err
			}
		}
		_, err := db.NewCreateIndex().Model((*BunOrder)(nil)).Index("orders_user").Column("user_id", "total").Exec(ctx)
		return err
	})})
	m.Add(migrate.Migration{Name: "20260102000000", Up: with(func(ctx context.Context, db *bun.DB) error {
		if _, err := db.NewAddColumn().Model((*BunItem)(nil)).ColumnExpr("price BIGINT NOT NULL DEFAULT 5").Exec(ctx); err != nil {
			return err
		}
		if _, err := db.NewDropColumn().Model((*BunItem)(nil)).ColumnExpr("price").Exec(ctx); err != nil {
			return err
		}
		_, err := db.NewDropIndex().Model((*BunOrder)(nil)).Index("orders_user ON bun_orders").Exec(ctx)
		return err
	})})
	return m
}

func TestBunMigratesOnce(t *testing.T) {
	ctx := context.Background()
	db, r := openBun(t)
	m := migrate.NewMigrator(db, bunMigrations(db))
	must(t, m.Init(ctx))
	must(t, m.Lock(ctx))
	if err := m.Lock(ctx); err == nil {
		t.Error("locked twice")
	}
	group, err := m.Migrate(ctx)
	must(t, err)
	must(t, m.Unlock(ctx))
	if len(group.Migrations) != 2 {
		t.Errorf("%d migrations", len(group.Migrations))
	}
	unchanged(t, r, func() error {
		again, err := m.Migrate(ctx)
		if err == nil && len(again.Migrations) != 0 {
			t.Errorf("%d migrations ran again", len(again.Migrations))
		}
		return err
	})
}

func TestBunReadsAndWrites(t *testing.T) {
	ctx := context.Background()
	db, _ := openBun(t)
	m := migrate.NewMigrator(db, bunMigrations(db))
	must(t, m.Init(ctx))
	_, err := m.Migrate(ctx)
	must(t, err)
	users := []*BunUser{{Name: "Ann", Email: "a@x", Tags: []string{"x", "y"}, Meta: &BunMeta{Level: 3}, Balance: 1.5, Active: true},
		{Name: "Bob", Email: "b@x"}, {Name: "Cid", Email: "c@x"}}
	_, err = db.NewInsert().Model(&users).Exec(ctx)
	must(t, err)
	if users[0].ID != 1 || users[2].ID != 3 {
		t.Errorf("ids %d %d", users[0].ID, users[2].ID)
	}
	orders := []*BunOrder{{UserID: 1, Total: 10}, {UserID: 1, Total: 20}, {UserID: 2, Total: 30}}
	_, err = db.NewInsert().Model(&orders).Exec(ctx)
	must(t, err)
	_, err = db.NewInsert().Model(&[]*BunItem{{Name: "i"}, {Name: "j"}}).Exec(ctx)
	must(t, err)
	_, err = db.NewInsert().Model(&[]*BunOrderItem{{OrderID: 1, ItemID: 1}, {OrderID: 1, ItemID: 2}}).Exec(ctx)
	must(t, err)
	var u BunUser
	must(t, db.NewSelect().Model(&u).Relation("Orders", func(q *bun.SelectQuery) *bun.SelectQuery { return q.Order("total DESC") }).
		Where("u.name = ?", "Ann").Scan(ctx))
	if len(u.Orders) != 2 || u.Orders[0].Total != 20 || len(u.Tags) != 2 || u.Meta.Level != 3 || u.CreatedAt.IsZero() {
		t.Errorf("%+v", u)
	}
	var o BunOrder
	must(t, db.NewSelect().Model(&o).Relation("User").Relation("Items").Where("bun_order.id = ?", 1).Scan(ctx))
	if o.User == nil || o.User.Name != "Ann" || len(o.Items) != 2 {
		t.Errorf("%+v", o)
	}
	_, err = db.NewInsert().Model(&BunUser{ID: 2, Name: "Ben", Email: "b@x"}).On("DUPLICATE KEY UPDATE").Set("name = VALUES(name)").Exec(ctx)
	must(t, err)
	_, err = db.NewInsert().Model(&BunUser{Name: "dup", Email: "b@x"}).Ignore().Exec(ctx)
	must(t, err)
	_, err = db.NewUpdate().Model((*BunUser)(nil)).Set("balance = balance + ?", 2).Where("active").Exec(ctx)
	must(t, err)
	_, err = db.NewUpdate().Model(users[2]).Column("name").WherePK().Exec(ctx)
	must(t, err)
	res, err := db.NewDelete().Model((*BunUser)(nil)).Where("name = ?", "Cid").Exec(ctx)
	must(t, err)
	if n, err := res.RowsAffected(); n != 1 || err != nil {
		t.Errorf("%d rows deleted, %v", n, err)
	}
	count, err := db.NewSelect().Model((*BunUser)(nil)).Count(ctx)
	must(t, err)
	deleted, err := db.NewSelect().Model((*BunUser)(nil)).WhereDeleted().Count(ctx)
	must(t, err)
	if count != 2 || deleted != 1 {
		t.Errorf("%d users, %d deleted", count, deleted)
	}
	_, err = db.NewDelete().Model((*BunOrder)(nil)).Where("id = ?", 3).Exec(ctx)
	must(t, err)
	exists, err := db.NewSelect().Model((*BunUser)(nil)).Where("name = ?", "Ben").Exists(ctx)
	must(t, err)
	if !exists {
		t.Error("the upsert changed nothing")
	}
	var stats []struct {
		UserID int64
		Sum    int64
	}
	q := db.NewSelect().Model((*BunOrder)(nil)).Column("user_id").ColumnExpr("SUM(total) AS sum").Group("user_id")
	must(t, db.NewSelect().With("s", q).TableExpr("s").Where("s.sum > ?", 5).OrderExpr("user_id").Scan(ctx, &stats))
	if len(stats) != 1 || stats[0].Sum != 30 {
		t.Errorf("%+v", stats)
	}
	union := db.NewSelect().Model((*BunItem)(nil)).Column("name").Union(db.NewSelect().Model((*BunUser)(nil)).Column("name"))
	var names []string
	must(t, union.Scan(ctx, &names))
	if len(names) != 4 {
		t.Errorf("%v", names)
	}
	list := []*BunUser{{ID: 1, Name: "A1"}, {ID: 2, Name: "B1"}}
	_, err = db.NewUpdate().Model(&list).Column("name").Bulk().Exec(ctx)
	must(t, err)
	_, err = db.NewTruncateTable().Model((*BunOrderItem)(nil)).Exec(ctx)
	must(t, err)
}

func TestBunTransactions(t *testing.T) {
	ctx := context.Background()
	db, _ := openBun(t)
	_, err := db.NewCreateTable().Model((*BunItem)(nil)).Exec(ctx)
	must(t, err)
	fail := errors.New("no")
	must(t, db.RunInTx(ctx, &sql.TxOptions{Isolation: sql.LevelSerializable}, func(ctx context.Context, tx bun.Tx) error {
		if _, err := tx.NewInsert().Model(&BunItem{Name: "a"}).Exec(ctx); err != nil {
			return err
		}
		if err := tx.RunInTx(ctx, nil, func(ctx context.Context, inner bun.Tx) error {
			if _, err := inner.NewInsert().Model(&BunItem{Name: "b"}).Exec(ctx); err != nil {
				return err
			}
			return fail
		}); !errors.Is(err, fail) {
			return err
		}
		var it BunItem
		return tx.NewSelect().Model(&it).Where("name = ?", "a").For("UPDATE").Scan(ctx)
	}))
	n, err := db.NewSelect().Model((*BunItem)(nil)).Count(ctx)
	must(t, err)
	if n != 1 {
		t.Errorf("%d items", n)
	}
}
