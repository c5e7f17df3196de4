package orm

import (
	"context"
	"database/sql"
	"errors"
	"testing"
	"time"

	mysqldriver "github.com/go-sql-driver/mysql"
	"gorm.io/driver/mysql"
	"gorm.io/gorm"
	"gorm.io/gorm/clause"
	"gorm.io/gorm/logger"
)

// Author has many articles, one profile, and a soft delete.
type Author struct {
	gorm.Model
	Name     string `gorm:"size:100;not null;index:idx_name_email,priority:1;comment:the full name"`
	Email    string `gorm:"size:120;uniqueIndex;index:idx_name_email,priority:2"`
	Active   bool   `gorm:"not null;default:true"`
	Rating   float64
	Score    float32
	Age      int8 `gorm:"default:18"`
	Small    int16
	Big      int64  `gorm:"not null;default:-5"`
	Unsigned uint32 `gorm:"default:7"`
	Price    string `gorm:"type:decimal(12,2);default:1.50"`
	Bio      string `gorm:"type:text"`
	Raw      []byte
	Blob     []byte `gorm:"type:mediumblob"`
	Kind     string `gorm:"type:enum('a','b');default:'a'"`
	Settings string `gorm:"type:json"`
	Born     *time.Time
	Day      time.Time      `gorm:"type:date"`
	Seen     time.Time      `gorm:"precision:6;autoUpdateTime"`
	Nick     sql.NullString `gorm:"size:20;default:'n/a'"`
	Address  Address        `gorm:"embedded;embeddedPrefix:address_"`
	Profile  Profile
	Articles []Article
}

// Address is embedded.
type Address struct {
	Street string `gorm:"size:80"`
	Zip    string `gorm:"type:char(5);check:address_zip <> ''"`
}

// Profile belongs to an author.
type Profile struct {
	ID       uint
	AuthorID uint `gorm:"uniqueIndex"`
	Text     string
}

// Article belongs to an author and has many tags.
type Article struct {
	ID       uint64
	AuthorID uint    `gorm:"index"`
	Author   *Author `gorm:"constraint:OnUpdate:CASCADE,OnDelete:SET NULL"`
	Title    string  `gorm:"size:200;uniqueIndex:uq_title_year"`
	Year     int     `gorm:"uniqueIndex:uq_title_year"`
	Tags     []Tag   `gorm:"many2many:article_tags"`

	hooked bool
}

// AfterCreate notes that the hook ran.
func (a *Article) AfterCreate(*gorm.DB) error {
	a.hooked = true
	return nil
}

// Tag has a key that is no number.
type Tag struct {
	Name string `gorm:"primaryKey;size:40"`
}

func openGORM(t *testing.T) (*gorm.DB, *recorder) {
	t.Helper()
	pool, r := open(t)
	db, err := gorm.Open(mysql.New(mysql.Config{Conn: pool}), &gorm.Config{Logger: logger.Default.LogMode(logger.Silent)})
	if err != nil {
		t.Fatal(err)
	}
	return db, r
}

var gormModels = []any{&Author{}, &Profile{}, &Tag{}, &Article{}}

func TestGORMMigratesOnce(t *testing.T) {
	db, r := openGORM(t)
	if err := db.AutoMigrate(gormModels...); err != nil {
		t.Fatal(err)
	}
	if len(changes(r.take())) == 0 {
		t.Error("the first migration did nothing")
	}
	unchanged(t, r, func() error { return db.AutoMigrate(gormModels...) })
	m := db.Migrator()
	if !m.HasTable("article_tags") || !m.HasColumn(&Author{}, "address_zip") || !m.HasIndex(&Article{}, "uq_title_year") ||
		!m.HasConstraint(&Article{}, "fk_authors_articles") || m.HasTable("nothing") || m.HasIndex(&Author{}, "nothing") {
		t.Error("the migrator does not find what it made, or finds what it did not")
	}
	if name := m.CurrentDatabase(); name == "" {
		t.Error("no current database")
	}
	tables, err := m.GetTables()
	if err != nil || len(tables) != 5 {
		t.Error(tables, err)
	}
	types, err := m.ColumnTypes(&Author{})
	if err != nil || len(types) < 20 {
		t.Fatal(len(types), err)
	}
	if n, ok := types[0].Length(); types[0].Name() != "id" || ok && n != 0 {
		t.Error(types[0].Name(), n)
	}
	if indexes, err := m.GetIndexes(&Author{}); err != nil || len(indexes) != 4 {
		t.Error(len(indexes), err)
	}
}

func TestGORMChangesSchema(t *testing.T) {
	db, _ := openGORM(t)
	if err := db.AutoMigrate(gormModels...); err != nil {
		t.Fatal(err)
	}
	m := db.Migrator()
	steps := []struct {
		name string
		run  func() error
	}{
		{"rename column", func() error { return m.RenameColumn(&Profile{}, "text", "words") }},
		{"rename back", func() error { return m.RenameColumn(&Profile{}, "words", "text") }},
		{"drop column", func() error { return m.DropColumn(&Author{}, "Score") }},
		{"add column", func() error { return m.AddColumn(&Author{}, "Score") }},
		{"alter column", func() error { return m.AlterColumn(&Author{}, "Name") }},
		{"drop index", func() error { return m.DropIndex(&Author{}, "idx_name_email") }},
		{"create index", func() error { return m.CreateIndex(&Author{}, "idx_name_email") }},
		{"rename index", func() error { return m.RenameIndex(&Author{}, "idx_name_email", "idx_other") }},
		{"drop constraint", func() error { return m.DropConstraint(&Article{}, "fk_authors_articles") }},
		{"create constraint", func() error { return m.CreateConstraint(&Author{}, "Articles") }},
		{"rename table", func() error { return m.RenameTable("tags", "labels") }},
		{"drop tables", func() error { return m.DropTable("article_tags", &Article{}, &Profile{}, "labels", &Author{}) }},
	}
	for _, s := range steps {
		if err := s.run(); err != nil {
			t.Errorf("%s: %v", s.name, err)
		}
	}
}

func TestGORMReadsAndWrites(t *testing.T) {
	db, _ := openGORM(t)
	if err := db.AutoMigrate(gormModels...); err != nil {
		t.Fatal(err)
	}
	born := time.Date(1999, 12, 31, 23, 59, 59, 123000000, time.UTC)
	a := Author{Name: "Ann", Email: "ann@x", Settings: `{"k": [1, 2]}`, Born: &born, Day: born, Raw: []byte{0, 255}, Price: "12.30",
		Kind: "b", Address: Address{Street: "Road", Zip: "12345"}, Profile: Profile{Text: "p"},
		Articles: []Article{{Title: "one", Year: 1, Tags: []Tag{{"go"}, {"sql"}}}, {Title: "two", Year: 2, Tags: []Tag{{"sql"}}}}}
	must(t, db.Create(&a).Error)
	if a.ID != 1 || a.Articles[1].ID != 2 || a.Profile.ID != 1 || !a.Articles[0].hooked {
		t.Errorf("ids %d %d %d, hooked %t", a.ID, a.Articles[1].ID, a.Profile.ID, a.Articles[0].hooked)
	}
	var got Author
	must(t, db.Preload("Articles.Tags").Preload("Profile").First(&got, "email = ?", "ann@x").Error)
	if got.Name != "Ann" || !got.Active || got.Age != 18 || got.Big != -5 || got.Unsigned != 7 || got.Price != "12.30" || got.Kind != "b" ||
		!got.Born.Equal(born) || got.Nick.String != "n/a" || got.Address.Zip != "12345" || len(got.Articles) != 2 ||
		len(got.Articles[0].Tags) != 2 || got.Profile.Text != "p" || string(got.Raw) != "\x00\xff" {
		t.Errorf("%+v", got)
	}
	var joined []Article
	must(t, db.Joins("Author").Where("`Author`.`name` = ?", "Ann").Order("articles.id DESC").Limit(1).Offset(1).Find(&joined).Error)
	if len(joined) != 1 || joined[0].Title != "one" || joined[0].Author == nil || joined[0].Author.Email != "ann@x" {
		t.Errorf("%+v", joined)
	}
	if err := db.Create(&Author{Name: "Bob", Email: "ann@x", Settings: "{}", Address: Address{Zip: "1"}}).Error; !isDuplicate(err) {
		t.Errorf("duplicate: %v", err)
	}
	many := make([]Article, 250)
	for i := range many {
		many[i] = Article{AuthorID: a.ID, Title: "bulk", Year: 1000 + i}
	}
	must(t, db.CreateInBatches(many, 100).Error)
	for i := range many {
		if many[i].ID == 0 || i > 0 && many[i].ID <= many[i-1].ID {
			t.Fatalf("id %d of row %d", many[i].ID, i)
		}
	}
	up := db.Clauses(clause.OnConflict{Columns: []clause.Column{{Name: "id"}}, DoUpdates: clause.AssignmentColumns([]string{"title"})})
	must(t, up.Create(&Article{ID: many[0].ID, AuthorID: a.ID, Title: "changed", Year: 1000}).Error)
	must(t, db.Clauses(clause.OnConflict{DoNothing: true}).Create(&Tag{Name: "go"}).Error)
	var count int64
	must(t, db.Model(&Article{}).Where("title = ?", "changed").Count(&count).Error)
	if count != 1 {
		t.Errorf("%d rows were changed", count)
	}
	must(t, db.Model(&Article{}).Where("year > ?", 1200).Updates(map[string]any{"title": gorm.Expr("CONCAT(title, '-', year)")}).Error)
	must(t, db.Model(&a).Association("Articles").Delete(&a.Articles[0]))
	var sums []struct {
		Title string
		N     int
	}
	must(t, db.Model(&Article{}).Select("LEFT(title, 4) AS title, COUNT(*) AS n").Group("LEFT(title, 4)").Having("COUNT(*) > ?", 1).
		Order("n DESC").Scan(&sums).Error)
	if len(sums) != 1 || sums[0].N != 249 {
		t.Errorf("%+v", sums)
	}
	must(t, db.Delete(&a).Error)
	if err := db.First(&Author{}, a.ID).Error; !errors.Is(err, gorm.ErrRecordNotFound) {
		t.Errorf("a deleted author is found: %v", err)
	}
	must(t, db.Unscoped().First(&Author{}, a.ID).Error)
	var raw []map[string]any
	must(t, db.Raw("SELECT id, name FROM authors WHERE id = @id", sql.Named("id", a.ID)).Scan(&raw).Error)
	if len(raw) != 1 || raw[0]["name"] != "Ann" {
		t.Errorf("%v", raw)
	}
	rows, err := db.Model(&Article{}).Where("year BETWEEN ? AND ?", 1000, 1004).Rows()
	must(t, err)
	n := 0
	for rows.Next() {
		var art Article
		must(t, db.ScanRows(rows, &art))
		n++
	}
	must(t, rows.Close())
	if n != 5 {
		t.Errorf("%d rows", n)
	}
	var batches int
	must(t, db.FindInBatches(&many, 100, func(*gorm.DB, int) error { batches++; return nil }).Error)
	if batches != 3 {
		t.Errorf("%d batches", batches)
	}
}

func TestGORMTransactions(t *testing.T) {
	db, _ := openGORM(t)
	must(t, db.AutoMigrate(&Tag{}))
	fail := errors.New("no")
	err := db.Transaction(func(tx *gorm.DB) error {
		must(t, tx.Create(&Tag{Name: "a"}).Error)
		if err := tx.Transaction(func(inner *gorm.DB) error {
			must(t, inner.Create(&Tag{Name: "b"}).Error)
			return fail
		}); !errors.Is(err, fail) {
			t.Errorf("inner: %v", err)
		}
		must(t, tx.SavePoint("s").Error)
		must(t, tx.Create(&Tag{Name: "c"}).Error)
		must(t, tx.RollbackTo("s").Error)
		var locked Tag
		must(t, tx.Clauses(clause.Locking{Strength: "UPDATE"}).First(&locked, "name = ?", "a").Error)
		return nil
	})
	must(t, err)
	var names []string
	must(t, db.Model(&Tag{}).Order("name").Pluck("name", &names).Error)
	if len(names) != 1 || names[0] != "a" {
		t.Errorf("%v", names)
	}
}

// TestGORMOpensByName opens as an application does: by the name of the driver and a DSN.
func TestGORMOpensByName(t *testing.T) {
	db, err := gorm.Open(mysql.New(mysql.Config{DriverName: "s3sql", DSN: "mem://"}), &gorm.Config{Logger: logger.Discard})
	must(t, err)
	must(t, db.AutoMigrate(&Tag{}))
	must(t, db.WithContext(context.Background()).Create(&Tag{Name: "x"}).Error)
	pool, err := db.DB()
	must(t, err)
	must(t, pool.Close())
}

// isDuplicate looks for the error type of the MySQL driver that GORM's is linked with, as applications do.
func isDuplicate(err error) bool {
	var e *mysqldriver.MySQLError
	return errors.As(err, &e) && e.Number == 1062
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
