package orm

import (
	"testing"
	"time"

	"xorm.io/xorm"
	"xorm.io/xorm/core"
	"xorm.io/xorm/dialects"
	"xorm.io/xorm/log"
	"xorm.io/xorm/names"
	"xorm.io/xorm/schemas"
)

// XormUser has a column of every kind that xorm maps.
type XormUser struct {
	ID      int64     `xorm:"pk autoincr 'id'"`
	Name    string    `xorm:"varchar(100) notnull index(name_age) comment('the name')"`
	Age     int       `xorm:"default 18 index(name_age)"`
	Email   string    `xorm:"varchar(120) unique"`
	Active  bool      `xorm:"notnull default 1"`
	Tiny    int8      `xorm:"tinyint"`
	Big     uint64    `xorm:"bigint"`
	Small   int16     `xorm:"smallint"`
	Score   float64   `xorm:"double"`
	Ratio   float32   `xorm:"float"`
	Price   string    `xorm:"decimal(12,2) default 1.50"`
	Bio     string    `xorm:"text"`
	Long    string    `xorm:"longtext"`
	Raw     []byte    `xorm:"blob"`
	Code    string    `xorm:"char(5)"`
	Kind    string    `xorm:"enum('a','b') default 'a'"`
	Doc     []string  `xorm:"json"`
	Day     time.Time `xorm:"date"`
	Created time.Time `xorm:"created"`
	Updated time.Time `xorm:"updated"`
	Deleted time.Time `xorm:"deleted"`
	Version int       `xorm:"version"`
}

// XormPair has a key of two columns.
type XormPair struct {
	A     int    `xorm:"pk"`
	B     string `xorm:"varchar(20) pk"`
	Value string `xorm:"varchar(50) unique(value_n)"`
	N     int    `xorm:"unique(value_n)"`
}

func openXorm(t *testing.T) (*xorm.Engine, *recorder) {
	t.Helper()
	pool, r := open(t)
	d, err := dialects.OpenDialect("mysql", "root@tcp(127.0.0.1:3306)/app") // for the dialect's names: nothing is dialled
	must(t, err)
	var name string
	must(t, pool.QueryRow("SELECT DATABASE()").Scan(&name))
	must(t, d.Init(&dialects.URI{DBType: schemas.MYSQL, DBName: name, Charset: "utf8mb4"}))
	e, err := xorm.NewEngineWithDialectAndDB("mysql", "", d, core.FromDB(pool))
	must(t, err)
	e.SetMapper(names.GonicMapper{})
	e.SetLogLevel(log.LOG_OFF)
	e.DatabaseTZ, e.TZLocation = time.UTC, time.UTC
	return e, r
}

func TestXormSyncsOnce(t *testing.T) {
	e, r := openXorm(t)
	models := []any{new(XormUser), new(XormPair)}
	must(t, e.Sync2(models...))
	if len(changes(r.take())) == 0 {
		t.Error("the first Sync2 did nothing")
	}
	unchanged(t, r, func() error { return e.Sync2(models...) })
	tables, err := e.DBMetas()
	must(t, err)
	if len(tables) != 2 {
		t.Errorf("%d tables", len(tables))
	}
	if yes, err := e.IsTableExist("xorm_user"); !yes || err != nil {
		t.Error(yes, err)
	}
}

func TestXormReadsAndWrites(t *testing.T) {
	e, _ := openXorm(t)
	must(t, e.Sync2(new(XormUser), new(XormPair)))
	users := []*XormUser{{Name: "Ann", Email: "a@x", Age: 20, Doc: []string{"x"}, Active: true, Price: "2.50", Kind: "b", Day: time.Date(2026, 1, 2, 0, 0, 0, 0, time.UTC), Raw: []byte{1, 0}},
		{Name: "Bob", Email: "b@x", Age: 30, Price: "1", Kind: "a", Day: time.Date(2026, 1, 3, 0, 0, 0, 0, time.UTC)}}
	n, err := e.Insert(&users)
	must(t, err)
	if n != 2 {
		t.Errorf("%d inserted", n)
	}
	one := &XormUser{Name: "Cid", Email: "c@x", Price: "3", Kind: "a", Day: time.Date(2026, 1, 4, 0, 0, 0, 0, time.UTC)}
	_, err = e.Insert(one)
	must(t, err)
	if one.ID != 3 || one.Version != 1 {
		t.Errorf("%+v", one)
	}
	got := new(XormUser)
	if has, err := e.Where("email = ?", "a@x").Get(got); !has || err != nil || got.Name != "Ann" || len(got.Doc) != 1 || got.Price != "2.50" ||
		got.Day.Day() != 2 || string(got.Raw) != "\x01\x00" || !got.Active {
		t.Errorf("%t %v %+v", has, err, got)
	}
	one.Name = "Cyd"
	if n, err := e.ID(one.ID).Update(one); n != 1 || err != nil || one.Version != 2 {
		t.Error(n, err, one.Version)
	}
	if n, err := e.ID(one.ID).Delete(one); n != 1 || err != nil {
		t.Error(n, err)
	}
	if total, err := e.Count(new(XormUser)); total != 2 || err != nil {
		t.Error(total, err)
	}
	if total, err := e.Unscoped().Count(new(XormUser)); total != 3 || err != nil {
		t.Error(total, err)
	}
	var list []XormUser
	must(t, e.Where("age >= ?", 20).In("name", "Ann", "Bob").Desc("age").Limit(1, 1).Find(&list))
	if len(list) != 1 || list[0].Name != "Ann" {
		t.Errorf("%+v", list)
	}
	if _, err := e.ID(1).NoVersionCheck().Incr("age", 5).Update(new(XormUser)); err != nil {
		t.Error(err)
	}
	sum, err := e.SumInt(new(XormUser), "age")
	must(t, err)
	if sum != 55 {
		t.Errorf("sum %d", sum)
	}
	s := e.NewSession()
	must(t, s.Begin())
	_, err = s.Insert(&XormPair{A: 1, B: "x", Value: "v"})
	must(t, err)
	must(t, s.Rollback())
	must(t, s.Close())
	if yes, err := e.Exist(&XormPair{A: 1}); yes || err != nil {
		t.Error(yes, err)
	}
	rows, err := e.QueryString("SELECT id, name FROM xorm_user WHERE id = ?", 1)
	must(t, err)
	if len(rows) != 1 || rows[0]["name"] != "Ann" {
		t.Errorf("%v", rows)
	}
	var joined []struct {
		XormUser `xorm:"extends"`
		Value    string
	}
	must(t, e.Table("xorm_user").Join("LEFT", "xorm_pair", "xorm_pair.a = xorm_user.id").Find(&joined))
	if len(joined) != 3 && len(joined) != 2 {
		t.Errorf("%d rows", len(joined))
	}
}
